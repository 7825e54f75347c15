/**
 * The hard way to a direct path, where one side's NAT gives every flow another port: that side opens many sockets and
 * says where about they come out, the other one guesses. Which side a node takes follows from what it believes of its
 * own NAT; both do nothing unless ordinary probes have failed, and little unless a coordinator has seen the address.
 */
import type { Clock, Random, RelayClient, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier, ExtraSocket, Neighbour } from '../carrier.ts'
import type { Acquaintance } from './acquaintance.ts'
import { Attempts } from './attempts.ts'
import type { NatKind } from './control.ts'
import { guessPorts } from './guesses.ts'
import { ManySockets } from './many-sockets.ts'
import type { OwnCandidates } from './own-candidates.ts'
import type { PeerPaths } from './peer-paths.ts'
import type { PortSpan } from './port-model.ts'

export interface PuncherParts {
  readonly clock: Clock
  readonly random: Random
  readonly carrier: Carrier
  readonly relays: RelayClient | undefined
  readonly own: OwnCandidates
  readonly acquaintance: Acquaintance
  readonly story: (neighbour: Neighbour, what: string) => void
}

/** A peer that ordinary probes do not reach. */
export interface Unreached {
  readonly neighbour: Neighbour
  readonly paths: PeerPaths
  /** Addresses at which a coordinator has seen it, newest first. */
  readonly attested: readonly string[]
  readonly nat: NatKind
  /** Rounds of ordinary probes since there was a direct path. */
  readonly roundsInVain: number
}

const LOOK_EVERY_MS = 50
const SAY_AGAIN_MS = 500
const GIVE_UP_AFTER_MS = 3_500
/** Challenges under way when the first path is proved may prove a better one. */
const SETTLE_MS = 500
const TARGETS_MAX = 2
const ROUNDS_BEFORE_FRESH_SOCKET = 2

export class Puncher {
  readonly #parts: PuncherParts
  /** Both at once: two who do not know their NATs each open sockets and guess. */
  readonly #openings = new Attempts()
  readonly #guessings = new Attempts()
  readonly #many: ManySockets
  /** Sockets by which a peer is reached, by its key. */
  readonly #kept = new Map<string, readonly ExtraSocket[]>()
  /** The last words of each peer that were acted upon: they come more than once. */
  readonly #heard = new Map<string, Buffer>()
  #stopGuessing = (): void => {}
  #stopLooking = (): void => {}
  #isClosed = false

  constructor(parts: PuncherParts) {
    this.#parts = parts
    this.#many = new ManySockets(parts)
  }

