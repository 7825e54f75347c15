/**
 * What RFC 9293 and its companions ask of each segment that an end sends, given what it has sent and what has come to
 * it. Each rule yields the sentences that say what is wrong; `isPrompt` ends are held to what came a moment ago.
 */
import { type End, has, isLater, lengthOf, type Opening, offsetOf, shiftOf } from './end.ts'
import { ACK, FIN, PSH, RST, type Seen, SYN, URG } from './wire.ts'

export interface Sending {
  readonly end: End
  readonly other: End
  readonly seen: Seen
  /** Whether it acts on what came before it sends again: ours does, a kernel across a device may not have yet. */
  readonly isPrompt: boolean
}

/** RFC 1122 §4.2.3.2. */
export const ACK_DELAY_MAX_MS = 500
const SCALE_MAX = 14
const SACK_BYTES_MAX = 40

export function* flagRules({ end, seen, isPrompt }: Sending): Iterable<string> {
  if (has(seen, SYN) && has(seen, FIN)) yield 'SYN and FIN in one segment'
  if (has(seen, URG) || seen.urgent !== 0) yield 'an urgent pointer that nobody asked for'
  if ((seen.flags & ~(FIN | SYN | RST | PSH | ACK)) !== 0) yield `flags ${seen.flags.toString(16)}`
  if (!has(seen, SYN) && end.isn === undefined) yield 'speaks before its SYN'
  if (!has(seen, ACK) && !has(seen, SYN)) yield 'a segment without ACK after the SYN'
  if (has(seen, SYN) && seen.payload.length > 0) yield 'data in a SYN'
  if (has(seen, SYN) && end.isn !== undefined && end.isn !== seen.seq) yield 'another initial sequence number'
  if (isPrompt && has(seen, SYN) && end.ackedSure > 0) yield 'a SYN after its SYN was acknowledged'
  if (!has(seen, SYN) && end.heard === undefined) yield 'something else than a SYN while nobody has answered'
}

export function* openingRules({ end, other, seen }: Sending): Iterable<string> {
  if (!has(seen, SYN)) {
    if (seen.mss !== undefined || seen.scale !== undefined || seen.sackPermitted)
      yield 'an option outside of a SYN that belongs there'
    return
  }
  if (seen.scale !== undefined && seen.scale > SCALE_MAX) yield `a window scale of ${seen.scale}`
  if (seen.mss === undefined) yield 'a SYN without a maximum segment size'
  if (end.opening !== undefined && has(seen, ACK) === end.acked >= 0 && !isSameOpening(end.opening, seen))
    yield 'a SYN that says another thing than before'
  if (!has(seen, ACK)) return
  const { heard } = end
  if (heard === undefined) yield 'answers a SYN that has not come'
  else {
    if (heard.scale === undefined && seen.scale !== undefined) yield 'scales its window towards who does not'
    if (!heard.sackPermitted && seen.sackPermitted) yield 'permits SACK to who did not'
    if (!heard.stamped && seen.stamp !== undefined) yield 'stamps towards who does not'
  }
  if (other.isn === undefined) yield 'answers nobody'
}

/** The path may carry less by now, so the segment size may be another. */
const isSameOpening = ({ scale, sackPermitted, stamped }: Opening, seen: Seen): boolean =>
  seen.scale === scale && seen.sackPermitted === sackPermitted && (seen.stamp !== undefined) === stamped

export function* sequenceRules({ end, seen, isPrompt }: Sending): Iterable<string> {
  const from = offsetOf(end.isn ?? seen.seq, end.sentTo, seen.seq)
  const length = lengthOf(seen)
  const to = from + length
  if (from < 0) yield `a sequence number ${-from} before its first`
  if (from > end.sentTo) yield `leaves out the numbers ${end.sentTo} to ${from}`
  if (has(seen, SYN)) return
  if (length > 0 && end.ackedGot < 1) yield 'data before its SYN was acknowledged'
  if (to > end.edgeGot + (length <= 1 ? 1 : 0) && length > 0)
    yield `numbers up to ${to}, and the window ends at ${end.edgeGot}`
  if (end.finAt !== undefined) {
    if (to > end.finAt + 1) yield `data behind its FIN at ${end.finAt}`
    if (has(seen, FIN) && to - 1 !== end.finAt)
      yield `a second FIN at ${to - 1}, the first was at ${end.finAt}`
    if (!has(seen, FIN) && to === end.finAt + 1 && length > 0) yield 'a byte where its FIN was'
  }
  if (has(seen, FIN) && to < end.sentTo) yield `a FIN at ${to - 1}, and numbers up to ${end.sentTo} are used`
  // One number below what is acknowledged is how a keepalive looks (RFC 9293 §3.8.4).
  if (isPrompt && length <= 1 && from < end.ackedSure - 1) yield `is at ${from} and knows of ${end.ackedSure}`
  if (isPrompt && length > 0 && to <= end.ackedSure && from !== end.ackedSure - 1)
    yield `sends ${from} to ${to} again, and knows of ${end.ackedSure}`
  if (!end.bytes.agrees(from, seen.payload)) yield `other bytes at ${from} to ${to} than before`
}

