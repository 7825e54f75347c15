/**
 * A service that others hear from, as one plugin sees it: everything is the service's own, except that its
 * observables are that plugin's, so that its subscribers are its own business.
 */
import { isObservable, type Observable } from 'rxjs'

type Shield = (name: string, source: Observable<unknown>) => Observable<unknown>

/** The service itself when it holds no observable. Its class may keep `#private` parts: methods run on the service. */
export const faceOfService = (service: unknown, shield: Shield): unknown => {
  if (typeof service !== 'object' || service === null) return service
  const described = Object.entries(descriptorsOf(service))
  let hears = false
  const properties = described.map(([name, { value }]): [string, PropertyDescriptor] => {
    const read = (): unknown => (service as Readonly<Record<string, unknown>>)[name]
    const heard = value ?? (name.endsWith('$') ? read() : undefined)
    if (isObservable(heard)) {
      hears = true
      return [name, { configurable: true, enumerable: true, value: shield(name, heard) }]
    }
    if (typeof value === 'function')
      return [name, { configurable: true, enumerable: true, value: value.bind(service) }]
    return [name, { configurable: true, enumerable: true, get: read }]
  })
  return hears ? Object.defineProperties({}, Object.fromEntries(properties)) : service
}

/** Its own and those of its class. */
const descriptorsOf = (service: object | null): Record<string, PropertyDescriptor> => {
  if (service === null || service === Object.prototype) return {}
  return { ...descriptorsOf(Object.getPrototypeOf(service)), ...Object.getOwnPropertyDescriptors(service) }
}
