/**
 * What was sent and is not yet acknowledged, one record a segment, in columns of a ring that grows by doubling: a
 * window of 16 MiB is 15,000 segments, too many to be objects. Records have numbers that only grow, and each begins
 * where the one before ends.
 */

/** Bits of `state`. */
export const SACKED = 1
/** Believed lost and not sent again yet. */
export const LOST = 2
/** Sent more than once: says nothing about round trips (RFC 6298 §3). */
export const AGAIN = 4
/** Sent while the application had nothing more. */
export const LIMITED = 8

const SMALLEST_RING = 16

type Column = Float64Array<ArrayBuffer>

const column = (size: number): Column => new Float64Array(size)

export class Records {
  /** Number of the oldest record, and one more than that of the newest. */
  first = 0
  end = 0
  /** Where the newest record ends. */
  endOffset: number
  #mask = SMALLEST_RING - 1
  state = new Uint8Array(SMALLEST_RING)
  start = column(SMALLEST_RING)
  sentAtMs = column(SMALLEST_RING)
  /** Which transmission of the connection it was: a clock without ties. */
  order = column(SMALLEST_RING)
  /** Neighbours in the list that the record is in. */
  older = column(SMALLEST_RING)
  newer = column(SMALLEST_RING)
  /** A later record that may be unsacked where this one is sacked; else itself. */
  skip = column(SMALLEST_RING)
  /** What `RateSampler` knew when the record left. */
  delivered = column(SMALLEST_RING)
  priorBytes = column(SMALLEST_RING)
  priorAtMs = column(SMALLEST_RING)
  firstSentAtMs = column(SMALLEST_RING)

  constructor(startOffset: number) {
    this.endOffset = startOffset
  }

  /** Where a record's values stand in the columns. */
  at(record: number): number {
    return record & this.#mask
  }

  startOf(record: number): number {
    return record < this.end ? this.start[record & this.#mask]! : this.endOffset
  }

  endOf(record: number): number {
    return this.startOf(record + 1)
  }

  bytesOf(record: number): number {
    return this.startOf(record + 1) - this.startOf(record)
  }

  is(record: number, bits: number): boolean {
    return (this.state[record & this.#mask]! & bits) !== 0
  }

  /** A new record from the end of the last one up to here. */
  append(toOffset: number): number {
    if (this.end - this.first > this.#mask) this.#grow()
    const record = this.end++
    const at = record & this.#mask
    this.start[at] = this.endOffset
    this.skip[at] = record
    this.state[at] = 0
    this.endOffset = toOffset
    return record
  }

  /** The record that holds this offset, which must be at or after the first one's start. */
  find(offset: number): number {
    let low = this.first
    let high = this.end
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.start[middle & this.#mask]! <= offset) low = middle
      else high = middle
    }
    return low
  }

  /** The first record at or after this one that is not sacked; `end` if there is none. */
  unsackedFrom(record: number): number {
    let here = record
    while (here < this.end) {
      const at = here & this.#mask
      const next = this.skip[at]!
      if (next === here) return here
      // Each walk halves the way of the next one: what is sacked already costs nearly nothing to pass.
      if (next < this.end) this.skip[at] = this.skip[next & this.#mask]!
      here = next
    }
    return this.end
  }

  /** Takes over how another ring's record left; where it begins and ends, and its neighbours, stay. */
  copyFrom(other: Records, record: number, own: number): void {
    const from = other.at(record)
    const to = this.at(own)
    this.state[to] = other.state[from]!
    this.skip[to] = (other.state[from]! & SACKED) === 0 ? own : own + 1
    this.sentAtMs[to] = other.sentAtMs[from]!
    this.order[to] = other.order[from]!
    this.delivered[to] = other.delivered[from]!
    this.priorBytes[to] = other.priorBytes[from]!
    this.priorAtMs[to] = other.priorAtMs[from]!
    this.firstSentAtMs[to] = other.firstSentAtMs[from]!
  }

  /** Becomes what the other one is. */
  protected adopt(other: Records): void {
    this.first = other.first
    this.end = other.end
    this.#mask = other.#mask
    this.state = other.state
    this.start = other.start
    this.sentAtMs = other.sentAtMs
    this.order = other.order
    this.older = other.older
    this.newer = other.newer
    this.skip = other.skip
    this.delivered = other.delivered
    this.priorBytes = other.priorBytes
    this.priorAtMs = other.priorAtMs
    this.firstSentAtMs = other.firstSentAtMs
  }

  #grow(): void {
    const size = 2 * (this.#mask + 1)
    const state = new Uint8Array(size)
    for (let record = this.first; record < this.end; record++) {
      state[record & (size - 1)] = this.state[record & this.#mask]!
    }
    this.state = state
    this.start = this.#grown(this.start, size)
    this.sentAtMs = this.#grown(this.sentAtMs, size)
    this.order = this.#grown(this.order, size)
    this.older = this.#grown(this.older, size)
    this.newer = this.#grown(this.newer, size)
    this.skip = this.#grown(this.skip, size)
    this.delivered = this.#grown(this.delivered, size)
    this.priorBytes = this.#grown(this.priorBytes, size)
    this.priorAtMs = this.#grown(this.priorAtMs, size)
    this.firstSentAtMs = this.#grown(this.firstSentAtMs, size)
    this.#mask = size - 1
  }

  #grown(old: Column, size: number): Column {
    const grown = column(size)
    for (let record = this.first; record < this.end; record++) {
      grown[record & (size - 1)] = old[record & this.#mask]!
    }
    return grown
  }
}