export function* acknowledgementRules({ end, other, seen }: Sending): Iterable<string> {
  if (!has(seen, ACK)) {
    if (seen.ack !== 0) yield 'an acknowledgement number without ACK'
    return
  }
  if (other.isn === undefined) {
    yield 'acknowledges somebody who never spoke'
    return
  }
  const acked = offsetOf(other.isn, other.sentTo, seen.ack)
  if (acked > end.got.prefix) yield `acknowledges ${acked}, and only ${end.got.prefix} has come`
  if (acked < end.acked) yield `acknowledges ${acked} after ${end.acked}`
  // Behind the other's FIN nothing can come, whatever the window says.
  if (end.finGotAt !== undefined && acked > end.finGotAt) return
  const unit = 2 ** (has(seen, SYN) ? 0 : shiftOf(end, other))
  const edge = acked + seen.window * unit
  // Less than a unit of the window may be taken back, because no window can say it (RFC 7323 §2.4).
  if (edge <= end.edge - unit) yield `moves the end of its window from ${end.edge} back to ${edge}`
}

export function* sackRules({ end, other, seen, isPrompt }: Sending): Iterable<string> {
  if (seen.sacks.length === 0 || other.isn === undefined) return
  if (end.heard?.sackPermitted !== true) yield 'SACK that was not permitted'
  if (!has(seen, ACK)) yield 'SACK without ACK'
  const isn = other.isn
  const acked = offsetOf(isn, other.sentTo, seen.ack)
  const blocks = seen.sacks.map(
    pair => pair.map(number => offsetOf(isn, other.sentTo, number)) as [number, number],
  )
  for (const [at, [from, to]] of blocks.entries()) {
    if (from >= to) yield `a SACK block from ${from} to ${to}`
    else if (!end.got.has(from, to)) yield `a SACK block ${from} to ${to} of what has not come`
    const isTwice = at === 0 && isDuplicate(blocks, acked)
    // Linux repeats blocks that it has acknowledged once the FIN is there, too.
    if (isPrompt && !isTwice && from <= acked) yield `a SACK block from ${from} that is not above ${acked}`
    const meets = blocks.slice(at + 1).some(([left, right]) => left < to && right > from)
    if (!isTwice && meets) yield 'SACK blocks that overlap'
  }
}

/** Whether the first block reports what came twice (RFC 2883 §4). */
const isDuplicate = (blocks: readonly (readonly [number, number])[], acked: number): boolean => {
  const [from, to] = blocks[0]!
  return to <= acked || blocks.slice(1).some(([left, right]) => left <= from && to <= right)
}

export function* stampRules({ end, other, seen }: Sending): Iterable<string> {
  const isAgreed = end.opening?.stamped === true && end.heard?.stamped === true
  const { stamp } = seen
  if (has(seen, SYN) && !has(seen, ACK)) {
    if (stamp !== undefined && stamp.echo !== 0) yield 'echoes a timestamp in its first SYN'
  } else if (!has(seen, SYN) && other.opening !== undefined && end.opening !== undefined) {
    if (isAgreed && stamp === undefined) yield 'leaves out the timestamp that both agreed on'
    if (!isAgreed && stamp !== undefined) yield 'a timestamp that was not agreed on'
  }
  if (stamp === undefined) return
  if (end.stampSent !== undefined && isLater(end.stampSent, stamp.value))
    yield `timestamp ${stamp.value} after ${end.stampSent}`
  if (!has(seen, ACK)) return
  if (end.stampGot === undefined || isLater(stamp.echo, end.stampGot))
    yield `echoes timestamp ${stamp.echo}, and the latest that came is ${end.stampGot}`
  if (end.echoSent !== undefined && isLater(end.echoSent, stamp.echo))
    yield `echoes timestamp ${stamp.echo} after ${end.echoSent}`
}

export function* sizeRules({ end, seen }: Sending): Iterable<string> {
  const { heard } = end
  // RFC 6691: options come out of the size that the other named.
  if (heard !== undefined && seen.payload.length > 0 && seen.payload.length + seen.optionBytes > heard.mss)
    yield `${seen.payload.length} bytes and ${seen.optionBytes} of options, and the other takes ${heard.mss}`
  if (seen.optionBytes > SACK_BYTES_MAX) yield `${seen.optionBytes} bytes of options`
}

/** RFC 9293 §3.5.2, and where the number stands that RFC 5961 has the other look at. */
export function* resetRules(sending: Sending, mayReset: boolean): Iterable<string> {
  const { end, other, seen } = sending
  if (seen.payload.length > 0) yield 'a reset with data'
  if (has(seen, SYN) || has(seen, FIN)) yield 'a reset with SYN or FIN'
  const isOver = end.hasReset || end.isReset || end.isConfused || hasEnded(end)
  const isRefusal = end.isn === undefined
  if (!mayReset && !isOver && !isRefusal) yield 'a reset without a reason'
  if (end.isn !== undefined && !end.isConfused) {
    const at = offsetOf(end.isn, end.sentTo, seen.seq)
    if (at < 0 || at > end.sentTo) yield `a reset at ${at}, which was never sent`
  } else if (isRefusal && !end.isConfused && other.isn !== undefined && has(seen, ACK)) {
    const acked = offsetOf(other.isn, other.sentTo, seen.ack)
    if (acked > end.got.prefix)
      yield `a reset that acknowledges ${acked}, and only ${end.got.prefix} has come`
  }
}

/** Its FIN is acknowledged and the other's has come: CLOSED or TIME-WAIT. */
export const hasEnded = (end: End): boolean =>
  end.finAt !== undefined &&
  end.ackedGot > end.finAt &&
  end.finGotAt !== undefined &&
  end.got.prefix > end.finGotAt
