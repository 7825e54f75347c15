/**
 * All that looks after the ways to others, put together over one carrier: what this node knows of its own places, the
 * control port, the paths to each peer, and the relays, if the house has any.
 */

import type { TunnelKey } from '../../events/ids.ts'
import type {
  Clock,
  Keys,
  Network,
  Outlet,
  PeerCard,
  Random,
  RelayClient,
  RelayMeasurement,
  RelayPlace,
  Relays,
  UdpEndpoint,
} from '../../kernel/api/index.ts'
import type { Carrier } from './carrier.ts'
import { Detours } from './detour/detours.ts'
import { UDP_PATIENCE_MS } from './detour/limits.ts'
import type { Neighbour } from './neighbour.ts'
import { Acquaintance } from './path/acquaintance.ts'
import { Lan } from './path/lan.ts'
import { OwnCandidates, type Viewer } from './path/own-candidates.ts'
import { Pathfinder } from './path/pathfinder.ts'
import { RouterMapping, type WayIn } from './path/router-mapping.ts'
import { endpointText } from './tunnel/endpoint.ts'

export interface WaysParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly keys: Pick<Keys, 'agree'>
  readonly carrier: () => Carrier
  readonly relays: Relays | undefined
  readonly mayPunch: boolean
  /** Peers may not learn where this node is: nothing is sent to them but through relays. */
  readonly relayOnly: boolean
  /** Whether the router may be asked for a way in. */
  readonly portMapping: boolean
  /** Whether this node shows itself on the own link, and looks there for others. */
  readonly lan: boolean
  /** Devices that may be looked for on the own link. */
  readonly contacts: () => readonly PeerCard[]
  /** A device may be at this place on the own link. */
  readonly onNearby: (card: PeerCard, place: UdpEndpoint) => void
  /** How far the relays are. */
  readonly onMeasured: (measured: readonly RelayMeasurement[]) => void
  readonly recordUsedFor: (neighbour: Neighbour) => Uint8Array | undefined
  readonly onRecord: (neighbour: Neighbour, hash: Uint8Array) => void
  readonly onRoundTrip: (neighbour: Neighbour, rttMs: number) => void
  readonly onPath: (neighbour: Neighbour, hasTurned: boolean) => void
  readonly seek: (neighbour: Neighbour) => void
  /** This host's addresses have changed, or it has slept. */
  readonly onMoved: () => void
  /** Coordinators should be asked where they see this node. */
  readonly onLookAgain: () => void
  readonly story: (neighbour: Neighbour, what: string) => void
  /** Whether servers may be spoken to through TCP where UDP does not get through. */
  readonly mayDetour: boolean
  /** The coordinator that is spoken to at this place. */
  readonly serverAt: (endpoint: UdpEndpoint) => Neighbour | undefined
  /** Datagrams to a server take another way now. */
  readonly onRerouted: (endpoint: UdpEndpoint) => void
  /** UDP does not get through, or does again; first noticed at this server. */
  readonly onBlocked: (isBlocked: boolean, endpoint: UdpEndpoint) => void
  /** Coordinators should be asked whether they are still reached. */
  readonly onDoubt: () => void
}

const QUESTIONS_MAX = 64

export class Ways {
  readonly relays: RelayClient | undefined
  readonly detours: Detours | undefined
  /** What servers were asked by UDP although there is a detour, oldest first. */
  readonly #questions = new Map<string, UdpEndpoint>()
  readonly #parts: WaysParts
  #started:
    | { readonly own: OwnCandidates; readonly control: Acquaintance; readonly finder: Pathfinder }
    | undefined
  readonly #router: RouterMapping
  readonly #lan: Lan
  /** By the coordinator that named them. */
  readonly #places = new Map<TunnelKey, readonly RelayPlace[]>()
  #unwatch = (): void => {}

