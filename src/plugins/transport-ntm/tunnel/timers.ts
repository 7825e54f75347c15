/**
 * The deadlines of one peer (paper §6) and the rules that set them. A deadline is a number in a fixed slot, so
 * that moving one on the packet path is a store; what happens when one passes is decided in wake.ts.
 */

import { JITTER_MS, type TunnelLimits, ZERO_AFTER_REJECTS } from './constants.ts'
import type { Deadlines, Waiter } from './deadlines.ts'

/** An initiation is due: for the first time after a wait, or because the last was too recent. */
export const OPEN = 0
/** The initiation was not answered. */
export const RETRANSMIT = 1
/** We received data and said nothing since. */
export const KEEPALIVE = 2
/** We sent data and heard nothing since. */
export const SILENCE = 3
/** Nothing was sent or received for as long as the peer asked to be kept alive. */
export const PERSISTENT = 4
/** A replaced session has drained. */
export const RETIRED = 5
/** No new session for so long that all keys go. */
export const ZERO = 6
/** For all kinds; a plain array, because a typed one takes three times the memory. */
const NEVER: number[] = [OPEN, RETRANSMIT, KEEPALIVE, SILENCE, PERSISTENT, RETIRED, ZERO].map(() => Infinity)
type TimerKind =
  | typeof OPEN
  | typeof RETRANSMIT
  | typeof KEEPALIVE
  | typeof SILENCE
  | typeof PERSISTENT
  | typeof RETIRED
  | typeof ZERO

export class PeerTimers<P> implements Waiter {
  readonly peer: P
  wakeAt = 0
  heapIndex = -1
  readonly #at = NEVER.slice()
  readonly #limits: TunnelLimits
  readonly #deadlines: Deadlines<PeerTimers<P>>
  readonly #persistentMs: number
  #jitterMs = 0
  #keepaliveAgain = false

  /** @param persistentMs interval of persistent keepalives, 0 for none */
  constructor(peer: P, limits: TunnelLimits, deadlines: Deadlines<PeerTimers<P>>, persistentMs: number) {
    this.peer = peer
    this.#limits = limits
    this.#deadlines = deadlines
    this.#persistentMs = persistentMs
  }

  set(kind: TimerKind, at: number): void {
    this.#at[kind] = at
    this.#deadlines.wakeBy(this, at)
  }

  clear(kind: TimerKind): void {
    this.#at[kind] = Number.POSITIVE_INFINITY
  }

  isSet(kind: TimerKind): boolean {
    return this.#at[kind]! < Number.POSITIVE_INFINITY
  }

  /** Clears the deadline if it has passed, and says whether it had. */
  take(kind: TimerKind, now: number): boolean {
    if (this.#at[kind]! > now) return false
    this.clear(kind)
    return true
  }

  get earliest(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (let kind = 0; kind < this.#at.length; kind++) earliest = Math.min(earliest, this.#at[kind]!)
    return earliest
  }

  initiationSent(now: number, random: Uint8Array, timeoutMs: number): void {
    this.#jitterMs = (random[0]! | (random[1]! << 8)) % (JITTER_MS + 1)
    this.clear(OPEN)
    this.set(RETRANSMIT, now + timeoutMs + this.#jitterMs)
  }

  sessionDerived(now: number): void {
    this.set(ZERO, now + ZERO_AFTER_REJECTS * this.#limits.rejectAfterMs)
  }

  handshakeCompleted(): void {
    this.clear(RETRANSMIT)
    this.clear(OPEN)
  }

  /** Handshake, data or keepalive: the peer will hear from us. */
  authenticatedSent(now: number): void {
    this.clear(KEEPALIVE)
    this.traversed(now)
  }

  dataSent(now: number): void {
    if (!this.#limits.seeksSilent || this.isSet(SILENCE)) return
    this.set(SILENCE, now + this.#limits.keepaliveMs + this.#limits.rekeyTimeoutMs + this.#jitterMs)
  }

  /** Handshake, data or keepalive: the peer is there. */
  authenticatedReceived(now: number): void {
    this.clear(SILENCE)
    this.traversed(now)
  }

  dataReceived(now: number): void {
    if (this.isSet(KEEPALIVE)) this.#keepaliveAgain = true
    else this.set(KEEPALIVE, now + this.#limits.keepaliveMs)
  }

  /** After a passive keepalive: another is due if data came while the first was pending. */
  keepaliveSent(now: number): void {
    if (!this.#keepaliveAgain) return
    this.#keepaliveAgain = false
    this.set(KEEPALIVE, now + this.#limits.keepaliveMs)
  }

  /** A packet went either way, so the path is known to be open. */
  traversed(now: number): void {
    if (this.#persistentMs > 0) this.set(PERSISTENT, now + this.#persistentMs)
  }
}
