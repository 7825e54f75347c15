/**
 * An abort signal as it is given to a plugin. What a listener throws ends the process in Node, on a tick of its
 * own where nobody can catch it; so every listener is wrapped before it is registered.
 */
import { setMaxListeners } from 'node:events'

type Call = (event: Event) => void
type Listener = Call | { handleEvent(event: Event): unknown }
/** Runs a piece of the plugin; never throws. */
type Shield = (what: string, run: () => unknown) => void

const WHAT = `a listener of 'abort'`

/** Arms the signal in place. Any number of listeners may wait on it. */
export function shieldSignal(signal: AbortSignal, shield: Shield): AbortSignal {
  const wrapped = new WeakMap<Listener, Call>()
  const wrap = (listener: Listener): Call => {
    const known = wrapped.get(listener)
    if (known !== undefined) return known
    const call = (event: Event): void =>
      shield(WHAT, () =>
        typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event),
      )
    wrapped.set(listener, call)
    return call
  }
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  let onAbort: AbortSignal['onabort'] = null
  Object.defineProperties(signal, {
    addEventListener: {
      value: (type: string, listener: Listener | null, options?: Parameters<typeof add>[2]) => {
        if (listener !== null) add(type, wrap(listener), options)
      },
    },
    removeEventListener: {
      value: (type: string, listener: Listener | null, options?: Parameters<typeof remove>[2]) => {
        if (listener !== null) remove(type, wrapped.get(listener) ?? listener, options)
      },
    },
    onabort: {
      get: () => onAbort,
      set: (listener: AbortSignal['onabort']) => {
        onAbort = listener
      },
    },
  })
  add('abort', event => shield(WHAT, () => onAbort?.call(signal, event)))
  setMaxListeners(0, signal)
  return signal
}
