/**
 * The three ways to ask a router for a port, over whatever carries questions to it. A router answers all of them,
 * some or none; none of them throws.
 */
import { ok, type Result, refuse } from '../../events/result.ts'
import { LIFETIME_S, type MappingWay } from './mapper.ts'
import { natPmpAddressRequest, natPmpMapRequest, readNatPmpAddress, readNatPmpMapping } from './nat-pmp.ts'
import { type Grant, type PcpAsk, pcpRequest, readPcpAnswer } from './pcp.ts'
import {
  addOrder,
  addressOrder,
  type Control,
  deleteOrder,
  faultOf,
  readAddressAnswer,
  readDescription,
} from './upnp.ts'

/** How a router is talked to. Nothing here rejects. */
export interface RouterLine {
  /** The own address towards the router. */
  readonly client: string
  /**
   * Sends a datagram to the port mapping service of the router, again while nothing comes. `read` refuses with
   * `not-an-answer` what is none; anything else ends the question.
   */
  question<T>(
    bytes: Uint8Array,
    read: (answer: Uint8Array) => Result<T, string>,
    signal: AbortSignal,
  ): Promise<Result<T, string>>
  /** Sends a datagram to it and waits for nothing. */
  tell(bytes: Uint8Array): Promise<void>
  /** Descriptions of the gateways that answered a search. */
  search(signal: AbortSignal): Promise<readonly string[]>
  /** The body of a page, whatever its status; undefined when there is none, or it is too long. */
  page(url: string, signal: AbortSignal): Promise<string | undefined>
  order(control: Control, action: string, body: string, signal?: AbortSignal): Promise<string | undefined>
}

export const pcpWay = (line: RouterLine, nonce: Uint8Array): MappingWay => {
  const askFor = (port: number, lifetimeS: number, before: Grant | undefined): PcpAsk => ({
    ...{ nonce, port, lifetimeS, client: line.client, wished: before?.endpoint },
  })
  return {
    kind: 'pcp',
    ask: (port, before, signal) => {
      const ask = askFor(port, LIFETIME_S, before)
      return line.question(pcpRequest(ask), answer => readPcpAnswer(answer, ask), signal)
    },
    giveBack: (port, granted) => line.tell(pcpRequest(askFor(port, 0, granted))),
  }
}

export const natPmpWay = (line: RouterLine): MappingWay => ({
  kind: 'nat-pmp',
  ask: async (port, before, signal) => {
    const address = await line.question(natPmpAddressRequest(), readNatPmpAddress, signal)
    if (!address.ok) return address
    const request = natPmpMapRequest(port, before?.endpoint.port ?? port, LIFETIME_S)
    return line.question(request, answer => readNatPmpMapping(answer, port, address.value), signal)
  },
  giveBack: port => line.tell(natPmpMapRequest(port, 0, 0)),
})

const GATEWAYS_MAX = 4
const ANOTHER_HAS_THE_PORT = 718
const LEASES_DO_NOT_END = 725
const OTHER_PORTS = 3

/** Adds the mapping; the port outside, or undefined. */
const addMapping = async (
  line: RouterLine,
  control: Control,
  port: number,
  wished: readonly number[],
  signal: AbortSignal,
): Promise<number | undefined> => {
  let lifetimeS = LIFETIME_S
  const left = [...wished]
  while (left[0] !== undefined) {
    const mapping = { client: line.client, port, outerPort: left[0], lifetimeS }
    const answer = await line.order(control, 'AddPortMapping', addOrder(control.service, mapping), signal)
    if (answer === undefined) return undefined
    if (answer.includes('AddPortMappingResponse')) return left[0]
    const fault = faultOf(answer)
    if (fault === LEASES_DO_NOT_END && lifetimeS > 0) lifetimeS = 0
    else if (fault === ANOTHER_HAS_THE_PORT) left.shift()
    else return undefined
  }
  return undefined
}

/** `otherPort`: any port above 1023, for when somebody else has the wished one. */
export const upnpWay = (line: RouterLine, otherPort: () => number): MappingWay => {
  let control: Control | undefined
  const find = async (signal: AbortSignal): Promise<Control | undefined> => {
    for (const location of (await line.search(signal)).slice(0, GATEWAYS_MAX)) {
      const found = readDescription((await line.page(location, signal)) ?? '', location)
      if (found.ok) return found.value
    }
    return undefined
  }
  return {
    kind: 'upnp',
    ask: async (port, before, signal) => {
      control = before === undefined ? await find(signal) : (control ?? (await find(signal)))
      if (control === undefined) return refuse('nobody answered')
      const others = Array.from({ length: OTHER_PORTS }, otherPort)
      const outerPort = await addMapping(
        line,
        control,
        port,
        [before?.endpoint.port ?? port, ...others],
        signal,
      )
      if (outerPort === undefined) return refuse('it refused')
      const { service } = control
      const told = await line.order(control, 'GetExternalIPAddress', addressOrder(service), signal)
      const grant = readAddressAnswer(told ?? '', outerPort, LIFETIME_S)
      if (!grant.ok) await line.order(control, 'DeletePortMapping', deleteOrder(service, outerPort))
      return grant.ok ? ok(grant.value) : grant
    },
    giveBack: async (_port, { endpoint }) => {
      if (control === undefined) return
      await line.order(control, 'DeletePortMapping', deleteOrder(control.service, endpoint.port))
    },
  }
}
