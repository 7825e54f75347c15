/**
 * One way to a peer: an endpoint, whether it has shown that it works, and how long it takes. A way is proved by a
 * challenge that came back by it; the peer cannot answer what it never got, so nobody can have us send to others.
 */
import { type Endpoint, endpointText } from '../tunnel/endpoint.ts'
import {
  FOLLOWED_AFTER_MS,
  PATIENCE_MIN_MS,
  PATIENCE_UNKNOWN_MS,
  PINGS_OPEN_MAX,
  VALID_MS,
} from './limits.ts'
import { PathMtu } from './mtu.ts'

/**
 * How a path was learnt: from the peer, from a coordinator that sees the peer there, by a packet that came from there,
 * of old, on the own link, by a relay.
 */
export type PathOrigin = 'announced' | 'attested' | 'observed' | 'remembered' | 'nearby' | 'relay'

/** Whether somebody has shown to be there before: to us, to a coordinator, or by its right to a slot. */
export const isShownBy = (origin: PathOrigin): boolean =>
  origin === 'attested' || origin === 'remembered' || origin === 'relay'

interface Ping {
  readonly token: Buffer
  readonly sentMs: number
}

const NEVER = Number.NEGATIVE_INFINITY

export class Path {
  readonly endpoint: Endpoint
  readonly origin: PathOrigin
  /** The last answer that came by it; -Infinity: none yet. */
  provenMs = NEVER
  /** The last authentic packet that came by it while it was not in use. */
  heardMs = NEVER
  pingedMs = NEVER
  /** The first challenge since the last answer. */
  unansweredSinceMs = Number.POSITIVE_INFINITY
  srttMs: number | undefined
  varMs = 0
  /** Whether the peer was ever seen to be there. */
  isShown: boolean
  /** Bytes that may still go there although nothing has proved it. */
  creditBytes: number
  /** How often in a row it was found better than the one in use. */
  betterTimes = 0
  readonly mtu = new PathMtu()
  readonly #pings: Ping[] = []

  constructor(endpoint: Endpoint, origin: PathOrigin) {
    this.endpoint = endpoint
    this.origin = origin
    this.isShown = isShownBy(origin)
    this.creditBytes = this.#usualCredit
  }

  get isRelay(): boolean {
    return this.origin === 'relay'
  }

  /** Whether it need not be counted what goes there: others' word, or an answer of late. Who was there may have left. */
  isShownNow(nowMs: number): boolean {
    return isShownBy(this.origin) || this.isValid(nowMs)
  }

  /** For the journal: `198.51.100.7:4500`, or `the relay at …`. */
  get name(): string {
    const place = endpointText(this.endpoint)
    return this.isRelay ? `the relay at ${place}` : place
  }

  isValid(nowMs: number): boolean {
    return nowMs - this.provenMs < VALID_MS
  }

  /** Whether a challenge has been unanswered for longer than it takes. */
  isMissed(nowMs: number): boolean {
    // As the deadline is written down: a difference may be rounded to just below it.
    return nowMs >= this.unansweredSinceMs + this.patienceMs
  }

  /** Whether an answer takes longer than it used to. */
  isLate(nowMs: number): boolean {
    return nowMs >= this.unansweredSinceMs + this.patienceMs / 2
  }

  /** How long it is waited for where the peer has answered from another place: usual round trips, and no more. */
  get followedAfterMs(): number {
    return this.srttMs === undefined ? this.patienceMs : 2 * (this.srttMs + this.varMs) + FOLLOWED_AFTER_MS
  }

  /** How long an answer may take. */
  get patienceMs(): number {
    if (this.srttMs === undefined) return PATIENCE_UNKNOWN_MS
    return Math.max(PATIENCE_MIN_MS, 3 * this.srttMs + 2 * this.varMs)
  }

  pinged(token: Buffer, nowMs: number): void {
    if (this.#pings.length >= PINGS_OPEN_MAX) this.#pings.shift()
    this.#pings.push({ token, sentMs: nowMs })
    if (this.unansweredSinceMs === Number.POSITIVE_INFINITY) this.unansweredSinceMs = nowMs
  }

  /** Takes the challenge that this answers; the time it was sent, or undefined. */
  answered(token: Uint8Array): number | undefined {
    const at = this.#pings.findIndex(ping => ping.token.equals(token))
    return at < 0 ? undefined : this.#pings.splice(at, 1)[0]!.sentMs
  }

  /** An answer came back by this path. RFC 6298 says how round trips are smoothed. */
  proved(rttMs: number, nowMs: number): void {
    const { srttMs } = this
    if (srttMs === undefined) this.varMs = rttMs / 2
    else this.varMs = 0.75 * this.varMs + 0.25 * Math.abs(srttMs - rttMs)
    this.srttMs = srttMs === undefined ? rttMs : 0.875 * srttMs + 0.125 * rttMs
    this.isShown = true
    this.creditBytes = Number.POSITIVE_INFINITY
    this.#good(nowMs)
  }

  /**
   * A handshake went through it, and it is in use: the best that is known, although whoever passes a handshake on can
   * have it come from anywhere. What may go there the tunnel counts.
   */
  established(nowMs: number): void {
    this.creditBytes = Number.POSITIVE_INFINITY
    this.#good(nowMs)
  }

  /** Nothing that was known of it holds any more: an end of it has moved, or it is left without having answered. */
  unprove(): void {
    this.provenMs = NEVER
    this.creditBytes = this.#usualCredit
    this.#pings.length = 0
    this.mtu.forget()
    this.unansweredSinceMs = Number.POSITIVE_INFINITY
  }

  get #usualCredit(): number {
    return this.origin === 'observed' && !this.isShown ? 0 : Number.POSITIVE_INFINITY
  }

  #good(nowMs: number): void {
    this.provenMs = nowMs
    this.unansweredSinceMs = Number.POSITIVE_INFINITY
  }
}
