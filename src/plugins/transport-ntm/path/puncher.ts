/**
 * The hard way to a direct path, where one side's NAT gives every flow another port: that side opens many sockets and
 * says where about they come out, the other one guesses. Which side a node takes follows from what it believes of its
 * own NAT; both do nothing unless ordinary probes have failed, and little unless a coordinator has seen the address.
 */
import type { Clock, Random, RelayClient, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { ExtraSocket } from '../extra-socket.ts'
import type { Neighbour } from '../neighbour.ts'
import type { Acquaintance } from './acquaintance.ts'
import { Attempts } from './attempts.ts'
import type { NatKind } from './control.ts'
import { guessPorts } from './guesses.ts'
import {
  PUNCH_GIVE_UP_AFTER_MS,
  PUNCH_LOOK_EVERY_MS,
  PUNCH_SAY_AGAIN_MS,
  PUNCH_SETTLE_MS,
  PUNCH_TARGETS_MAX,
  ROUNDS_BEFORE_BOTH_HARD,
  ROUNDS_BEFORE_FRESH_SOCKET,
} from './limits.ts'
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

/** An attempt under way: with whom, and how it is ended before its time. */
interface UnderWay {
  readonly neighbour: Neighbour
  stop(): void
}

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
  /** Who waits until sockets may be opened towards it, by its key, first come first. */
  readonly #waiting = new Map<string, Unreached>()
  #opening: UnderWay | undefined
  #guessing: UnderWay | undefined
  #isClosed = false

  constructor(parts: PuncherParts) {
    this.#parts = parts
    this.#many = new ManySockets(parts)
  }

  /**
   * Our NAT is the hard one, or may be; or it is easy and yet nothing gets through, as when something that came too
   * early has occupied our port at the router: then one fresh socket does. What either side takes its NAT for may be
   * wrong, so that it only says after how many ordinary rounds this is tried.
   */
  async openMany(peer: Unreached): Promise<void> {
    const { own, clock } = this.#parts
    const { neighbour } = peer
    if (!isTurn(peer.roundsInVain, own.nat, peer.nat)) return
    const places = placesSeen(peer)
    const [first] = places
    if (first === undefined) return
    if (this.#opening !== undefined && this.#opening.neighbour !== neighbour)
      this.#waiting.set(neighbour.key, peer)
    if (!this.#openings.take(neighbour.key, clock.monotonicMs(), first.address)) return
    this.#waiting.delete(neighbour.key)
    this.#drop(peer)
    const opening: UnderWay = { neighbour, stop: () => {} }
    this.#opening = opening
    try {
      await this.#openTowards(places, peer, opening)
    } catch (error) {
      this.#opened(opening)
      throw error
    }
  }

  async #openTowards(places: readonly UdpEndpoint[], peer: Unreached, opening: UnderWay): Promise<void> {
    const { own, acquaintance, clock, story } = this.#parts
    const { neighbour, paths } = peer
    const isOne = takesOne(own.nat)
    const { sockets, span } = isOne ? await this.#many.openOne(places) : await this.#many.open(places)
    if (this.#isClosed) return
    if (this.#opening !== opening) {
      for (const socket of sockets) void socket.close()
      return
    }
    this.#kept.set(neighbour.key, sockets)
    story(neighbour, `opened ${sockets.length} more sockets; ${span.count} ports to guess from`)
    const word = { kind: 'punch', token: acquaintance.freshToken(), ...span } as const
    const untilMs = clock.monotonicMs() + PUNCH_GIVE_UP_AFTER_MS
    let saidMs = Number.NEGATIVE_INFINITY
    // Nobody acknowledges the word, and one that is lost costs the whole attempt.
    const say = (): void => {
      if (clock.monotonicMs() - saidMs < PUNCH_SAY_AGAIN_MS) return
      saidMs = clock.monotonicMs()
      acquaintance.say(neighbour, word)
    }
    const settle = (): void => this.#settle(peer, opening)
    const look = (): void => {
      if (!paths.isDirectAndAnswering) say()
      if (paths.isDirectAndAnswering) opening.stop = clock.after(PUNCH_SETTLE_MS, settle)
      else if (clock.monotonicMs() < untilMs) opening.stop = clock.after(PUNCH_LOOK_EVERY_MS, look)
      else settle()
    }
    look()
  }

  /** The peer has opened many sockets towards us. */
  guess(peer: Unreached, span: PortSpan, token: Uint8Array): void {
    const { acquaintance, clock, random, story } = this.#parts
    const { neighbour, paths } = peer
    const address = peer.attested.find(seen => !seen.includes(':'))
    if (address === undefined || paths.isDirectAndAnswering) return
    if (this.#heard.get(neighbour.key)?.equals(token)) return
    if (!this.#guessings.take(neighbour.key, clock.monotonicMs(), address)) return
    this.#heard.set(neighbour.key, Buffer.from(token))
    let guesses = 0
    const stop = guessPorts(span, {
      clock,
      random: () => random.next(),
      guess: port => {
        guesses += 1
        acquaintance.ping(neighbour, { address, port })
      },
      isFound: () => paths.isDirectAndAnswering,
      onOver: () => {
        this.#guessing = undefined
        this.#guessings.over()
        story(neighbour, `${guesses} guesses at its port${paths.isDirectAndAnswering ? '' : ', in vain'}`)
      },
    })
    this.#guessing = { neighbour, stop }
  }

  /** This peer is of the past: nothing more is sent to it, and others need not wait for it. */
  forget(peer: Pick<Unreached, 'neighbour' | 'paths'>): void {
    const { neighbour } = peer
    this.#waiting.delete(neighbour.key)
    if (this.#guessing?.neighbour === neighbour) {
      this.#guessing.stop()
      this.#guessing = undefined
      this.#guessings.over()
    }
    this.#drop(peer)
    this.#heard.delete(neighbour.key)
    if (this.#opening?.neighbour === neighbour) this.#opened(this.#opening)
  }

  /** Resolves when no socket is open, and none will be. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#guessing?.stop()
    this.#opening?.stop()
    this.#kept.clear()
    this.#waiting.clear()
    await this.#many.close()
  }

  /** Keeps the socket that found the peer and closes all others. */
  #settle({ neighbour, paths }: Unreached, opening: UnderWay): void {
    const sockets = this.#kept.get(neighbour.key) ?? []
    const isUsed = ({ outlet }: ExtraSocket): boolean => paths.active?.endpoint.via === outlet
    const kept = sockets.filter(isUsed)
    if (kept.length === 0) this.#kept.delete(neighbour.key)
    else this.#kept.set(neighbour.key, kept)
    this.#shut(
      paths,
      sockets.filter(socket => !isUsed(socket)),
    )
    this.#opened(opening)
  }

  /** The attempt is over, and of those who still need one whoever has waited longest is next. */
  #opened(opening: UnderWay): void {
    if (this.#opening !== opening) return
    opening.stop()
    this.#opening = undefined
    this.#openings.over()
    for (const [key, next] of [...this.#waiting]) {
      // Set as soon as one of them has begun.
      if (this.#opening !== undefined || this.#isClosed) return
      this.#waiting.delete(key)
      if (next.paths.isUp && !next.paths.isDirectAndAnswering)
        this.openMany(next).catch(() => this.#parts.carrier.count('punch-failed'))
    }
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

/** Whose place is one and the same for everybody needs but another one. */
const takesOne = (own: NatKind): boolean => own === 'easy' || own === 'open'

/**
 * Whether it is tried after so many ordinary rounds. Where both NATs seem to be hard guesses are in vain but for a
 * mistake: after six rounds, then after twice as many each time.
 */
const isTurn = (rounds: number, own: NatKind, peer: NatKind): boolean => {
  if (takesOne(own)) return rounds >= ROUNDS_BEFORE_FRESH_SOCKET
  const doublings = Math.log2(rounds / ROUNDS_BEFORE_BOTH_HARD)
  return peer !== 'hard' || (doublings >= 0 && Number.isInteger(doublings))
}

/** The peer's IPv4 places at addresses where a coordinator has seen it. */
const placesSeen = ({ paths, attested }: Unreached): readonly UdpEndpoint[] =>
  paths.all
    .filter(({ endpoint, isRelay }) => !isRelay && endpoint.via === undefined)
    .map(({ endpoint }) => endpoint)
    .filter(({ address }) => !address.includes(':') && attested.includes(address))
    .slice(0, PUNCH_TARGETS_MAX)
