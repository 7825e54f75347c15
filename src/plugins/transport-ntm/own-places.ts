/**
 * Where others reach this process: what its operator says, else the addresses that its sockets have. Names are
 * looked up again from time to time, and a host's addresses come and go.
 */
import type { Clock, Network, UdpEndpoint } from '../../kernel/api/index.ts'
import { normalEndpoint } from '../../wire/endpoint.ts'
import { RELAY_ENDPOINTS_MAX } from '../../wire/relay-ticket.ts'
import { isPublicAddress, widestFirst } from './path/plausible.ts'
import { sameEndpoint } from './tunnel/endpoint.ts'

/** A host, by address or by name, and a port. */
export interface Advertised {
  readonly host: string
  readonly port: number
}

export interface OwnPlacesParts {
  readonly clock: Clock
  readonly network: Pick<Network, 'addresses' | 'localAddresses'>
  readonly advertise: readonly Advertised[]
  /** Where the sockets are bound. */
  readonly locals: () => readonly UdpEndpoint[]
  readonly onChanged: (endpoints: readonly UdpEndpoint[]) => void
}

const REFRESH_MS = 60_000
const UNSPECIFIED = ['0.0.0.0', '::']

type Sockets = Pick<OwnPlacesParts, 'locals'> & { readonly network: Pick<Network, 'localAddresses'> }

/** The host's own addresses of a family stand for all of them. */
const hostsOf = ({ locals, network }: Sockets): readonly UdpEndpoint[] =>
  locals().flatMap(({ address: local, port }) => {
    if (!UNSPECIFIED.includes(local)) return [{ address: local, port }]
    const own = network.localAddresses().filter(address => address.includes(':') === local.includes(':'))
    // What a host has for its containers and tunnels leads everybody else to strangers.
    const isNamed = own.some(isPublicAddress) ? isPublicAddress : () => true
    return own.filter(isNamed).map(address => ({ address, port }))
  })

/** The one place to name to others; `isChosen`: neither said nor listened on, but one of the addresses of this host. */
export const placeToName = (
  parts: Sockets & Pick<OwnPlacesParts, 'advertise'>,
): Advertised & { readonly isChosen: boolean } => {
  const [said] = parts.advertise
  if (said !== undefined) return { ...said, isChosen: false }
  const { address, port } = parts.locals()[0]!
  if (!UNSPECIFIED.includes(address)) return { host: address, port, isChosen: false }
  const loopback = { address: address === '::' ? '::1' : '127.0.0.1', port }
  const [widest] = widestFirst([...hostsOf(parts), loopback])
  return { host: widest!.address, port: widest!.port, isChosen: true }
}

export class OwnPlaces {
  readonly #parts: OwnPlacesParts
  #endpoints: readonly UdpEndpoint[] = []
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(parts: OwnPlacesParts) {
    this.#parts = parts
  }

  /** At most 4; the same array until something changes. */
  get endpoints(): readonly UdpEndpoint[] {
    return this.#endpoints
  }

  async start(): Promise<void> {
    await this.#refresh()
    if (this.#isStopped) return
    this.#cancel = this.#parts.clock.after(REFRESH_MS, () => void this.start())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  async #refresh(): Promise<void> {
    const { advertise, onChanged } = this.#parts
    const found = advertise.length === 0 ? hostsOf(this.#parts) : await this.#named()
    const fresh = found
      .flatMap(endpoint => normalEndpoint(endpoint) ?? [])
      .filter((endpoint, at, all) => all.findIndex(other => sameEndpoint(other, endpoint)) === at)
      .slice(0, RELAY_ENDPOINTS_MAX)
    const isSame =
      fresh.length === this.#endpoints.length &&
      fresh.every((each, at) => sameEndpoint(each, this.#endpoints[at]!))
    // For want of a name server nothing has moved.
    if (isSame || this.#isStopped || (fresh.length === 0 && advertise.length > 0)) return
    this.#endpoints = fresh
    onChanged(fresh)
  }

  async #named(): Promise<readonly UdpEndpoint[]> {
    const { advertise, network } = this.#parts
    const found = advertise.map(async ({ host, port }) =>
      (await network.addresses(host)).map(address => ({ address, port })),
    )
    return (await Promise.all(found)).flat()
  }
}
