/**
 * How far each message has come. States follow from a few pointers per device, because an acknowledgement always
 * covers everything before it; only failures are noted one by one.
 */
import { type Observable, Subject } from 'rxjs'
import type { DeviceId, StreamId } from '../../../events/ids.ts'

export type DeliveryState = 'queued' | 'sent' | 'delivered' | 'read' | 'failed'

/** Each pointer is the first seq that has not come so far. */
export interface Pointers {
  sent: number
  delivered: number
  read: number
  /** Of the other device's events: the first that was not shown here. */
  shown: number
}

/** Events of this device in `stream` below `below` have reached `state` at a device of the other person. */
export interface DeliveryStep {
  readonly stream: StreamId
  readonly device: DeviceId
  readonly state: DeliveryState
  readonly below: number
  /** With `delivered`: from the first datagram to the acknowledgement, of the newest one. */
  readonly rttMs?: number | undefined
}

export interface Delivery {
  readonly state: DeliveryState
  /** Why it failed. */
  readonly reason?: string
}

const FAILURES_MAX = 4_096

export class DeliveryBook {
  readonly #pointers = new Map<StreamId, Map<DeviceId, Pointers>>()
  readonly #failures = new Map<StreamId, Map<number, string>>()
  readonly #steps = new Subject<DeliveryStep>()
  readonly delivery$: Observable<DeliveryStep> = this.#steps.asObservable()

  /** The pointers of one device; they start at nothing. */
  pointers(stream: StreamId, device: DeviceId): Pointers {
    let devices = this.#pointers.get(stream)
    if (devices === undefined) this.#pointers.set(stream, (devices = new Map()))
    let pointers = devices.get(device)
    if (pointers === undefined) devices.set(device, (pointers = { sent: 0, delivered: 0, read: 0, shown: 0 }))
    return pointers
  }

  /** How far this device's own event `seq` in the stream has come: at the device that got furthest. */
  of(stream: StreamId, seq: number): Delivery {
    let [sent, delivered, read] = [0, 0, 0]
    for (const pointers of this.#pointers.get(stream)?.values() ?? []) {
      sent = Math.max(sent, pointers.sent)
      delivered = Math.max(delivered, pointers.delivered)
      read = Math.max(read, pointers.read)
    }
    if (seq < read) return { state: 'read' }
    if (seq < delivered) return { state: 'delivered' }
    const reason = this.#failures.get(stream)?.get(seq)
    if (reason !== undefined) return { state: 'failed', reason }
    return { state: seq < sent ? 'sent' : 'queued' }
  }

  failed(stream: StreamId, seqs: readonly number[], reason: string): void {
    let failures = this.#failures.get(stream)
    if (failures === undefined) this.#failures.set(stream, (failures = new Map()))
    for (const seq of seqs) if (failures.size < FAILURES_MAX) failures.set(seq, reason)
  }

  /** Another try begins: what failed is under way again. */
  retried(stream: StreamId): void {
    this.#failures.delete(stream)
  }

  tell(step: DeliveryStep): void {
    this.#steps.next(step)
  }
}
