/**
 * The path that carries, and what is thought of it: it is doubted when an answer is late, suspected when one is
 * missed, and given up in the end. While it is in doubt everything goes over a relay as well, so that a path can die,
 * move or be replaced without losing a word; the tunnel's replay window drops what comes twice.
 */

import { INNER_MTU } from '../net/limits.ts'
import { choosePath } from './choice.ts'
import { PATH_GIVEN_UP_AFTER_MS } from './limits.ts'
import { innerMtuOf } from './mtu.ts'
import type { Path } from './path.ts'
import type { PathTable } from './path-table.ts'
import type { PathsOutput } from './paths-output.ts'
import { causeOfSwitch, type PathCause, SOUGHT } from './reason.ts'
import type { Silence } from './silence.ts'
import type { Traffic } from './traffic.ts'

export interface PathInUseParts {
  readonly table: PathTable
  readonly silence: Silence
  readonly traffic: Pick<Traffic, 'heardHereMs'>
  readonly output: Pick<PathsOutput, 'use' | 'turned' | 'refresh' | 'lookAgain' | 'story'>
  /** Challenges a path, if it may be. */
  readonly ping: (path: Path, nowMs: number) => void
  /** Nothing leads to the peer. */
  readonly seek: (nowMs: number) => void
  readonly startRound: (nowMs: number) => void
}

const NEVER = Number.NEGATIVE_INFINITY
const LATER = Number.POSITIVE_INFINITY

export class PathInUse {
  readonly #parts: PathInUseParts
  #path: Path | undefined
  #also: readonly Path[] = []
  /** Since when it has to prove itself anew. */
  #doubtedMs = NEVER
  #isSuspect = false
  #relayedSinceMs = NEVER
  #routed: Path | undefined
  #isRoutedShown = false
  #cause: PathCause = SOUGHT

  constructor(parts: PathInUseParts) {
    this.#parts = parts
  }

  get path(): Path | undefined {
    return this.#path
  }

  /** Why it is this one, or none. */
  get cause(): PathCause {
    return this.#cause
  }

  get isDirectAndAnswering(): boolean {
    return this.#path?.isRelay === false && !this.isSuspect
  }

  /** It has missed an answer, and has not answered since. */
  get isSuspect(): boolean {
    return this.#path !== undefined && this.#isSuspect
  }

