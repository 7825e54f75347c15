/**
 * The way in that the own router was asked for. Only a host behind a NAT asks, and only for the socket that others
 * are told of; what the router says is believed as far as an address of the Internet can be meant.
 */
import type { Network, PortMapping, PortMappingState, UdpEndpoint } from '../../../kernel/api/index.ts'
import { isPublicAddress } from './plausible.ts'

/** Whether a router maps a port to this node: `off` where nobody asks one. */
export interface WayIn {
  readonly state: 'off' | 'seeking' | 'mapped' | 'failed'
  readonly kind?: PortMapping['kind'] | undefined
  readonly endpoint?: UdpEndpoint | undefined
  /** Why there is none, for a person. */
  readonly reason?: string | undefined
}

export interface RouterMappingParts {
  readonly network: Pick<Network, 'localAddresses' | 'mapPort'>
  readonly isWanted: boolean
  /** Where the sockets are bound. */
  readonly locals: () => readonly UdpEndpoint[]
  /** All that is mapped to this node now. */
  readonly onMapped: (endpoints: readonly UdpEndpoint[]) => void
}

const isIpv4 = (address: string): boolean => !address.includes(':')

export class RouterMapping {
  readonly #parts: RouterMappingParts
  #wayIn: WayIn = { state: 'off' }
  /** Counts what makes an earlier start late. */
  #turn = 0
  #giveBack: () => Promise<void> = async () => {}
  /** All that was to be given back until now. */
  #given: Promise<void> = Promise.resolve()

  constructor(parts: RouterMappingParts) {
    this.#parts = parts
  }

  get wayIn(): WayIn {
    return this.#wayIn
  }

  start(): void {
    const { network, locals } = this.#parts
    const against = network.mapPort === undefined ? undefined : this.#reasonAgainst()
    const local = locals().find(({ address }) => isIpv4(address))
    if (against !== undefined || local === undefined || network.mapPort === undefined) {
      this.#wayIn = { state: 'off', reason: against }
      return
    }
    this.#wayIn = { state: 'seeking' }
    this.#giveBack = network.mapPort(local.port, state => this.#heard(state))
  }

  /** This host has moved: the router may be another, and the mapping leads to nobody. First the old one is told. */
  async moved(): Promise<void> {
    const giving = this.stop()
    const turn = this.#turn
    await giving
    if (turn === this.#turn) this.start()
  }

  /** Resolves when the router was told. */
  async stop(): Promise<void> {
    this.#turn += 1
    const giveBack = this.#giveBack
    this.#giveBack = async () => {}
    const wasMapped = this.#wayIn.endpoint !== undefined
    this.#wayIn = { state: 'off' }
    if (wasMapped) this.#parts.onMapped([])
    const before = this.#given
    this.#given = Promise.all([before, giveBack()]).then(() => undefined)
    await this.#given
  }

  #reasonAgainst(): string | undefined {
    const { network, isWanted, locals } = this.#parts
    const [own] = locals().flatMap(({ address }) => (isIpv4(address) ? [address] : []))
    const hosts = network.localAddresses().filter(isIpv4)
    const reachable = own === '0.0.0.0' ? hosts : hosts.filter(host => host === own)
    if (!isWanted) return 'it is switched off'
    if (reachable.length === 0) return 'no address of IPv4 that a router could send to'
    return reachable.some(isPublicAddress) ? 'this host has an address of the Internet itself' : undefined
  }

  #heard(state: PortMappingState): void {
    const before = this.#wayIn.endpoint
    this.#wayIn = judged(state)
    const { endpoint } = this.#wayIn
    if (endpoint?.address !== before?.address || endpoint?.port !== before?.port)
      this.#parts.onMapped(endpoint === undefined ? [] : [endpoint])
  }
}

const judged = (state: PortMappingState): WayIn => {
  if (!('endpoint' in state)) return { state: 'failed', reason: state.reason }
  const { address } = state.endpoint
  if (isPublicAddress(address)) return { state: 'mapped', ...state }
  return { state: 'failed', reason: `the router has the address ${address}: another NAT is in front of it` }
}
