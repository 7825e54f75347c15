/**
 * What is in flight, what is sacked, what is lost (RFC 2018, RFC 6675). Records in flight stand in a list by the time
 * they left last, lost ones in a list by when they shall leave again; sacked ones are in none. An ACK costs as
 * much as it brings that is new, however large the window is.
 */
import { AGAIN, LOST, Records, SACKED } from './records.ts'

/** What is told of each record that an ACK delivers for the first time, before it leaves its list. */
export interface DeliveryListener {
  delivered(record: number, bytes: number): void
}

const NONE = -1

/** Whether the first SACK block tells of something that came twice: below the ACK or within the next (RFC 2883 §4). */
export const isDuplicateSack = (ackOffset: number, sacks: readonly number[]): boolean => {
  if (sacks.length < 2) return false
  if (sacks[1]! <= ackOffset) return true
  return sacks.length >= 4 && sacks[0]! >= sacks[2]! && sacks[1]! <= sacks[3]!
}

export class Scoreboard extends Records {
  ackedOffset: number
  /** Sent, neither sacked nor lost: the pipe of RFC 6675. */
  inFlightBytes = 0
  /** Of these, what left before the path turned. */
  staleBytes = 0
  sackedRecords = 0
  /** Number of the newest transmission, and of the newest before the path turned. */
  newestOrder = 0
  turnedOrder = 0
  #oldestInFlight = NONE
  #newestInFlight = NONE
  #firstLost = NONE
  #lastLost = NONE

  constructor(startOffset: number) {
    super(startOffset)
    this.ackedOffset = startOffset
  }

  /** In flight, left longest ago; -1: nothing is in flight. */
  get oldestInFlight(): number {
    return this.#oldestInFlight
  }

  /** To be sent again first; -1: nothing is lost. */
  get firstLost(): number {
    return this.#firstLost
  }

  isStale(record: number): boolean {
    return this.order[this.at(record)]! <= this.turnedOrder
  }

  sentNew(toOffset: number, nowMs: number): number {
    const record = this.append(toOffset)
    this.#leave(record, nowMs)
    return record
  }

  sentAgain(record: number, nowMs: number): void {
    this.#takeOut(record)
    this.state[this.at(record)] = (this.state[this.at(record)]! & ~LOST) | AGAIN
    this.#leave(record, nowMs)
  }

  markLost(record: number): void {
    this.#takeOut(record)
    this.state[this.at(record)]! |= LOST
    this.#lastLost = this.#append(record, this.#lastLost)
    if (this.#firstLost === NONE) this.#firstLost = record
  }

  /** The timeout: the first record is lost, and all that had this long for an answer (RFC 8985 §6.3). */
  timedOut(waitMs: number, nowMs: number): number {
    let bytes = 0
    if (this.isReneged) this.#forgetSacks()
    if (!this.is(this.first, LOST)) {
      bytes += this.bytesOf(this.first)
      this.markLost(this.first)
    }
    for (let record = this.#oldestInFlight; record !== NONE; record = this.#oldestInFlight) {
      if (this.sentAtMs[this.at(record)]! + waitMs > nowMs) break
      bytes += this.bytesOf(record)
      this.markLost(record)
    }
    this.#sortLost()
    return bytes
  }

  /** The cumulative part of an ACK. A record that is covered in part shrinks. */
  acknowledge(offset: number, listener: DeliveryListener): void {
    while (this.first < this.end && this.endOf(this.first) <= offset) {
      this.#deliver(this.first, listener)
      if (this.is(this.first, SACKED)) this.sackedRecords--
      this.first++
    }
    this.ackedOffset = offset
    if (this.first === this.end) return
    const record = this.first
    const cutBytes = offset - this.startOf(record)
    if (cutBytes <= 0) return
    if (!this.is(record, LOST | SACKED)) this.#count(record, -cutBytes)
    this.start[this.at(record)] = offset
  }

  /** One SACK block. Records that it covers in part only wait for the rest. */
  sack(from: number, to: number, listener: DeliveryListener): void {
    if (this.first === this.end || from >= to || to > this.endOffset) return
    if (to <= this.ackedOffset) return
    let record = this.find(Math.max(from, this.ackedOffset))
    if (this.startOf(record) < from) record++
    record = this.unsackedFrom(record)
    while (record < this.end && this.endOf(record) <= to) {
      this.#deliver(record, listener)
      this.state[this.at(record)]! |= SACKED
      this.skip[this.at(record)] = record + 1
      this.sackedRecords++
      record = this.unsackedFrom(record + 1)
    }
  }

  /** The peer acknowledged up to just below what it had sacked: it threw that away (RFC 2018 §8). */
  get isReneged(): boolean {
    return this.first < this.end && this.is(this.first, SACKED)
  }

  /** Believes no SACK any more: all that was sacked is to be sent again. */
  #forgetSacks(): void {
    for (let record = this.first; record < this.end; record++) {
      const at = this.at(record)
      if (!this.is(record, SACKED)) continue
      this.state[at] = (this.state[at]! & ~SACKED) | LOST
      this.skip[at] = record
    }
    this.sackedRecords = 0
    this.#sortLost()
  }

