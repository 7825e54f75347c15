/**
 * The way in that the own router was asked for. Only a host behind a NAT asks, and only for the socket that others
 * are told of; what the router says is believed as far as an address of the Internet can be meant.
 */
import type { Network, PortMappingState, UdpEndpoint } from '../../../kernel/api/index.ts'
import { isPublic } from './plausible.ts'

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
  #state: PortMappingState = { reason: 'not asked yet' }
  /** Counts what makes an earlier start late. */
  #turn = 0
  #giveBack: () => Promise<void> = async () => {}
  /** All that was to be given back until now. */
  #given: Promise<void> = Promise.resolve()

  constructor(parts: RouterMappingParts) {
    this.#parts = parts
  }

  get state(): PortMappingState {
    return this.#state
  }

  start(): void {
    const { network, locals } = this.#parts
    const against = this.#reasonAgainst()
    const local = locals().find(({ address }) => isIpv4(address))
    if (against !== undefined || local === undefined || network.mapPort === undefined) {
      this.#state = { reason: against ?? 'this host asks nobody' }
      return
    }
    this.#state = { reason: 'the router is being asked' }
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
    if ('endpoint' in this.#state) this.#parts.onMapped([])
    this.#state = { reason: 'not asked' }
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
    return reachable.some(isPublic) ? 'this host has an address of the Internet itself' : undefined
  }

  #heard(state: PortMappingState): void {
    const isUseful = !('endpoint' in state) || isPublic(state.endpoint.address)
    const before = this.#state
    this.#state = isUseful
      ? state
      : { reason: `the router has the address ${state.endpoint.address}: another NAT is in front of it` }
    const now = 'endpoint' in this.#state ? this.#state.endpoint : undefined
    const was = 'endpoint' in before ? before.endpoint : undefined
    if (now?.address !== was?.address || now?.port !== was?.port)
      this.#parts.onMapped(now === undefined ? [] : [now])
  }
}