  /** The longest packet that arrives by all paths that it is sent by. */
  get innerMtuBytes(): number {
    if (this.#path === undefined) return INNER_MTU
    return Math.min(innerMtuOf(this.#path), ...this.#also.map(innerMtuOf))
  }

  relayedForMs(nowMs: number): number {
    return this.#relayedSinceMs === NEVER ? 0 : nowMs - this.#relayedSinceMs
  }

  /** A tunnel is being opened. */
  sought(): void {
    this.#cause = SOUGHT
  }

  /** The session is over, and with it all use of paths. */
  ended(): void {
    this.#path = undefined
    this.#isSuspect = false
    this.#cause = { kind: 'given-up' }
  }

  /** This path is no more. */
  forgotten(path: Path, nowMs: number): void {
    const wasUsed = this.#path === path
    if (wasUsed) this.#path = undefined
    this.decide(nowMs)
    // Whatever relay there is: what nothing is sent by nobody asks either.
    const relay = this.#path === undefined && wasUsed ? this.#parts.table.standby(undefined) : undefined
    if (relay !== undefined) this.#switch(relay, nowMs, false)
  }

  /** The peer has come by another way with a session of its own making, and may not be here any more. */
  left(to: Path | undefined, nowMs: number): void {
    if (this.#path === undefined || this.#path === to) return
    if (to?.isRelay === true) this.#switch(to, nowMs, false)
    else if (!this.#path.isRelay) this.doubt(nowMs)
  }

  /** Both it and a relay carry until it has answered anew. */
  doubt(nowMs: number): void {
    const path = this.#path
    if (path === undefined) return
    this.#doubtedMs = nowMs
    this.#parts.ping(path, nowMs)
    if (path.isRelay) this.#parts.output.refresh(path)
    this.#route()
  }

  /** Whether it has missed an answer. */
  judge(nowMs: number): void {
    const path = this.#path
    if (path === undefined) return
    const there = this.#movedTo(path, nowMs)
    if (there !== undefined && nowMs >= path.unansweredSinceMs + path.followedAfterMs) {
      this.#switch(there, nowMs, false)
      this.#parts.output.turned()
      return
    }
    if (!path.isMissed(nowMs)) {
      if (path.isLate(nowMs) && path.provenMs > this.#doubtedMs) this.#late(nowMs)
      return
    }
    if (this.#parts.table.standby(path)?.isMissed(nowMs) !== false) this.#parts.seek(nowMs)
    if (!this.#isSuspect) this.#suspect(path, nowMs)
    const isOver = nowMs >= path.unansweredSinceMs + PATH_GIVEN_UP_AFTER_MS
    if (isOver) this.#giveUp(path, nowMs)
    else this.decide(nowMs)
  }

  /** When `judge` may come to something else. */
  judgementMs(nowMs: number): number {
    const path = this.#path
    if (path === undefined || path.unansweredSinceMs === LATER) return LATER
    const isDoubted = path.provenMs <= this.#doubtedMs
    if (this.#movedTo(path, nowMs) !== undefined) return path.unansweredSinceMs + path.followedAfterMs
    if (!this.#isSuspect) return path.unansweredSinceMs + path.patienceMs / (isDoubted ? 1 : 2)
    const givenUpMs = path.unansweredSinceMs + PATH_GIVEN_UP_AFTER_MS
    const hasRefuge = this.#refuge(path, nowMs) !== undefined
    return hasRefuge ? givenUpMs : Math.max(givenUpMs, this.#parts.silence.seekMs)
  }

  /**
   * Where the peer is heard and has answered since this path was asked, while by this one nothing came: nobody need wait
   * until it is missed. Whoever wants to bring that about must hold back what goes by this path, and would have it missed.
   */
  #movedTo(path: Path, nowMs: number): Path | undefined {
    const sinceMs = path.unansweredSinceMs
    if (path.isRelay || sinceMs === LATER || this.#parts.traffic.heardHereMs > sinceMs) return undefined
    return this.#parts.table.all.find(
      other =>
        other !== path &&
        !other.isRelay &&
        Math.min(other.heardMs, other.provenMs) >= sinceMs &&
        other.isValid(nowMs) &&
        !other.isMissed(nowMs),
    )
  }

  /** Chooses anew after something was proved, missed or forgotten. */
  decide(nowMs: number): void {
    const path = this.#path
    const wasSuspect = this.#isSuspect
    const isTrusted = path?.isValid(nowMs) === true && !path.isMissed(nowMs)
    const best = choosePath(this.#parts.table.all, isTrusted ? path : undefined, nowMs)
    const isOnlyRelay = path !== undefined && best?.isRelay === true && !path.isRelay
    if (best !== undefined && best !== path && !isOnlyRelay) this.#switch(best, nowMs, isTrusted)
    if (this.#path?.isMissed(nowMs) === false) this.#isSuspect = false
    this.#route()
    if (wasSuspect && !this.#isSuspect) this.#parts.output.turned()
  }

  /** What goes over a relay from now on arrives, whatever became of what went before. */
  #late(nowMs: number): void {
    this.doubt(nowMs)
    if (this.#also.length > 0) this.#parts.output.turned()
  }

  #suspect(path: Path, nowMs: number): void {
    const { table, output, ping, startRound } = this.#parts
    this.#isSuspect = true
    this.#doubtedMs = nowMs
    output.story(`no answer by ${path.name} for ${Math.round(nowMs - path.unansweredSinceMs)} ms`)
    output.lookAgain()
    startRound(nowMs)
    this.#route()
    const standby = table.standby(path)
    if (standby !== undefined) ping(standby, nowMs)
  }

  #giveUp(path: Path, nowMs: number): void {
    const relay = this.#refuge(path, nowMs)
    if (relay === undefined) return
    const { unansweredSinceMs } = path
    path.unprove()
    this.#switch(relay, nowMs, false, unansweredSinceMs)
    this.#parts.output.turned()
  }

  /** What is used when this one is given up. Among relays that are all silent there is nothing to choose. */
  #refuge(path: Path, nowMs: number): Path | undefined {
    const relay = this.#parts.table.standby(path)
    return path.isRelay && relay?.isMissed(nowMs) === true ? undefined : relay
  }

  /** `isTrusted`: the path before leads there, too. `silentSinceMs`: since when it has not answered, if that is why. */
  #switch(path: Path, nowMs: number, isTrusted: boolean, silentSinceMs?: number): void {
    const before = this.#path
    this.#cause = causeOfSwitch(this.#cause, before, path, isTrusted, silentSinceMs)
    this.#path = path
    if (before?.isShown === false) before.unprove()
    this.#isSuspect = false
    if (path.isRelay && before?.isRelay !== true) this.#relayedSinceMs = nowMs
    const inMs = path.srttMs === undefined ? '' : `, ${path.srttMs.toFixed(1)} ms`
    const why = silentSinceMs === undefined ? '' : `: ${before?.name} is silent`
    this.#parts.output.story(`by ${path.name}${inMs}${why}`)
    this.#route()
  }

  /** Tells the tunnel where packets go, if that has changed. */
  #route(): void {
    const path = this.#path
    if (path === undefined) return
    const { table, output } = this.#parts
    const isDoubted = this.#isSuspect || path.provenMs <= this.#doubtedMs
    const standby = isDoubted ? table.standby(path) : undefined
    const also = standby === undefined ? [] : [standby]
    const { isShown } = path
    if (this.#routed === path && this.#also[0] === standby && this.#isRoutedShown === isShown) return
    this.#routed = path
    this.#isRoutedShown = isShown
    this.#also = also
    if (standby !== undefined) output.refresh(standby)
    output.use(path, also)
  }
}
