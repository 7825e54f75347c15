/**
 * Looks after the paths to all peers: keeps one machine a peer, performs what the machines ask for over carrier and
 * relays, and wakes them. The machines know neither sockets nor each other; what is limited over all of them is
 * limited here.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type {
  Clock,
  Network,
  NetworkChange,
  Random,
  RelayChannel,
  RelayClient,
  UdpEndpoint,
} from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { Neighbour } from '../neighbour.ts'
import type { Acquaintance, PathWord } from './acquaintance.ts'
import { announce } from './announcing.ts'
import type { Entry, PathView, Places } from './entry.ts'
import { KeptOpen, latestFirst } from './kept-open.ts'
import {
  ATTESTED_MAX,
  CALLED_AFTER_MOVE_MAX,
  LOOK_AGAIN_PAUSE_MS,
  OPENER_HOPS,
  SECOND_SPEAKER_WAITS_MS,
  SESSION_TRUSTED_MS,
  WAKE_MIN_MS,
} from './limits.ts'
import { messageRoom } from './mtu.ts'
import type { OwnCandidates } from './own-candidates.ts'
import { PeerPaths } from './peer-paths.ts'
import { isOnOwnLink, isPlausible, isPlausibleStill } from './plausible.ts'
import { ProbeBudget } from './probe-budget.ts'
import { Puncher } from './puncher.ts'
import { reasonOf } from './reason.ts'
import { RelayWays } from './relay-ways.ts'

export interface PathfinderParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'localAddresses'>
  readonly carrier: Carrier
  readonly own: OwnCandidates
  readonly relays: RelayClient | undefined
  readonly acquaintance: Acquaintance
  /** Whether many packets may be sent to find a way where ordinary probes fail. */
  readonly mayPunch: boolean
  /** Peers may not learn where this node is: only relays lead to them. */
  readonly relayOnly: boolean
  /**
   * The path to a peer is another one, or another round trip was measured; `hasTurned`: after a silence, so that what was
   * under way may be lost.
   */
  readonly onPath: (neighbour: Neighbour, hasTurned: boolean) => void
  /** Nothing leads to a peer any more: asks a coordinator for the way. */
  readonly seek: (neighbour: Neighbour) => void
  /** A relay that is used does not answer any more. */
  readonly onRelaySilent: (endpoint: UdpEndpoint) => void
  /** What goes to this server goes through TCP. */
  readonly isOverTcp: (endpoint: UdpEndpoint) => boolean
  /** Coordinators should be asked where they see this node. */
  readonly onLookAgain: () => void
  readonly story: (neighbour: Neighbour, what: string) => void
}

const NOT_PLANNED = Number.POSITIVE_INFINITY

export class Pathfinder {
  readonly #parts: PathfinderParts
  readonly #entries = new Map<TunnelKey, Entry>()
  readonly #budget = new ProbeBudget()
  #lookedMs = Number.NEGATIVE_INFINITY
  readonly #puncher: Puncher | undefined
  readonly #keptOpen: KeptOpen
  readonly #relayWays: RelayWays

