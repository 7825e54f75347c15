/**
 * Where others reach this process: what its operator says, else the addresses that its sockets have. Names are
 * looked up again from time to time, and a host's addresses come and go.
 */
import type { Clock, Network, UdpEndpoint } from '../../kernel/api/index.ts'
import { normalEndpoint } from '../../wire/endpoint.ts'
import { RELAY_ENDPOINTS_MAX } from '../../wire/relay-ticket.ts'
import { isPublicAddress } from './path/plausible.ts'
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
    const { advertise, locals, onChanged } = this.#parts
    const found =
      advertise.length === 0 ? locals().flatMap(local => this.#hostsOf(local)) : await this.#named()
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

  #hostsOf(local: UdpEndpoint): readonly UdpEndpoint[] {
    if (!UNSPECIFIED.includes(local.address)) return [local]
    const isIpv6 = local.address.includes(':')
    const own = this.#parts.network.localAddresses().filter(address => address.includes(':') === isIpv6)
    // What a host has for its containers and tunnels leads everybody else to strangers.
    const isPublic = own.some(isPublicAddress) ? isPublicAddress : () => true
    return own.filter(isPublic).map(address => ({ address, port: local.port }))
  }
}
