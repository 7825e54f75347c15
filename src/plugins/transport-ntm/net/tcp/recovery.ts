/**
 * An episode of loss: from the first loss found (or the timeout) until everything that had left by then is
 * acknowledged. Tells when it was for nothing, by the echoed timestamp (Eifel, RFC 3522), by an original that
 * arrives after a timeout (F-RTO, RFC 5682), or because all that was held for lost arrived before it left again or
 * turned out to have come twice (D-SACK, RFC 3708).
 */

/** The other side's clock ticks are a millisecond, and our own is rounded down when it is written. */
const ECHO_GRANULARITY_MS = 1

export type Episode = 'none' | 'loss' | 'timeout'

export class Recovery {
  episode: Episode = 'none'
  /** The episode ends when this is acknowledged. */
  #endOffset = 0
  /** Transmissions up to this one were made before the episode. */
  #beganOrder = 0
  #firstAgainAtMs: number | undefined
  /** Held for lost, and of these what had arrived nevertheless. */
  #doubtedBytes = 0
  #arrivedBytes = 0

  begin(episode: 'loss' | 'timeout', endOffset: number, newestOrder: number): void {
    this.episode = episode
    this.#endOffset = endOffset
    this.#beganOrder = newestOrder
    this.#firstAgainAtMs = undefined
    this.#doubtedBytes = 0
    this.#arrivedBytes = 0
  }

  sentAgain(nowMs: number): void {
    this.#firstAgainAtMs ??= nowMs
  }

  doubted(bytes: number): void {
    this.#doubtedBytes += bytes
  }

  arrivedAfterAll(bytes: number): void {
    this.#arrivedBytes += bytes
  }

  /** A retransmission of this episode is lost in turn: congestion goes on (RFC 5681 §4.3). */
  isLostAgain(order: number): boolean {
    return this.episode !== 'none' && order > this.#beganOrder
  }

  isOver(ackOffset: number): boolean {
    return this.episode !== 'none' && ackOffset >= this.#endOffset
  }

  /** Whether a repeated ACK may begin one: not if it can answer what the last one sent for nothing (RFC 6582 §3.2). */
  mayBegin(ackOffset: number): boolean {
    return this.episode === 'none' && ackOffset > this.#endOffset
  }

  end(): void {
    this.episode = 'none'
  }

  /** Whether the echo, which is so old now, was sent with an original rather than with a retransmission. */
  isEchoOfOriginal(echoAgeMs: number | undefined, nowMs: number): boolean {
    if (echoAgeMs === undefined || this.#firstAgainAtMs === undefined) return false
    return nowMs - echoAgeMs + ECHO_GRANULARITY_MS <= this.#firstAgainAtMs
  }

  /** Whether this transmission was made to repair in this episode. */
  isRepair(order: number, wasAgain: boolean): boolean {
    return this.episode !== 'none' && wasAgain && order > this.#beganOrder
  }

  /** Whether an original of before the timeout has arrived: this transmission, never repeated. */
  isOriginal(order: number, wasAgain: boolean): boolean {
    return this.episode === 'timeout' && !wasAgain && order <= this.#beganOrder
  }

  /** Nothing that was held for lost was lost. Holds after the episode, too, until the next one. */
  get isForNothing(): boolean {
    return this.#doubtedBytes > 0 && this.#arrivedBytes >= this.#doubtedBytes
  }

  forget(): void {
    this.episode = 'none'
    this.#firstAgainAtMs = undefined
    this.#doubtedBytes = 0
    this.#arrivedBytes = 0
  }
}