  constructor(parts: PathfinderParts) {
    this.#parts = parts
    this.#keptOpen = new KeptOpen({
      ...{ clock: parts.clock, entries: () => this.#entries.values() },
      keep: (entry, isKept) => this.#do(entry, now => entry.paths.keepOpen(isKept, now)),
      call: entry => {
        this.#do(entry, now => entry.paths.begin(now))
        this.#call(entry)
      },
    })
    this.#puncher = parts.mayPunch && !parts.relayOnly ? new Puncher(parts) : undefined
    this.#relayWays = new RelayWays({
      ...parts,
      receive: (packet, from) => parts.carrier.receive(packet, from),
      seek: entry => this.#do(entry, now => entry.paths.seek(now)),
      forget: (entry, endpoint) => this.#do(entry, now => entry.paths.forget(endpoint, now)),
      story: ({ neighbour }, what) => parts.story(neighbour, what),
    })
  }

  /**
   * Begins to open a tunnel. Of two whom a coordinator directs to each other the one that asked speaks first; the
   * other opens its NAT and waits a moment before it tries by itself.
   */
  open(neighbour: Neighbour, places: Places, speaksFirst: boolean): void {
    const entry = this.#entryOf(neighbour)
    const { attested, grant, endpoints = [], remembered = [], nearby = [] } = places
    // Places that this node knows by itself are no direction.
    if (attested !== undefined || grant !== undefined || endpoints.length > 0) entry.hasMoved = false
    const others = entry.attested.filter(seen => seen !== attested?.address)
    if (attested !== undefined) entry.attested = [attested.address, ...others].slice(0, ATTESTED_MAX)
    const nowMs = this.#parts.clock.monotonicMs()
    if (attested !== undefined) entry.paths.replace(this.#plausible([attested], entry), 'attested', nowMs)
    if (endpoints.length > 0) entry.paths.replace(this.#plausible(endpoints, entry), 'announced', nowMs)
    entry.paths.learn(this.plausibleStill(remembered, entry), 'remembered')
    if (!this.#parts.relayOnly) entry.paths.learn(nearby, 'nearby')
    if (grant !== undefined) this.#relayWays.open(entry, grant)
    this.#do(entry, now => entry.paths.begin(now))
    // Who is heard has a session: what was learnt is for its paths.
    const call = (): unknown => this.#isUnheard(entry) && this.#call(entry)
    if (speaksFirst) call()
    else
      entry.cancelWaitingCall ??= this.#parts.clock.after(SECOND_SPEAKER_WAITS_MS, () => {
        entry.cancelWaitingCall = undefined
        call()
      })
  }

  /** Whether one more packet may go now to a place that has shown nothing: a challenge, an opener, a first message. */
  mayProbe({ address }: UdpEndpoint): boolean {
    return this.#budget.take(address, this.#parts.clock.monotonicMs())
  }

  /** `from`: where the handshake came from last; not always where packets go. */
  established(neighbour: Neighbour, from = neighbour.peer.endpoint): void {
    const { endpoint } = neighbour.peer
    const entry = this.#entryOf(neighbour)
    if (endpoint !== undefined) this.#do(entry, now => entry.paths.established(endpoint, now, from))
    this.#keptOpen.met(entry)
  }

  /** Whether there is no coordinator that could bring this node and its peers together again. */
  alone(isAlone: boolean): void {
    this.#keptOpen.alone(isAlone)
  }

  /** No session any more. */
  ended(neighbour: Neighbour): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return
    entry.paths.ended()
    this.#noteMtu(entry)
    this.#keptOpen.lost(entry)
  }

  forget(neighbour: Neighbour): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry?.neighbour !== neighbour) return
    this.#puncher?.forget(entry)
    this.#keptOpen.forget(entry)
    this.#relayWays.close(entry)
    this.#entries.delete(neighbour.key)
    entry.cancelWake()
    entry.cancelWaitingCall?.()
  }

  has(neighbour: Neighbour): boolean {
    return this.#entries.has(neighbour.key)
  }

  heardFrom(neighbour: Neighbour, from: UdpEndpoint, bytes: number): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry !== undefined) this.#do(entry, now => entry.paths.heardFrom(from, bytes, now))
  }

  answered(neighbour: Neighbour, token: Uint8Array, from: UdpEndpoint): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return
    this.#do(entry, now => entry.paths.answered(token, from, now))
    this.#parts.onPath(neighbour, false)
  }

  /** The peer says something by itself. */
  told(neighbour: Neighbour, word: PathWord): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return
    this.#do(entry, now => entry.paths.asked(neighbour.source, now))
    if (word.kind === 'punch') this.#puncher?.guess(entry, word, word.token)
    if (word.kind !== 'candidates') return
    entry.nat = word.nat
    entry.isHidden = word.candidates.length === 0
    const places = word.candidates.map(({ endpoint }) => endpoint)
    const endpoints = this.#plausible(places, entry)
    this.#do(entry, now => entry.paths.announced(endpoints, now))
  }

  trafficBegan(neighbour: Neighbour, quietMs: number): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return
    this.#do(entry, now => entry.paths.trafficBegan(quietMs, now))
    this.#keptOpen.met(entry)
  }

  /** Long packets to it seem to be lost. */
  suspectMtu(neighbour: Neighbour): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry !== undefined) this.#do(entry, now => entry.paths.suspectMtu(now))
  }

  /** This host's addresses are others now, or it has slept. */
  moved({ hasSlept }: NetworkChange): void {
    this.#parts.relays?.moved()
    for (const entry of this.#entries.values()) {
      entry.hasMoved = true
      this.#do(entry, now => entry.paths.moved(now))
    }
    // The clock of who was asleep may have stood still: it cannot tell which sessions are over at the other side. Who only
    // moves takes its talks along.
    const trustedMs = hasSlept ? 0 : SESSION_TRUSTED_MS
    const quietSinceMs = this.#parts.clock.monotonicMs() - trustedMs
    const met = latestFirst(this.#entries.values()).filter(({ paths }) => paths.isUp)
    for (const entry of met.slice(0, CALLED_AFTER_MOVE_MAX))
      if (entry.neighbour.talkedMs <= quietSinceMs) this.#call(entry)
  }

  /** A server sees this node elsewhere than before: who talks with us should know. */
  reannounce(): void {
    for (const entry of this.#entries.values()) this.#do(entry, now => entry.paths.reannounce(now))
  }

  /** Datagrams to this server take another way now. */
  rerouted(server: UdpEndpoint): void {
    for (const entry of this.#entries.values()) this.#do(entry, () => entry.paths.rerouted(server))
  }

  /** Something that was in the way may be gone: looks for better paths now. */
  searchAgain(): void {
    for (const entry of this.#entries.values())
      if (entry.paths.isUp) this.#do(entry, now => entry.paths.begin(now))
  }

  /** Which path a peer's packets take. */
  viewOf(neighbour: Neighbour): PathView | undefined {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return undefined
    const { own, relayOnly, mayPunch, clock } = this.#parts
    const { active, cause, isSuspect } = entry.paths
    const isOverTcp = active?.isRelay === true && this.#parts.isOverTcp(active.endpoint)
    const why = reasonOf(cause, {
      ...{ nowMs: clock.monotonicMs(), ownNat: () => own.nat, peerNat: entry.nat, relayOnly, mayPunch },
      ...{ isPeerHidden: entry.isHidden, isSuspect, isOverTcp },
    })
    const measured = { rttMs: active?.srttMs, mtuBytes: active?.mtu.bytes }
    return { isDirect: active?.isRelay === false, isSuspect, endpoint: active?.endpoint, ...measured, why }
  }

  /** Resolves when no socket of its own is open. */
  async close(): Promise<void> {
    for (const { neighbour } of [...this.#entries.values()]) this.forget(neighbour)
    await this.#puncher?.close()
  }

  /** Sends the first message of a handshake to every place that is known. */
  #call({ neighbour, paths }: Entry): void {
    const { carrier } = this.#parts
    carrier.hint(
      neighbour,
      paths.all.map(({ endpoint }) => endpoint),
    )
    carrier.renew(neighbour)
  }

  #isUnheard({ neighbour: { heardMs = Number.NEGATIVE_INFINITY } }: Entry): boolean {
    return this.#parts.clock.monotonicMs() - heardMs > SECOND_SPEAKER_WAITS_MS
  }

  #entryOf(neighbour: Neighbour): Entry {
    const known = this.#entries.get(neighbour.key)
    if (known?.neighbour === neighbour) return known
    if (known !== undefined) this.forget(known.neighbour)
    const made: Entry = {
      neighbour,
      paths: new PeerPaths(this.#outputFor(neighbour), neighbour, () => this.#parts.random.next()),
      attested: [],
      hasMoved: false,
      roundsInVain: 0,
      nat: 'unknown',
      isHidden: false,
      told: undefined,
      channels: [],
      refusedBy: new Set(),
      cancelRenewal: () => {},
      ...{ wakeMs: NOT_PLANNED, cancelWake: () => {}, cancelWaitingCall: undefined },
    }
    this.#entries.set(neighbour.key, made)
    return made
  }

  #outputFor(neighbour: Neighbour): ConstructorParameters<typeof PeerPaths>[0] {
    const { carrier, acquaintance, onPath, seek, story } = this.#parts
    return {
      challenge: (path, packetBytes) => {
        const isInUse = this.#entries.get(neighbour.key)?.paths.active === path
        const isFree = isInUse || path.isShownNow(this.#parts.clock.monotonicMs())
        const roomBytes = packetBytes && messageRoom(packetBytes, path)
        return isFree || this.mayProbe(path.endpoint)
          ? acquaintance.ping(neighbour, path.endpoint, roomBytes)
          : undefined
      },
      open: endpoint => {
        if (this.mayProbe(endpoint)) carrier.knock(endpoint, OPENER_HOPS)
      },
      keepSession: () => carrier.open(neighbour),
      callAgain: () => void carrier.tunnel.callAgain(neighbour.peer),
      use: (path, also) => {
        const entry = this.#entries.get(neighbour.key)
        // Before anything goes there: what waits for a path is sent as soon as there is one.
        if (entry !== undefined) this.#noteMtu(entry)
        carrier.tunnel.setEndpoint(
          neighbour.peer,
          path.endpoint,
          also.map(({ endpoint }) => endpoint),
          path.isShown,
        )
        if (entry !== undefined && !path.isRelay) entry.roundsInVain = 0
        onPath(neighbour, false)
      },
      isPlausible: ({ endpoint, origin }) => {
        const isMeant = origin === 'remembered' ? isPlausibleStill : isPlausible
        return this.#plausible([endpoint], this.#entries.get(neighbour.key), isMeant).length > 0
      },
      isOnOwnLink: ({ endpoint }) => isOnOwnLink(endpoint, this.#parts.network.localAddresses()),
      announce: isNewsOnly => announce(this.#entries.get(neighbour.key), this.#parts, isNewsOnly),
      turned: () => onPath(neighbour, true),
      refresh: path => (path.endpoint.via as RelayChannel | undefined)?.refresh(),
      lookAgain: () => this.#lookAgain(),
      tryHarder: () => this.#tryHarder(neighbour),
      seek: () => seek(neighbour),
      story: what => story(neighbour, what),
    }
  }

  #lookAgain(): void {
    const { clock, relays, onLookAgain } = this.#parts
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lookedMs < LOOK_AGAIN_PAUSE_MS) return
    this.#lookedMs = nowMs
    relays?.lookAgain()
    onLookAgain()
  }

  #tryHarder(neighbour: Neighbour): void {
    const entry = this.#entries.get(neighbour.key)
    if (entry === undefined) return
    entry.roundsInVain += 1
    // A peer sends many packets only to where a coordinator has seen us.
    if (entry.hasMoved) {
      const { clock } = this.#parts
      entry.hasMoved = !entry.paths.seek(clock.monotonicMs())
    } else this.#puncher?.openMany(entry).catch(() => this.#parts.carrier.count('punch-failed'))
  }

  /** Of the places where a peer was reached before, those that may be its places from here as well. */
  plausibleStill(places: readonly UdpEndpoint[], entry?: Entry): readonly UdpEndpoint[] {
    return this.#plausible(places, entry, isPlausibleStill)
  }

  #plausible(
    places: readonly UdpEndpoint[],
    entry: Entry | undefined,
    isMeant = isPlausible,
  ): readonly UdpEndpoint[] {
    if (this.#parts.relayOnly) return []
    const { own, network, carrier } = this.#parts
    const hosts = network.localAddresses()
    const around = { hosts, publicAddresses: own.publicAddresses, attested: entry?.attested ?? [] }
    const isOwn = ({ address, port }: UdpEndpoint): boolean =>
      hosts.includes(address) && carrier.locals.some(local => local.port === port)
    return places.filter(place => isMeant(place, around) && !isOwn(place))
  }

  #noteMtu({ neighbour, paths }: Entry): void {
    this.#parts.carrier.setMtu(neighbour, paths.innerMtuBytes)
  }

  #do(entry: Entry, act: (nowMs: number) => void): void {
    const { clock } = this.#parts
    const nowMs = clock.monotonicMs()
    act(nowMs)
    this.#noteMtu(entry)
    const dueMs = entry.paths.dueMs(nowMs)
    if (dueMs >= entry.wakeMs) return
    entry.cancelWake()
    entry.wakeMs = dueMs
    // What is due and not done must not keep the node from everything else.
    entry.cancelWake = clock.after(Math.max(WAKE_MIN_MS, dueMs - nowMs), () => {
      entry.wakeMs = NOT_PLANNED
      this.#do(entry, now => entry.paths.wake(now))
    })
  }
}