  /** The relays' client is made before the carrier, which hands it what comes in. */
  constructor(parts: WaysParts) {
    this.#parts = parts
    this.detours = this.#makeDetours()
    const outlet: Outlet = {
      send: (bytes, to) => {
        this.detours?.foresee(to)
        parts.carrier().transmit(bytes, to)
      },
    }
    this.relays = parts.relays?.client(outlet)
    const { clock, random, keys, network, relayOnly } = parts
    const locals = (): readonly UdpEndpoint[] => parts.carrier().locals
    this.#router = new RouterMapping({
      ...{ network, locals, isWanted: parts.portMapping && !relayOnly },
      onMapped: endpoints => this.#mapped(endpoints),
    })
    this.#lan = new Lan({
      ...{ clock, random, keys, network, locals, isWanted: parts.lan && !relayOnly },
      ...{ contacts: parts.contacts, call: parts.onNearby },
      isMet: card => this.#isMet(card),
      count: why => parts.carrier().count(why),
    })
  }

  /** Where a device was heard on the own link. */
  nearby(card: PeerCard): readonly UdpEndpoint[] {
    return this.#lan.placesOf(card.device)
  }

  /** The paths to peers. */
  get finder(): Pathfinder {
    return this.#wired.finder
  }

  get own(): OwnCandidates {
    return this.#wired.own
  }

  /** What the router said to being asked for a way in. */
  get portMapping(): WayIn {
    return this.#router.wayIn
  }

  start(): void {
    const { network, onMoved } = this.#parts
    this.#unwatch = network.watch(change => {
      this.detours?.moved()
      this.own.forgetViews()
      this.finder.moved(change)
      this.#lan.moved()
      this.#router.moved()
      onMoved()
    })
    this.#router.start()
    this.#lan.start()
    const { relays } = this
    relays?.measured$.subscribe(({ endpoint, observed }) => {
      if (observed === undefined) {
        this.unseen('relay', [endpoint])
        this.detours?.seek(endpoint)
      } else this.seen('relay', endpoint, observed)
      this.#parts.onMeasured(relays.measurements())
    })
  }

  /** Whether a datagram was a relay's. */
  takeFrame(bytes: Uint8Array, from: UdpEndpoint): boolean {
    if (this.relays?.claims(bytes) !== true) return false
    this.relays.receive(bytes, from)
    return true
  }

  /** A server told where it sees this node. What it sees at the end of a detour is nothing that others could reach. */
  seen(by: Viewer, server: UdpEndpoint, observed: UdpEndpoint): void {
    this.detours?.heardFrom(server)
    if (this.detours?.to(server) === undefined) this.#see(by, server, observed)
  }

  /** A server at these places does not answer any more. */
  unseen(by: Viewer, places: readonly UdpEndpoint[]): void {
    for (const place of places) this.own.unseen(by, endpointText(place))
  }

  #see(by: Viewer, server: UdpEndpoint, observed: UdpEndpoint): void {
    if (this.own.seen(by, endpointText(server), observed)) this.finder.reannounce()
  }

  /** A coordinator named its relays, all of them. */
  follow(coordinator: TunnelKey, places: readonly RelayPlace[]): void {
    if (places.length === 0) this.#places.delete(coordinator)
    else this.#places.set(coordinator, places)
    this.relays?.follow([...this.#places.values()].flat())
  }

  /** `from`: where the handshake came from last. */
  established(neighbour: Neighbour, from: UdpEndpoint): void {
    this.finder.established(neighbour, from)
    this.#wired.control.greet(neighbour)
  }

  /** An authentic packet came from where we do not send to. */
  newSource(neighbour: Neighbour, from: UdpEndpoint, bytes: number): void {
    if (this.finder.has(neighbour)) this.finder.heardFrom(neighbour, from, bytes)
    else this.#wired.control.prove(neighbour, from)
  }

  /** Resolves when the router was told, and all sockets of paths are closed. */
  async stop(): Promise<void> {
    this.#unwatch()
    this.detours?.close()
    this.#lan.stop()
    const closing = this.finder.close()
    this.relays?.close()
    await Promise.all([closing, this.#router.stop()])
  }

  #mapped(endpoints: readonly UdpEndpoint[]): void {
    this.own.map(endpoints)
    if (endpoints.length > 0) this.finder.reannounce()
  }

  #isMet({ tunnelKey }: PeerCard): boolean {
    const neighbour = this.#parts.carrier().neighbour(tunnelKey)
    const view = neighbour && this.finder.viewOf(neighbour)
    return view?.isDirect === true && !view.isSuspect
  }

  get #wired() {
    return (this.#started ??= this.#wire())
  }

  #wire() {
    const {
      clock,
      random,
      network,
      mayPunch,
      relayOnly,
      onPath,
      seek,
      onLookAgain,
      story,
      recordUsedFor,
      onRecord,
      onRoundTrip,
    } = this.#parts
    const carrier = this.#parts.carrier()
    const own = new OwnCandidates(carrier, network)
    const control: Acquaintance = new Acquaintance({
      ...{ clock, random, carrier, recordUsedFor, onRecord, onRoundTrip },
      onAnswer: (neighbour, token, from) => {
        if (!this.#isAnswer(token)) finder.answered(neighbour, token, from)
      },
      onPathWord: (neighbour, word) => finder.told(neighbour, word),
      onDropped: why => carrier.count(why),
    })
    const finder = new Pathfinder({
      ...{ clock, random, network, carrier, own, relays: this.relays, mayPunch, relayOnly },
      ...{ acquaintance: control, onPath, seek, onLookAgain, story },
      onRelaySilent: endpoint => this.detours?.seek(endpoint),
      isOverTcp: endpoint => this.detours?.to(endpoint) !== undefined,
    })
    return { own, control, finder }
  }

  #makeDetours(): Detours | undefined {
    const { clock, network, carrier, mayDetour, onBlocked, onDoubt } = this.#parts
    if (!mayDetour || network.dial === undefined) return undefined
    return new Detours({
      ...{ clock, dial: network.dial.bind(network), onBlocked, onDoubt },
      receive: (bytes, from) => carrier().take(bytes, from),
      askByUdp: endpoint => this.#askByUdp(endpoint),
      onRerouted: (endpoint, by) => this.#rerouted(endpoint, by),
    })
  }

  #rerouted(endpoint: UdpEndpoint, by: 'tcp' | 'udp'): void {
    this.relays?.lookAgain()
    this.finder.rerouted(endpoint)
    if (by === 'udp') this.finder.searchAgain()
    this.#parts.onRerouted(endpoint)
  }

  /** A relay by a probe, a coordinator by a challenge inside its tunnel; what is not there does not answer. */
  #askByUdp(endpoint: UdpEndpoint): void {
    const { byUdp } = this.#parts.carrier()
    this.relays?.observe(endpoint, byUdp, UDP_PATIENCE_MS).then(observed => {
      if (observed === undefined) return
      this.#see('relay', endpoint, observed)
      this.detours?.answered(endpoint)
    })
    const server = this.#parts.serverAt(endpoint)
    if (server === undefined) return
    const { address, port } = endpoint
    const token = this.#wired.control.ping(server, { address, port, via: byUdp })
    if (token === undefined) return
    this.#questions.set(token.toString('hex'), endpoint)
    const [oldest] = this.#questions.keys()
    if (this.#questions.size > QUESTIONS_MAX) this.#questions.delete(oldest!)
  }

  #isAnswer(token: Uint8Array): boolean {
    if (this.#questions.size === 0) return false
    const key = Buffer.from(token).toString('hex')
    const endpoint = this.#questions.get(key)
    this.#questions.delete(key)
    if (endpoint !== undefined) this.detours?.answered(endpoint)
    return endpoint !== undefined
  }
}
