/**
 * All ways to one peer, as a machine: which are known, which are proved, which one carries, and when that one is
 * doubted. While it is in doubt everything goes over a relay as well, so that a path can die, move or be replaced
 * without losing a word; the tunnel's replay window drops what comes twice. It sees no packet: it is told when
 * something came from elsewhere and looks at the times of the traffic when it wakes.
 */
import { type Endpoint, sameEndpoint } from '../tunnel/endpoint.ts'
import { choosePath, compareWith } from './choice.ts'
import {
  DEAD_AFTER_MS,
  PING_BYTES,
  STANDBY_HEARTBEAT_MS,
  STANDBYS_MEASURED,
  TRUST_MS,
  UNPROVEN_FACTOR,
  WARM_MS,
} from './limits.ts'
import type { Path, PathOrigin } from './path.ts'
import { PathTable } from './path-table.ts'
import type { PathsOutput } from './paths-output.ts'
import { causeOfSwitch, type PathCause, SOUGHT } from './reason.ts'
import { Rounds } from './rounds.ts'
import { Silence } from './silence.ts'
import { beatOf, type Traffic } from './traffic.ts'

const NEVER = Number.NEGATIVE_INFINITY
const LATER = Number.POSITIVE_INFINITY
/** Probes of a round that are sent although something direct is proved: another path may be better. */
const ENOUGH_WHEN_DIRECT = 3

export class PeerPaths {
  readonly #output: PathsOutput
  readonly #traffic: Traffic
  readonly #random: () => number
  readonly #silence: Silence
  readonly #rounds = new Rounds()
  readonly #table = new PathTable()
  #active: Path | undefined
  #also: readonly Path[] = []
  /** Since when the path in use has to prove itself anew. */
  #doubtedMs = NEVER
  #isSuspect = false
  #relayedSinceMs = NEVER
  #isUp = false
  /** The peer asked for this round, so it knows where we are. */
  #isAsked = false
  #routed: Path | undefined
  #isRoutedShown = false
  #cause: PathCause = SOUGHT

  constructor(output: PathsOutput, traffic: Traffic, random: () => number) {
    this.#output = output
    this.#traffic = traffic
    this.#silence = new Silence(traffic)
    this.#random = random
  }

  get active(): Path | undefined {
    return this.#active
  }

  get all(): readonly Path[] {
    return this.#table.all
  }

  /** Why packets go by this path, or by none. */
  get cause(): PathCause {
    return this.#cause
  }

  /** Whether there is a session. */
  get isUp(): boolean {
    return this.#isUp
  }

  get isDirect(): boolean {
    return this.#active !== undefined && !this.#active.isRelay && !this.#isSuspect
  }

