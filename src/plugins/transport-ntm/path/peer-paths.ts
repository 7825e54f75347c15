/**
 * All ways to one peer, as a machine: which are known, when each is challenged, and what proves one. It sees no packet:
 * it is told when something came from elsewhere and looks at the times of the traffic when it wakes.
 */
import { type Endpoint, sameEndpoint, samePlace } from '../tunnel/endpoint.ts'
import { compareWith } from './choice.ts'
import {
  KEPT_OPEN_HEARTBEAT_MS,
  PING_BYTES,
  PROBES_WHEN_DIRECT,
  RELAY_STANDBY_MS,
  STANDBY_HEARTBEAT_MS,
  STANDBYS_MEASURED,
  TRUST_MS,
  UNPROVEN_FACTOR,
  WARM_MS,
} from './limits.ts'
import type { Path, PathOrigin } from './path.ts'
import { PathInUse } from './path-in-use.ts'
import { PathTable } from './path-table.ts'
import type { PathsOutput } from './paths-output.ts'
import type { PathCause } from './reason.ts'
import { Rounds } from './rounds.ts'
import { Silence } from './silence.ts'
import { beatOf, type TrafficOfAllSizes } from './traffic.ts'

const LATER = Number.POSITIVE_INFINITY

export class PeerPaths {
  readonly #output: PathsOutput
  readonly #traffic: TrafficOfAllSizes
  readonly #random: () => number
  readonly #silence: Silence
  readonly #rounds = new Rounds()
  readonly #table = new PathTable()
  readonly #inUse: PathInUse
  #isUp = false
  #movedMs = Number.NEGATIVE_INFINITY
  /** The peer asked for this round, so it knows where we are. */
  #isAsked = false
  #isKeptOpen = false

