/**
 * What an observer knows of one end of a connection: what it has sent, what it has promised, and what has come to
 * it. Offsets count from the SYN of the side that sends: 0 is its SYN, 1 its first byte. Rules stand in `rules.ts`.
 */
import { Ranges } from './ranges.ts'
import { SentBytes } from './sent-bytes.ts'
import { ACK, FIN, type Seen, SYN } from './wire.ts'

/** What an end said in its SYN. */
export interface Opening {
  readonly mss: number
  readonly scale: number | undefined
  readonly sackPermitted: boolean
  readonly stamped: boolean
}

/** RFC 9293 §3.7.1, RFC 8200: what is assumed of who says nothing. */
const usualMss = (version: 4 | 6): number => (version === 4 ? 536 : 1220)

export const openingOf = (seen: Seen): Opening => ({
  mss: seen.mss ?? usualMss(seen.version),
  scale: seen.scale,
  sackPermitted: seen.sackPermitted,
  stamped: seen.stamp !== undefined,
})

export const has = (seen: Seen, flag: number): boolean => (seen.flags & flag) !== 0

/** How many sequence numbers a segment takes. */
export const lengthOf = (seen: Seen): number =>
  seen.payload.length + (has(seen, SYN) ? 1 : 0) + (has(seen, FIN) ? 1 : 0)

export class End {
  // What it sent.
  isn: number | undefined
  opening: Opening | undefined
  /** One more than the last number it used. */
  sentTo = 0
  finAt: number | undefined
  /** Of the other's stream: up to where it has acknowledged, and up to where it lets the other send. */
  acked = -1
  edge = -1
  stampSent: number | undefined
  echoSent: number | undefined
  readonly bytes = new SentBytes()
  resentBytes = 0
  hasReset = false

  // What came to it.
  readonly got = new Ranges()
  heard: Opening | undefined
  /** Of its own stream: up to where it knows it acknowledged, and up to where it may send. */
  ackedGot = 0
  edgeGot = 0
  /** Up to where a segment acknowledged that it cannot have thrown away unread. */
  ackedSure = 0
  stampGot: number | undefined
  /** A reset that it had to believe has come. */
  isReset = false
  /** Something came that was not the other end's, or is from before. */
  isConfused = false
  owesAckSinceMs: number | undefined
  finGotAt: number | undefined
}

/** The offset that a 32-bit number stands for: the one nearest to what is expected. */
export const offsetOf = (isn: number, near: number, number: number): number =>
  near + ((number - isn - near) | 0)

/** Later, as 32-bit numbers are compared (RFC 7323 §5.2). */
export const isLater = (one: number, other: number): boolean => ((one - other) | 0) > 0

/** Whether both ends said that their windows are scaled, as far as this end can know. */
export const shiftOf = (end: End, other: End): number =>
  end.opening?.scale !== undefined && other.opening?.scale !== undefined ? end.opening.scale : 0

/** Notes what came to an end. It may be more than the end makes use of: this bounds what it may claim. */
export function hear(end: End, other: End, seen: Seen, nowMs: number): void {
  if (other.isn === undefined) return
  const from = offsetOf(other.isn, other.sentTo, seen.seq)
  const to = from + lengthOf(seen)
  if (has(seen, SYN)) end.heard = openingOf(seen)
  if (has(seen, FIN)) end.finGotAt = to - 1
  const before = end.got.prefix
  const isSure = isAcceptable(end, seen, from, to)
  end.got.add(from, to)
  const isWelcome = end.edge >= 0 && to <= end.edge && end.heard !== undefined
  if (isWelcome && end.got.prefix > before) end.owesAckSinceMs ??= nowMs
  if (seen.stamp !== undefined && (end.stampGot === undefined || isLater(seen.stamp.value, end.stampGot)))
    end.stampGot = seen.stamp.value
  if (!has(seen, ACK) || end.isn === undefined) return
  const acked = offsetOf(end.isn, end.sentTo, seen.ack)
  if (acked > end.sentTo) return
  end.ackedGot = Math.max(end.ackedGot, acked)
  if (isSure) end.ackedSure = Math.max(end.ackedSure, acked)
  const shift = has(seen, SYN) ? 0 : shiftOf(other, end)
  end.edgeGot = Math.max(end.edgeGot, acked + seen.window * 2 ** shift)
  end.bytes.forget(end.ackedGot)
}

/** RFC 9293 §3.10.7.4, first check, and RFC 7323 §5.3: what fails is dropped, its acknowledgement with it. */
const isAcceptable = (end: End, seen: Seen, from: number, to: number): boolean => {
  const isOld =
    seen.stamp !== undefined && end.stampGot !== undefined && isLater(end.stampGot, seen.stamp.value)
  if (isOld || end.heard === undefined) return !isOld && has(seen, SYN)
  return from <= end.edge && (to > from ? to > end.got.prefix : from >= end.got.prefix)
}
