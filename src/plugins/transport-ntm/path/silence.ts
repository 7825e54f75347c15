/**
 * How a peer is asked that says nothing: closely at first, for a path may have died and another be there, then ever
 * more rarely, for it may be switched off. Whatever is heard of it, and an own move, end the silence; who wants to
 * talk with it has it asked at once.
 */
import {
  ASKED_EVERY_MAX_MS,
  ASKED_WHILE_SENDING_MS,
  BUSY_MS,
  DIRECTION_PAUSE_MS,
  PEER_SILENT_AFTER_MS,
} from './limits.ts'
import type { Path } from './path.ts'
import type { Traffic } from './traffic.ts'

const NEVER = Number.NEGATIVE_INFINITY
const LATER = Number.POSITIVE_INFINITY

/** As long as it has been in vain: each pause is twice the one before. */
const pauseOf = (inVainMs: number, leastMs: number): number =>
  Math.max(leastMs, Math.min(inVainMs, ASKED_EVERY_MAX_MS))

export class Silence {
  readonly #traffic: Traffic
  /** The first challenge, by whatever path, since anything was heard. */
  #sinceMs = LATER
  #wantedMs = NEVER
  #soughtMs = NEVER

  constructor(traffic: Traffic) {
    this.#traffic = traffic
  }

  /** A challenge was sent. */
  asked(nowMs: number): void {
    this.#sinceMs = Math.min(this.#sinceMs, nowMs)
  }

  /** The peer was heard, or this node is elsewhere now. */
  broken(): void {
    this.#sinceMs = LATER
  }

  /** Somebody wants to talk with the peer. */
  wanted(nowMs: number): void {
    this.#wantedMs = nowMs
  }

  /** A coordinator was asked for the peer. */
  sought(nowMs: number): void {
    this.#soughtMs = nowMs
  }

  /** Nothing was heard of it for so long that it is asked ever more rarely. */
  isSilent(nowMs: number): boolean {
    return nowMs >= this.#silentFromMs
  }

  /** When the next challenge of a path that has not answered is due. */
  challengeMs({ pingedMs, patienceMs }: Path): number {
    const pauseMs = pauseOf(pingedMs - Math.max(this.#silentFromMs, this.#wantedMs), patienceMs / 3)
    const isSending = pingedMs - this.#traffic.sentMs < BUSY_MS
    return pingedMs + (isSending ? Math.min(pauseMs, ASKED_WHILE_SENDING_MS) : pauseMs)
  }

  /** When a coordinator may be asked again. That costs others: who wants to talk is good for one request. */
  get seekMs(): number {
    const isWanted = this.#wantedMs > this.#soughtMs
    const inVainMs = isWanted ? 0 : this.#soughtMs - this.#silentFromMs
    return this.#soughtMs + pauseOf(inVainMs, DIRECTION_PAUSE_MS)
  }

  /** For how long after its start a round is not followed by another. */
  roundPauseMs(startedMs: number): number {
    return pauseOf(startedMs - this.#silentFromMs, 0)
  }

  get #silentFromMs(): number {
    const { receivedMs, heardHereMs } = this.#traffic
    return Math.max(this.#sinceMs, receivedMs, heardHereMs) + PEER_SILENT_AFTER_MS
  }
}