  /** Lost records leave again in the order of the stream. */
  #sortLost(): void {
    this.#firstLost = NONE
    this.#lastLost = NONE
    for (let record = this.unsackedFrom(this.first); record < this.end; ) {
      if (this.is(record, LOST)) {
        this.#lastLost = this.#append(record, this.#lastLost)
        if (this.#firstLost === NONE) this.#firstLost = record
      }
      record = this.unsackedFrom(record + 1)
    }
  }

  /** Nothing is lost after all: what was not sent again counts as in flight, as if it had left now. */
  unmarkLost(nowMs: number): void {
    while (this.#firstLost !== NONE) this.sentAgain(this.#firstLost, nowMs)
  }

  /** All that has left so far went over another path than what leaves from now on. */
  turn(): void {
    this.turnedOrder = this.newestOrder
    this.staleBytes = this.inFlightBytes
  }

  /** The last record of the stream that is in flight or lost; -1: none. */
  get lastOutstanding(): number {
    for (let record = this.end - 1; record >= this.first; record--)
      if (!this.is(record, SACKED)) return record
    return NONE
  }

  /** Cuts records that are longer than this into pieces, so that each can leave again alone. False: there are none. */
  recut(mssBytes: number): boolean {
    if (!this.#isAnyLonger(mssBytes)) return false
    const pieces = new Records(this.startOf(this.first))
    const firstPieces: number[] = []
    let sacked = 0
    for (let record = this.first; record < this.end; record++) {
      firstPieces.push(pieces.end)
      for (let to = this.startOf(record); to < this.endOf(record); ) {
        to = Math.min(to + mssBytes, this.endOf(record))
        pieces.copyFrom(this, record, pieces.append(to))
        if (this.is(record, SACKED)) sacked++
      }
    }
    firstPieces.push(pieces.end)
    const piecesOf = (record: number) => this.#piecesOf(record, firstPieces)
    const inFlight = this.#listed(this.#oldestInFlight).flatMap(piecesOf)
    this.adopt(pieces)
    this.sackedRecords = sacked
    this.#oldestInFlight = inFlight[0] ?? NONE
    this.#newestInFlight = NONE
    for (const piece of inFlight) this.#newestInFlight = this.#append(piece, this.#newestInFlight)
    this.#sortLost()
    return true
  }

  #isAnyLonger(bytes: number): boolean {
    for (let record = this.first; record < this.end; record++) if (this.bytesOf(record) > bytes) return true
    return false
  }

  #piecesOf(record: number, firstPieces: readonly number[]): readonly number[] {
    const from = firstPieces[record - this.first]!
    const to = firstPieces[record - this.first + 1]!
    return Array.from({ length: to - from }, (_, at) => from + at)
  }

  #listed(first: number): readonly number[] {
    const listed: number[] = []
    for (let record = first; record !== NONE; record = this.newer[this.at(record)]!) listed.push(record)
    return listed
  }

  #deliver(record: number, listener: DeliveryListener): void {
    if (this.is(record, SACKED)) return
    listener.delivered(record, this.bytesOf(record))
    this.#takeOut(record)
    this.state[this.at(record)]! &= ~LOST
  }

  #leave(record: number, nowMs: number): void {
    const at = this.at(record)
    this.sentAtMs[at] = nowMs
    this.order[at] = ++this.newestOrder
    this.#newestInFlight = this.#append(record, this.#newestInFlight)
    if (this.#oldestInFlight === NONE) this.#oldestInFlight = record
    this.#count(record, this.bytesOf(record))
  }

  #count(record: number, bytes: number): void {
    this.inFlightBytes += bytes
    if (this.isStale(record)) this.staleBytes += bytes
  }

  /** Behind the last of a list; returns the new last. */
  #append(record: number, last: number): number {
    const at = this.at(record)
    this.older[at] = last
    this.newer[at] = NONE
    if (last !== NONE) this.newer[this.at(last)] = record
    return record
  }

  #takeOut(record: number): void {
    const at = this.at(record)
    const isLost = (this.state[at]! & LOST) !== 0
    const older = this.older[at]!
    const newer = this.newer[at]!
    if (older !== NONE) this.newer[this.at(older)] = newer
    else if (isLost) this.#firstLost = newer
    else this.#oldestInFlight = newer
    if (newer !== NONE) this.older[this.at(newer)] = older
    else if (isLost) this.#lastLost = older
    else this.#newestInFlight = older
    if (!isLost) this.#count(record, -this.bytesOf(record))
  }
}