  constructor(output: PathsOutput, traffic: TrafficOfAllSizes, random: () => number) {
    this.#output = output
    this.#traffic = traffic
    this.#silence = new Silence(traffic)
    this.#random = random
    this.#inUse = new PathInUse({
      ...{ table: this.#table, silence: this.#silence, traffic, output },
      ping: (path, nowMs) => this.#ping(path, nowMs),
      seek: nowMs => void this.seek(nowMs),
      startRound: nowMs => this.#startRound(nowMs),
    })
  }

  /** The one that carries. */
  get active(): Path | undefined {
    return this.#inUse.path
  }

  get all(): readonly Path[] {
    return this.#table.all
  }

  /** Why packets go by this path, or by none. */
  get cause(): PathCause {
    return this.#inUse.cause
  }

  /** Whether there is a session. */
  get isUp(): boolean {
    return this.#isUp
  }

  get isDirectAndAnswering(): boolean {
    return this.#inUse.isDirectAndAnswering
  }

  /** The one that carries, direct or not, has missed an answer. */
  get isSuspect(): boolean {
    return this.#inUse.isSuspect
  }

  /** The longest packet that may go to the peer. */
  get innerMtuBytes(): number {
    return this.#inUse.innerMtuBytes
  }

  /** When `wake` has something to do, monotonic ms. */
  dueMs(nowMs: number): number {
    if (!this.#isUp) return this.#rounds.dueMs
    const checkMs = this.active?.mtu.checkMs(this.active.patienceMs) ?? LATER
    return Math.min(this.#rounds.dueMs, this.#beatMs(nowMs), this.#inUse.judgementMs(nowMs), checkMs)
  }

  /** Places where the peer may be. */
  learn(endpoints: readonly Endpoint[], origin: PathOrigin): void {
    this.#table.learn(endpoints, origin, this.active)
  }

  /** All places of this origin: those of before are over, as far as they have not answered of late. */
  replace(endpoints: readonly Endpoint[], origin: PathOrigin, nowMs: number): void {
    this.#table.replace(endpoints, origin, this.active, nowMs)
  }

  /** The peer says where it is now, and is about to probe. */
  announced(endpoints: readonly Endpoint[], nowMs: number): void {
    this.replace(endpoints, 'announced', nowMs)
    if (!this.#isUp) return
    this.#isAsked = true
    this.#rounds.start(nowMs)
    const inUse = this.active?.endpoint
    const isStill = inUse === undefined || endpoints.some(endpoint => sameEndpoint(endpoint, inUse))
    if (!isStill && !this.active!.isRelay) this.#inUse.doubt(nowMs)
    this.wake(nowMs)
  }

  /** Servers see this node elsewhere than before. */
  reannounce(nowMs: number): void {
    const { sentMs, receivedMs } = this.#traffic
    if (!this.#isUp || nowMs - Math.max(sentMs, receivedMs) > WARM_MS) return
    this.#isAsked = false
    this.#rounds.restart(nowMs)
    this.wake(nowMs)
  }

  /** A way that is no more, such as a relay's channel that was closed. */
  forget(endpoint: Endpoint, nowMs: number): void {
    const path = this.#table.find(endpoint)
    if (path === undefined) return
    this.#table.remove(path)
    this.#inUse.forgotten(path, nowMs)
  }

  /** There is no session yet, and one is being opened. */
  begin(nowMs: number): void {
    if (!this.#isUp) this.#inUse.sought()
    this.#rounds.restart(nowMs)
    this.wake(nowMs)
  }

  /** A handshake went through; `endpoint` is where packets go, `from` where it came from last. */
  established(endpoint: Endpoint, nowMs: number, from = endpoint): void {
    const isFirst = !this.#isUp
    const isElsewhere = !isFirst && !sameEndpoint(endpoint, from)
    const path = isElsewhere ? this.#table.find(from) : this.#table.proven(endpoint, this.active)
    if (!isElsewhere || path?.isRelay === true) path?.established(nowMs)
    this.#silence.broken()
    this.#isUp = true
    if (isElsewhere) this.#left(path, nowMs)
    if (isFirst || isElsewhere) this.#startRound(nowMs)
    this.#inUse.decide(nowMs)
    if (this.active?.isShown === false) this.#inUse.doubt(nowMs)
    if (isFirst || isElsewhere) this.wake(nowMs)
  }

  /**
   * The peer has made a new session by another way than the one in use, as who has started anew does: nothing direct
   * of before is certain. Whoever keeps back a handshake and sends it on from elsewhere can bring that about, too: it
   * costs a challenge.
   */
  #left(to: Path | undefined, nowMs: number): void {
    for (const path of this.#table.all) if (!path.isRelay && path !== to) path.unprove()
    this.#inUse.left(to, nowMs)
  }

  /** The session is over. */
  ended(): void {
    this.#isUp = false
    this.#inUse.ended()
    this.#rounds.finish()
  }

  /** The peer asked something, and was answered where it seems to be: that counts, too, if nothing has proved it. */
  asked(from: Endpoint | undefined, nowMs: number): void {
    const path = from && this.#table.find(from)
    if (path !== undefined) path.creditBytes -= PING_BYTES
    this.#heard(nowMs)
  }

  /** The peer is there. Who was silent for long is looked for everywhere at once. */
  #heard(nowMs: number): void {
    const wasSilent = this.#silence.isSilent(nowMs)
    this.#silence.broken()
    if (!wasSilent || !this.#isUp) return
    this.#startRound(nowMs)
    this.wake(nowMs)
  }

  /** An authentic packet came from somewhere that is not in use. Both ends of the doubt are asked. */
  heardFrom(endpoint: Endpoint, bytes: number, nowMs: number): void {
    if (!this.#isUp) return
    this.#heard(nowMs)
    const path = this.#table.observed(endpoint, this.active)
    path.heardMs = nowMs
    if (path.creditBytes !== LATER) path.creditBytes += UNPROVEN_FACTOR * bytes
    if (path.isRelay || path.isValid(nowMs) || nowMs - path.pingedMs < path.patienceMs / 4) return
    this.#ping(path, nowMs)
    const active = this.active
    if (active === undefined || active.unansweredSinceMs !== LATER) return
    this.#inUse.doubt(nowMs)
  }

  /** An answer to a challenge came from `from`. */
  answered(token: Uint8Array, from: Endpoint, nowMs: number): void {
    for (const path of this.#table.all) {
      if (path.mtu.answered(token)) return
      const sentMs = path.answered(token)
      if (sentMs === undefined) continue
      this.#silence.broken()
      if (sameEndpoint(path.endpoint, from)) this.#proved(path, sentMs, nowMs)
      if (this.active !== undefined && path !== this.active) compareWith(this.active, path)
      this.#inUse.decide(nowMs)
      return
    }
  }

  /** Data after a pause: what was proved long ago is not trusted alone. Only after a long one nobody was searching. */
  trafficBegan(quietMs: number, nowMs: number): void {
    const active = this.active
    if (!this.#isUp || active === undefined) return
    this.#silence.wanted(nowMs)
    if (nowMs - active.provenMs > TRUST_MS) this.#inUse.doubt(nowMs)
    if (active.isRelay && quietMs > WARM_MS) this.#startRound(nowMs)
    this.wake(nowMs)
  }

  /** Whoever sends long packets misses them at the other end. */
  suspectMtu(nowMs: number): void {
    if (!this.#isUp) return
    this.active?.mtu.doubt()
    this.wake(nowMs)
  }

  /** This node's own addresses are others now: nothing direct is certain. */
  moved(nowMs: number): void {
    for (const path of this.#table.all)
      if (path.isRelay) path.mtu.forget()
      else path.unprove()
    this.replace([], 'nearby', nowMs)
    this.#movedMs = nowMs
    this.#silence.broken()
    if (!this.#isUp) return
    this.#inUse.doubt(nowMs)
    this.#startRound(nowMs)
    this.wake(nowMs)
  }

  /** The relay at this place is reached in another way, which may carry less. */
  rerouted(relay: Endpoint): void {
    for (const { isRelay, endpoint, mtu } of this.#table.all)
      if (isRelay && samePlace(endpoint, relay)) mtu.forget()
  }

  /** Whether the path in use is asked now and then although nobody talks. */
  keepOpen(isKept: boolean, nowMs: number): void {
    this.#isKeptOpen = isKept
    if (isKept) this.wake(nowMs)
  }

  /** Asks a coordinator for the peer, for whatever reason. False: it was asked too short a time ago. */
  seek(nowMs: number): boolean {
    if (nowMs < this.#silence.seekMs) return false
    this.#silence.sought(nowMs)
    this.#output.seek()
    return true
  }

  wake(nowMs: number): void {
    if (this.#isUp) {
      this.#inUse.judge(nowMs)
      this.#beat(nowMs)
      if (this.active !== undefined) this.#checkMtu(this.active, nowMs)
    }
    for (let step = this.#rounds.take(nowMs); step !== undefined; step = this.#rounds.take(nowMs)) {
      if (step === 0) this.#forgetStrange()
      if (this.#isUp) this.#probe(step, nowMs)
      else this.#openWays()
    }
    const hadItsChance = this.#rounds.takeHarder(nowMs)
    if (!this.#isUp) return
    if (hadItsChance && this.active?.isRelay !== false) this.#output.tryHarder()
    this.#arrangeRounds(nowMs)
  }

  #startRound(nowMs: number): void {
    this.#isAsked = false
    this.#rounds.start(nowMs)
  }

  /** What was a place of the peer from where this node was before may be a stranger's from here. */
  #forgetStrange(): void {
    const isStrange = ({ origin, heardMs }: Path): boolean =>
      origin !== 'relay' && origin !== 'nearby' && heardMs <= this.#movedMs
    for (const path of this.#table.unproved(this.active))
      if (isStrange(path) && !this.#output.isPlausible(path)) this.#table.remove(path)
  }

  #probe(step: number, nowMs: number): void {
    if (step === 0) {
      this.#output.announce(this.#isAsked)
      this.#isAsked = false
    }
    if (this.isDirectAndAnswering && step >= PROBES_WHEN_DIRECT) {
      this.#rounds.finish()
      return
    }
    const { startedMs } = this.#rounds
    for (const path of [...this.#table.all]) {
      if (path.provenMs >= startedMs || (path === this.active && path.unansweredSinceMs === LATER)) continue
      if (!path.isRelay || step === 0 || this.#inUse.isSuspect) this.#ping(path, nowMs)
    }
  }

  /** Without a session there is nothing to prove anything with: the ways are opened, and the peer called. */
  #openWays(): void {
    for (const path of this.#table.all) if (!path.isRelay) this.#output.open(path.endpoint)
    this.#output.callAgain()
  }

  #arrangeRounds(nowMs: number): void {
    if (this.isDirectAndAnswering) return
    const { sentMs, receivedMs } = this.#traffic
    const relayedForMs = this.#inUse.relayedForMs(nowMs)
    const leastMs = this.#silence.roundPauseMs(this.#rounds.startedMs)
    if (nowMs - Math.max(sentMs, receivedMs) > WARM_MS) this.#rounds.rest()
    else this.#rounds.again(relayedForMs, leastMs, this.#random)
  }

  /** A relay once only: to keep its slot awake is dearer than to know it exactly. */
  #measureStandbys(nowMs: number): void {
    let measured = 0
    for (const path of this.#table.all) {
      const everyMs = path.isRelay ? RELAY_STANDBY_MS : STANDBY_HEARTBEAT_MS
      const isOfUse = path.isRelay ? path.srttMs === undefined : path.isValid(nowMs)
      if (path === this.active || !isOfUse) continue
      if (nowMs - path.pingedMs < everyMs || measured >= STANDBYS_MEASURED) continue
      measured += 1
      this.#ping(path, nowMs)
    }
  }

  #ping(path: Path, nowMs: number): void {
    path.pingedMs = nowMs
    if (path.creditBytes < PING_BYTES) return
    const token = this.#output.challenge(path)
    if (token === undefined) return
    path.creditBytes -= PING_BYTES
    path.pinged(token, nowMs)
    this.#silence.asked(nowMs)
  }

  /** With each proof, for as long as there is a size to ask for, the path is asked for it. */
  #proved(path: Path, sentMs: number, nowMs: number): void {
    path.proved(nowMs - sentMs, nowMs)
    path.mtu.cameThrough(sentMs)
    if (path === this.active) {
      path.mtu.confirm(this.#traffic.largeSentMs, nowMs)
      this.#checkMtu(path, nowMs, true)
    }
    const bytes = path.mtu.due(nowMs, path.patienceMs)
    const token = bytes === undefined ? undefined : this.#output.challenge(path, bytes)
    if (token !== undefined) path.mtu.asked(token, bytes!, nowMs)
  }

  /** A small challenge goes with the large one: where neither is answered, that says nothing about size. */
  #checkMtu(path: Path, nowMs: number, isAlone = false): void {
    const bytes = path.mtu.checkedSize(nowMs, path.patienceMs)
    if (bytes === undefined) return
    if (!isAlone) this.#ping(path, nowMs)
    path.mtu.checking(this.#output.challenge(path, bytes), nowMs)
  }

  /** On one link nobody forgets anything, and the two are found there again. Each holds its own NAT open. */
  #isHeld(path: Path): boolean {
    if (!this.#isKeptOpen) return false
    return path.isRelay || (path.origin !== 'nearby' && !this.#output.isOnOwnLink(path))
  }

  #beatMs(nowMs: number): number {
    const { active } = this
    if (active === undefined) return LATER
    const beatMs = beatOf(active, this.#traffic, this.#silence.challengeMs(active), nowMs)
    if (!this.#isHeld(active)) return beatMs
    return Math.min(beatMs, Math.max(active.provenMs, active.pingedMs) + KEPT_OPEN_HEARTBEAT_MS)
  }

  #beat(nowMs: number): void {
    const active = this.active
    if (active === undefined || this.#beatMs(nowMs) > nowMs) return
    // A challenge goes into the session that there is, and opens none.
    if (this.#isHeld(active)) this.#output.keepSession()
    this.#ping(active, nowMs)
    this.#measureStandbys(nowMs)
  }
}
