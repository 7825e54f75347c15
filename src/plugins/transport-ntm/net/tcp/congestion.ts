/**
 * What a congestion control is to the sender: two figures that it may be asked at any time, how much may be in
 * flight and how fast it may leave, and the news that change them. One control serves one connection.
 */

/**
 * What one acknowledgement told. There is one such object per connection, filled anew for each ACK: read it during
 * the call, keep nothing of it.
 */
export interface AckNews {
  nowMs: number
  /** Delivered for the first time by this ACK, by SACK too. */
  ackedBytes: number
  /** Found lost at this ACK. */
  lostBytes: number
  /** Still in flight after this ACK; and before it. */
  inFlightBytes: number
  priorInFlightBytes: number
  /** Round trip of the newest segment that this ACK delivered, undefined where it cannot be told. */
  rttMs: number | undefined
  /** Delivered since the connection began. */
  deliveredBytes: number
  /** `deliveredBytes` when the newest segment delivered now had left, which marks round trips; -1: no sample. */
  priorDeliveredBytes: number
  /** Delivery rate over the flight of that segment; 0: no sample. */
  rateBytesPerMs: number
  /** The sample shows how little there was to send, not how much the path carries. */
  isAppLimited: boolean
  /** The sender would have sent more if the window of the congestion control had been larger. */
  isCwndLimited: boolean
  /** This ACK repairs: some loss is not yet acknowledged. */
  isRecovering: boolean
}

export interface CongestionControl {
  readonly name: string
  /** Most bytes in flight. */
  readonly cwndBytes: number
  /** Infinity: not paced. */
  readonly pacingBytesPerMs: number
  setMss(mssBytes: number): void
  /** Something is about to leave where nothing was in flight. */
  restarted(nowMs: number, isAppLimited: boolean): void
  acked(news: AckNews): void
  /** The first loss of a recovery was found; in flight without what is lost. */
  recovering(nowMs: number, inFlightBytes: number): void
  /** Everything that had been lost is repaired. */
  recovered(nowMs: number): void
  /** The retransmission timer ran out: everything unacknowledged counts as lost. */
  timedOut(nowMs: number): void
  /** The last recovery or timeout was for nothing: what it changed is taken back. */
  undo(): void
  /** The path is another one: what was learned of the old one does not hold. */
  turned(nowMs: number): void
  /** For people who look: the state's name. */
  readonly phase: string
}

export interface CongestionOptions {
  readonly mssBytes: number
  readonly nowMs: number
  /** From 0 up to 1: only BBR asks, so that flows do not probe in step. */
  readonly random: () => number
  /** How many connections to the same peer have something under way, this one among them: they share a path and its queue. */
  readonly sharers?: () => number
}

export const newAckNews = (): AckNews => ({
  nowMs: 0,
  ackedBytes: 0,
  lostBytes: 0,
  inFlightBytes: 0,
  priorInFlightBytes: 0,
  rttMs: undefined,
  deliveredBytes: 0,
  priorDeliveredBytes: 0,
  rateBytesPerMs: 0,
  isAppLimited: false,
  isCwndLimited: false,
  isRecovering: false,
})