  /** When `wake` has something to do, monotonic ms. */
  dueMs(nowMs: number): number {
    return Math.min(this.#rounds.dueMs, this.#beatMs(nowMs), this.#judgementMs(nowMs))
  }

  /** Places where the peer may be. */
  learn(endpoints: readonly Endpoint[], origin: PathOrigin): void {
    this.#table.learn(endpoints, origin, this.#active)
  }

  /** All places of this origin: those of before are over, as far as nothing has proved them. */
  replace(endpoints: readonly Endpoint[], origin: PathOrigin): void {
    this.#table.replace(endpoints, origin, this.#active)
  }

  /** The peer says where it is now, and is about to probe. */
  announced(endpoints: readonly Endpoint[], nowMs: number): void {
    this.replace(endpoints, 'announced')
    if (!this.#isUp) return
    this.#isAsked = true
    this.#rounds.start(nowMs)
    const inUse = this.#active?.endpoint
    const isStill = inUse === undefined || endpoints.some(endpoint => sameEndpoint(endpoint, inUse))
    if (!isStill && !this.#active!.isRelay) this.#doubt(nowMs)
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
    if (this.#active === path) this.#active = undefined
    this.#decide(nowMs)
  }

  /** There is no session yet, and one is being opened. */
  begin(nowMs: number): void {
    if (!this.#isUp) this.#cause = SOUGHT
    this.#rounds.restart(nowMs)
    this.wake(nowMs)
  }

  /** A handshake went through; `endpoint` is where it came from last. */
  established(endpoint: Endpoint, nowMs: number): void {
    const path = this.#table.proven(endpoint, this.#active)
    path?.established(nowMs)
    this.#silence.broken()
    const isFirst = !this.#isUp
    this.#isUp = true
    if (isFirst) this.#startRound(nowMs)
    this.#decide(nowMs)
    if (this.#active?.isShown === false) this.#doubt(nowMs)
    if (isFirst) this.wake(nowMs)
  }

  /** The session is over. */
  ended(): void {
    this.#isUp = false
    this.#active = undefined
    this.#isSuspect = false
    this.#cause = { kind: 'given-up' }
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
    const wasDead = this.#silence.isDead(nowMs)
    this.#silence.broken()
    if (!wasDead || !this.#isUp) return
    this.#startRound(nowMs)
    this.wake(nowMs)
  }

  /** An authentic packet came from somewhere that is not in use. Both ends of the doubt are asked. */
  heardFrom(endpoint: Endpoint, bytes: number, nowMs: number): void {
    if (!this.#isUp) return
    this.#heard(nowMs)
    const path = this.#table.observed(endpoint, this.#active)
    path.heardMs = nowMs
    if (path.creditBytes !== LATER) path.creditBytes += UNPROVEN_FACTOR * bytes
    if (path.isRelay || path.isValid(nowMs) || nowMs - path.pingedMs < path.patienceMs / 4) return
    this.#ping(path, nowMs)
    const active = this.#active
    if (active === undefined || active.unansweredSinceMs !== LATER) return
    this.#doubt(nowMs)
  }

  /** An answer to a challenge came from `from`. Its round trip, or undefined if nothing was asked. */
  answered(token: Uint8Array, from: Endpoint, nowMs: number): number | undefined {
    for (const path of this.#table.all) {
      const sentMs = path.answered(token)
      if (sentMs === undefined) continue
      const rttMs = nowMs - sentMs
      this.#silence.broken()
      if (sameEndpoint(path.endpoint, from)) path.proved(rttMs, nowMs)
      if (this.#active !== undefined && path !== this.#active) compareWith(this.#active, path)
      this.#decide(nowMs)
      return rttMs
    }
    return undefined
  }

  /** Data after a pause: what was proved long ago is not trusted alone. Only after a long one nobody was searching. */
  trafficBegan(quietMs: number, nowMs: number): void {
    const active = this.#active
    if (!this.#isUp || active === undefined) return
    this.#silence.wanted(nowMs)
    if (nowMs - active.provenMs > TRUST_MS) this.#doubt(nowMs)
    if (active.isRelay && quietMs > WARM_MS) this.#startRound(nowMs)
    this.wake(nowMs)
  }

  /** This node's own addresses are others now: nothing direct is certain. */
  moved(nowMs: number): void {
    for (const path of this.#table.all) if (!path.isRelay) path.unprove()
    this.#silence.broken()
    if (!this.#isUp) return
    this.#doubt(nowMs)
    this.#startRound(nowMs)
    this.wake(nowMs)
  }

  wake(nowMs: number): void {
    if (this.#isUp) {
      this.#judge(nowMs)
      this.#beat(nowMs)
    }
    for (let step = this.#rounds.take(nowMs); step !== undefined; step = this.#rounds.take(nowMs))
      if (this.#isUp) this.#probe(step, nowMs)
      else this.#openWays()
    const hadItsChance = this.#rounds.takeHarder(nowMs)
    if (!this.#isUp) return
    if (hadItsChance && this.#active?.isRelay !== false) this.#output.tryHarder()
    this.#arrangeRounds(nowMs)
  }

  #startRound(nowMs: number): void {
    this.#isAsked = false
    this.#rounds.start(nowMs)
  }

  #probe(step: number, nowMs: number): void {
    if (step === 0) {
      this.#output.announce(this.#isAsked)
      this.#isAsked = false
    }
    if (this.isDirect && step >= ENOUGH_WHEN_DIRECT) {
      this.#rounds.finish()
      return
    }
    const { startedMs } = this.#rounds
    for (const path of [...this.#table.all]) {
      if (path.provenMs >= startedMs || (path === this.#active && path.unansweredSinceMs === LATER)) continue
      if (!path.isRelay || step === 0 || this.#isSuspect) this.#ping(path, nowMs)
    }
  }

  /** Without a session there is nothing to prove anything with: the ways are opened, and the peer called. */
  #openWays(): void {
    for (const path of this.#table.all) if (!path.isRelay) this.#output.open(path.endpoint)
    this.#output.knock()
  }

  #arrangeRounds(nowMs: number): void {
    if (this.isDirect) return
    const { sentMs, receivedMs } = this.#traffic
    const relayedForMs = this.#relayedSinceMs === NEVER ? 0 : nowMs - this.#relayedSinceMs
    const leastMs = this.#silence.roundPauseMs(this.#rounds.startedMs)
    if (nowMs - Math.max(sentMs, receivedMs) > WARM_MS) this.#rounds.rest()
    else this.#rounds.again(relayedForMs, leastMs, this.#random)
  }

  #measureStandbys(nowMs: number): void {
    let measured = 0
    for (const path of this.#table.all) {
      if (path === this.#active || path.isRelay || !path.isValid(nowMs)) continue
      if (nowMs - path.pingedMs < STANDBY_HEARTBEAT_MS || measured >= STANDBYS_MEASURED) continue
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

  #doubt(nowMs: number): void {
    const active = this.#active
    if (active === undefined) return
    this.#doubtedMs = nowMs
    this.#ping(active, nowMs)
    if (active.isRelay) this.#output.refresh(active)
    this.#route()
  }

  /** Whether the path in use has missed an answer. */
  #judge(nowMs: number): void {
    const active = this.#active
    if (active === undefined) return
    if (!active.isMissed(nowMs)) {
      if (active.isLate(nowMs) && active.provenMs > this.#doubtedMs) this.#doubt(nowMs)
      return
    }
    if (this.#table.standby(active)?.isMissed(nowMs) !== false) this.#seek(nowMs)
    if (!this.#isSuspect) this.#suspect(active, nowMs)
    const isDead = nowMs >= active.unansweredSinceMs + DEAD_AFTER_MS
    if (isDead) this.#giveUp(active, nowMs)
    else this.#decide(nowMs)
  }

  #suspect(active: Path, nowMs: number): void {
    this.#isSuspect = true
    this.#doubtedMs = nowMs
    const waitedMs = Math.round(nowMs - active.unansweredSinceMs)
    this.#output.story(`no answer by ${active.name} for ${waitedMs} ms`)
    this.#output.lookAgain()
    this.#startRound(nowMs)
    this.#route()
    const standby = this.#table.standby(active)
    if (standby !== undefined) this.#ping(standby, nowMs)
  }

  #giveUp(active: Path, nowMs: number): void {
    const relay = this.#table.standby(active)
    // Among relays that are all silent there is nothing to choose.
    if (relay === undefined || (active.isRelay && relay.isMissed(nowMs))) return
    const { unansweredSinceMs } = active
    active.unprove()
    this.#switch(relay, nowMs, unansweredSinceMs)
  }

  #seek(nowMs: number): void {
    if (nowMs < this.#silence.seekMs) return
    this.#silence.sought(nowMs)
    this.#output.seek()
  }

  /** Chooses anew after something was proved, missed or forgotten. */
  #decide(nowMs: number): void {
    const active = this.#active
    const isTrusted = active?.isValid(nowMs) && !active.isMissed(nowMs)
    const best = choosePath(this.#table.all, isTrusted ? active : undefined, nowMs)
    const isOnlyRelay = active !== undefined && best?.isRelay === true && !active.isRelay
    if (best !== undefined && best !== active && !isOnlyRelay) this.#switch(best, nowMs, undefined)
    if (this.#isSuspect && this.#active !== undefined && !this.#active.isMissed(nowMs))
      this.#isSuspect = false
    this.#route()
  }

  /** `silentSinceMs`: for how long the path before has not answered, if that is why. */
  #switch(path: Path, nowMs: number, silentSinceMs: number | undefined): void {
    const before = this.#active
    this.#cause = causeOfSwitch(this.#cause, before, path, this.#isSuspect, silentSinceMs)
    this.#active = path
    if (before?.isShown === false) before.unprove()
    this.#isSuspect = false
    if (path.isRelay && before?.isRelay !== true) this.#relayedSinceMs = nowMs
    const inMs = path.srttMs === undefined ? '' : `, ${path.srttMs.toFixed(1)} ms`
    const why = silentSinceMs === undefined ? '' : `: ${before?.name} is silent`
    this.#output.story(`by ${path.name}${inMs}${why}`)
    this.#route()
  }

  /** Tells the tunnel where packets go, if that has changed. */
  #route(): void {
    const active = this.#active
    if (active === undefined) return
    const isDoubted = this.#isSuspect || active.provenMs <= this.#doubtedMs
    const standby = isDoubted ? this.#table.standby(this.#active) : undefined
    const also = standby === undefined ? [] : [standby]
    const { isShown } = active
    if (this.#routed === active && this.#also[0] === standby && this.#isRoutedShown === isShown) return
    this.#routed = active
    this.#isRoutedShown = isShown
    this.#also = also
    if (standby !== undefined) this.#output.refresh(standby)
    this.#output.use(active, also)
  }

  #beatMs(nowMs: number): number {
    if (!this.#isUp || this.#active === undefined) return LATER
    return beatOf(this.#active, this.#traffic, this.#silence.challengeMs(this.#active), nowMs)
  }

  #judgementMs(nowMs: number): number {
    const active = this.#active
    if (!this.#isUp || active === undefined || active.unansweredSinceMs === LATER) return LATER
    const isDoubted = active.provenMs <= this.#doubtedMs
    if (!this.#isSuspect)
      return active.unansweredSinceMs + (isDoubted ? active.patienceMs : active.patienceMs / 2)
    const deadMs = active.unansweredSinceMs + DEAD_AFTER_MS
    const standby = this.#table.standby(active)
    const isGivenUp = standby !== undefined && !(active.isRelay && standby.isMissed(nowMs))
    return isGivenUp ? deadMs : Math.max(deadMs, this.#silence.seekMs)
  }

  #beat(nowMs: number): void {
    const active = this.#active
    if (active === undefined || this.#beatMs(nowMs) > nowMs) return
    this.#ping(active, nowMs)
    this.#measureStandbys(nowMs)
  }
}
