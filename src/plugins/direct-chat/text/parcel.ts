/**
 * One run on its way to one device: the datagrams that carry it, and what is known of each. A run is the unit
 * of sending because a single signature covers it, and a piece is the unit of losing.
 */
import type { Opened } from '../../../events/envelope.ts'
import { type Base, compactFrame, type SenderView } from '../../../wire/compact.ts'
import { missingPieces, splitFrame } from '../../../wire/fragment.ts'
import { encodeFrame, type FragmentAckFrame, type IdPrefix, prefixOf } from '../../../wire/frame.ts'

const NEVER = -1

export class Parcel {
  readonly run: readonly Opened[]
  readonly prefix: IdPrefix
  /** The author's event before the run, if it is known here. */
  readonly base: Base | undefined
  #pieces: readonly Uint8Array[]
  /** When each piece was sent last; NEVER before that. */
  #sentAtMs: number[]
  /** Pieces that the receiver reported; undefined while it reported none. */
  #arrived: boolean[] | undefined
  #arrivedCount = 0
  /** The first piece that was never sent. */
  #unsentFrom = 0
  firstSentAtMs = 0
  /** Whether any piece was sent twice: then its round trip means nothing. */
  wasResent = false

  constructor(run: readonly Opened[], base: Base | undefined, view: SenderView | 'whole') {
    this.run = run
    this.base = base
    this.prefix = prefixOf(run.at(-1)!.id)
    this.#pieces = piecesOf(run, view, this.prefix)
    this.#sentAtMs = new Array(this.#pieces.length).fill(NEVER)
  }

  get last(): Opened {
    return this.run[this.run.length - 1]!
  }

  get firstSeq(): number {
    return this.run[0]!.envelope.seq
  }

  get lastSeq(): number {
    return this.last.envelope.seq
  }

  get pieceCount(): number {
    return this.#pieces.length
  }

  get isSent(): boolean {
    return this.#unsentFrom === this.#pieces.length
  }

  /** Pieces that left and were not reported as arrived. */
  get inFlight(): number {
    return this.#unsentFrom - this.#arrivedCount
  }

  /** When the piece that waits longest was sent. Once all have arrived, the last one stands for the verdict. */
  get oldestSentAtMs(): number {
    if (this.#pieces.length === 1) return this.#sentAtMs[0]!
    let oldest = Number.POSITIVE_INFINITY
    for (let index = 0; index < this.#unsentFrom; index += 1)
      if (!this.#hasArrived(index)) oldest = Math.min(oldest, this.#sentAtMs[index]!)
    return oldest === Number.POSITIVE_INFINITY ? this.#sentAtMs.at(-1)! : oldest
  }

  /** The next piece that never left. */
  sendNext(nowMs: number): Uint8Array {
    const index = this.#unsentFrom
    if (index === 0) this.firstSentAtMs = nowMs
    this.#unsentFrom += 1
    this.#sentAtMs[index] = nowMs
    return this.#pieces[index]!
  }

  /** Pieces to send again: those sent at or before `sentByMs`, or the last one if all others have arrived. */
  resend(sentByMs: number, nowMs: number, most: number, before = this.#unsentFrom): Uint8Array[] {
    const late: number[] = []
    for (let index = 0; index < before && late.length < most; index += 1)
      if (!this.#hasArrived(index) && this.#sentAtMs[index]! <= sentByMs) late.push(index)
    const last = this.#pieces.length - 1
    if (this.#arrivedCount === this.#pieces.length && this.#sentAtMs[last]! <= sentByMs) late.push(last)
    if (late.length > 0) this.wasResent = true
    return late.map(index => {
      this.#sentAtMs[index] = nowMs
      return this.#pieces[index]!
    })
  }

  /**
   * Takes a report of what has arrived. One that comes after all pieces had arrived tells that the receiver
   * forgot some, and is believed. Returns the newest piece that has arrived; -1 if there is none.
   */
  reported(report: FragmentAckFrame): number {
    const isForgetting = this.#arrivedCount === this.#pieces.length
    const missing = new Set(missingPieces(this.#pieces.length, report))
    let newest = NEVER
    this.#arrived ??= new Array(this.#pieces.length).fill(false)
    for (let index = 0; index < this.#unsentFrom; index += 1) {
      const hasArrived = !missing.has(index)
      if (hasArrived) newest = index
      this.#arrived[index] = hasArrived || (this.#arrived[index]! && !isForgetting)
    }
    this.#arrivedCount = this.#arrived.filter(Boolean).length
    return newest
  }

  /** When the piece was sent last. */
  sentAtMs(piece: number): number {
    return this.#sentAtMs[piece]!
  }

  /** Starts over with nothing left out. */
  makeWhole(): void {
    this.#pieces = piecesOf(this.run, 'whole', this.prefix)
    this.#sentAtMs = new Array(this.#pieces.length).fill(NEVER)
    this.#arrived = undefined
    this.#arrivedCount = 0
    this.#unsentFrom = 0
    this.wasResent = true
  }

  #hasArrived(index: number): boolean {
    return this.#arrived?.[index] === true
  }
}

function piecesOf(run: readonly Opened[], view: SenderView | 'whole', prefix: IdPrefix): Uint8Array[] {
  const frame = view === 'whole' ? ({ kind: 'full', events: run } as const) : compactFrame(run, view)
  return splitFrame(encodeFrame(frame), prefix)
}