  /**
   * Our NAT is the hard one, or may be; or it is easy and yet nothing gets through, as when something that came too
   * early has occupied our port at the router: then one fresh socket does.
   */
  async openMany(peer: Unreached): Promise<void> {
    const { own, clock } = this.#parts
    const { neighbour } = peer
    if (own.nat === 'open' || peer.nat === 'hard') return
    if (own.nat === 'easy' && peer.roundsInVain < ROUNDS_BEFORE_FRESH_SOCKET) return
    const places = placesSeen(peer)
    if (places.length === 0 || !this.#openings.take(neighbour.key, clock.monotonicMs())) return
    this.#drop(peer)
    try {
      await this.#openTowards(places, peer)
    } catch (error) {
      this.#openings.over()
      throw error
    }
  }

  async #openTowards(places: readonly UdpEndpoint[], peer: Unreached): Promise<void> {
    const { own, acquaintance, clock, story } = this.#parts
    const { neighbour, paths } = peer
    const isEasy = own.nat === 'easy'
    const { sockets, span } = isEasy ? await this.#many.openOne(places) : await this.#many.open(places)
    if (this.#isClosed) return
    this.#kept.set(neighbour.key, sockets)
    story(neighbour, `opened ${sockets.length} more sockets; ${span.count} ports to guess from`)
    const word = { kind: 'punch', token: acquaintance.freshToken(), ...span } as const
    const untilMs = clock.monotonicMs() + GIVE_UP_AFTER_MS
    let saidMs = Number.NEGATIVE_INFINITY
    // Nobody acknowledges the word, and one that is lost costs the whole attempt.
    const say = (): void => {
      if (clock.monotonicMs() - saidMs < SAY_AGAIN_MS) return
      saidMs = clock.monotonicMs()
      acquaintance.say(neighbour, word)
    }
    const look = (): void => {
      if (!paths.isDirect) say()
      if (paths.isDirect) this.#stopLooking = clock.after(SETTLE_MS, () => this.#settle(peer))
      else if (clock.monotonicMs() < untilMs) this.#stopLooking = clock.after(LOOK_EVERY_MS, look)
      else this.#settle(peer)
    }
    look()
  }

  /** The peer has opened many sockets towards us. */
  guess(peer: Unreached, span: PortSpan, token: Uint8Array): void {
    const { acquaintance, clock, random, story } = this.#parts
    const { neighbour, paths } = peer
    const address = peer.attested.find(seen => !seen.includes(':'))
    if (address === undefined || paths.isDirect || this.#heard.get(neighbour.key)?.equals(token)) return
    if (!this.#guessings.take(neighbour.key, clock.monotonicMs())) return
    this.#heard.set(neighbour.key, Buffer.from(token))
    let guesses = 0
    this.#stopGuessing = guessPorts(span, {
      clock,
      random: () => random.next(),
      guess: port => {
        guesses += 1
        acquaintance.ping(neighbour, { address, port })
      },
      isFound: () => paths.isDirect,
      onOver: () => {
        this.#guessings.over()
        story(neighbour, `${guesses} guesses at its port${paths.isDirect ? '' : ', in vain'}`)
      },
    })
  }

  /** This peer is of the past. */
  forget(peer: Pick<Unreached, 'neighbour' | 'paths'>): void {
    this.#drop(peer)
    this.#heard.delete(peer.neighbour.key)
  }

  /** Resolves when no socket is open, and none will be. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopGuessing()
    this.#stopLooking()
    this.#kept.clear()
    await this.#many.close()
  }

  /** Keeps the socket that found the peer and closes all others. */
  #settle({ neighbour, paths }: Unreached): void {
    this.#openings.over()
    const sockets = this.#kept.get(neighbour.key) ?? []
    const isUsed = ({ outlet }: ExtraSocket): boolean => paths.active?.endpoint.via === outlet
    const kept = sockets.filter(isUsed)
    if (kept.length === 0) this.#kept.delete(neighbour.key)
    else this.#kept.set(neighbour.key, kept)
    this.#shut(
      paths,
      sockets.filter(socket => !isUsed(socket)),
    )
  }

  #drop({ neighbour, paths }: Pick<Unreached, 'neighbour' | 'paths'>): void {
    this.#shut(paths, this.#kept.get(neighbour.key) ?? [])
    this.#kept.delete(neighbour.key)
  }

  #shut(paths: PeerPaths, sockets: readonly ExtraSocket[]): void {
    const outlets = new Set(sockets.map(({ outlet }) => outlet))
    const nowMs = this.#parts.clock.monotonicMs()
    for (const { endpoint } of [...paths.all])
      if (endpoint.via !== undefined && outlets.has(endpoint.via)) paths.forget(endpoint, nowMs)
    for (const socket of sockets) void socket.close()
  }
}

/** The peer's IPv4 places at addresses where a coordinator has seen it. */
const placesSeen = ({ paths, attested }: Unreached): readonly UdpEndpoint[] =>
  paths.all
    .filter(({ endpoint, isRelay }) => !isRelay && endpoint.via === undefined)
    .map(({ endpoint }) => endpoint)
    .filter(({ address }) => !address.includes(':') && attested.includes(address))
    .slice(0, TARGETS_MAX)
