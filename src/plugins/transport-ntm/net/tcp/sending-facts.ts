/**
 * What a sender half is made with, and what it tells of itself to people who look. All of it is plain data.
 */
import type { CongestionControl } from './congestion.ts'

export interface SendingOptions {
  readonly congestion: CongestionControl
  /** Payload of the largest segment, options taken off. */
  readonly mssBytes: number
  readonly nowMs: number
  /** First offset that is not yet acknowledged: 0 (with the SYN) unless told. */
  readonly startOffset?: number
  /** Where the peer's window ends: only the SYN may leave unless told. */
  readonly windowEndOffset?: number
}

/** Since the connection began. */
export interface SendingCounts {
  sentBytes: number
  retransmittedBytes: number
  deliveredBytes: number
  lostBytes: number
  timeouts: number
  tailProbes: number
  zeroWindowProbes: number
  undone: number
}

export interface SendingFacts extends Readonly<SendingCounts> {
  readonly congestion: string
  readonly phase: string
  readonly mssBytes: number
  /** undefined before the first sample. */
  readonly srttMs: number | undefined
  readonly rttVarMs: number | undefined
  readonly minRttMs: number | undefined
  readonly rtoMs: number
  readonly cwndBytes: number
  readonly pacingBytesPerMs: number
  /** The last sample of the delivery rate; 0 before the first. */
  readonly deliveryBytesPerMs: number
  readonly inFlightBytes: number
  readonly isRecovering: boolean
}

export const newCounts = (): SendingCounts => ({
  sentBytes: 0,
  retransmittedBytes: 0,
  deliveredBytes: 0,
  lostBytes: 0,
  timeouts: 0,
  tailProbes: 0,
  zeroWindowProbes: 0,
  undone: 0,
})
