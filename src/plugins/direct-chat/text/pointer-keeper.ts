/**
 * The pointers of one device between memory and keyspace: restored at the start, and written at the end of a step
 * that moved them so far that it matters after a power loss.
 */
import type { DeviceId, StreamId } from '../../../events/ids.ts'
import type { Output } from '../../../kernel/api/index.ts'
import type { Pointers } from './delivery-book.ts'
import { RECEIVED_LAG_MAX } from './limits.ts'
import { encodePointers, pointersKey, type SavedPointers } from './saved-pointers.ts'

export class PointerKeeper {
  readonly #pointers: Pointers
  #keptSent: number
  #keptReceived: number
  #isDirty = false

  /** `pointers` take on what was saved. */
  constructor(pointers: Pointers, saved: SavedPointers | undefined) {
    this.#pointers = pointers
    if (saved !== undefined) {
      const { sent, delivered, read, shown } = saved
      Object.assign(pointers, { sent, delivered, read, shown })
    }
    this.#keptSent = pointers.sent
    this.#keptReceived = saved?.received ?? 0
  }

  /** Something that would have to be asked for again has moved. */
  moved(): void {
    this.#isDirty = true
  }

  /** More was sent: worth a write only once after everything was delivered. */
  sentMore(): void {
    if (this.#keptSent <= this.#pointers.delivered) this.#isDirty = true
  }

  /** The newest event of the device: worth a write now and then. */
  received(seq: number): void {
    if (seq - this.#keptReceived >= RECEIVED_LAG_MAX) this.#isDirty = true
  }

  keep(stream: StreamId, device: DeviceId, receivedSeq: number, out: Output[]): void {
    if (!this.#isDirty) return
    this.#isDirty = false
    this.#keptSent = this.#pointers.sent
    this.#keptReceived = Math.max(this.#keptReceived, receivedSeq)
    const value = encodePointers({ ...this.#pointers, stream, received: this.#keptReceived })
    out.push({ kind: 'keep', key: pointersKey(device), value })
  }
}
