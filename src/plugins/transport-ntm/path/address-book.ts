/**
 * Where each device was last reached, kept across restarts: with it two nodes that know each other need no
 * coordinator to meet again. The oldest entries make room for new ones.
 */

import type { DeviceId } from '../../../events/ids.ts'
import type { Clock, Keyspace, UdpEndpoint } from '../../../kernel/api/index.ts'
import { parseAddress } from '../../../wire/ip-address.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import { BOOK_DEVICES_MAX, BOOK_ENDPOINTS_MAX, BOOK_ORDER_EVERY_MS } from './limits.ts'

const PREFIX = 'seen/'

const isEndpoint = (value: unknown): value is [string, number] =>
  Array.isArray(value) &&
  typeof value[0] === 'string' &&
  parseAddress(value[0]).ok &&
  Number.isInteger(value[1]) &&
  value[1] > 0 &&
  value[1] <= 0xffff

interface Seen {
  /** Newest first. */
  readonly endpoints: readonly UdpEndpoint[]
  /** Greater than that of all whom this node reached before; 0: from a time when no order was kept. */
  readonly order: number
  /** Monotonic ms. */
  readonly writtenMs: number
}

const read = (value: Uint8Array): Seen | undefined => {
  const data = readData(value)
  if (!data.ok || !Array.isArray(data.value)) return undefined
  const [first] = data.value as unknown[]
  const endpoints = data.value.filter(isEndpoint).map(([address, port]) => ({ address, port }))
  const order = Number.isSafeInteger(first) ? (first as number) : 0
  return endpoints.length === 0 ? undefined : { endpoints, order, writtenMs: Number.NEGATIVE_INFINITY }
}

export class AddressBook {
  readonly #keyspace: Keyspace
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** In order of last use, oldest first. */
  readonly #seen = new Map<DeviceId, Seen>()
  #order = 0

  constructor(keyspace: Keyspace, clock: Pick<Clock, 'monotonicMs'>) {
    this.#keyspace = keyspace
    this.#clock = clock
  }

  async load(): Promise<void> {
    const found: (readonly [DeviceId, Seen])[] = []
    for await (const [key, value] of this.#keyspace.list(PREFIX)) {
      const seen = read(value)
      if (seen !== undefined) found.push([key.slice(PREFIX.length) as DeviceId, seen])
    }
    for (const [device, seen] of found.sort(([, one], [, other]) => one.order - other.order)) {
      this.#seen.set(device, seen)
      this.#order = Math.max(this.#order, seen.order)
    }
  }

  /** Newest first. */
  of(device: DeviceId): readonly UdpEndpoint[] {
    return this.#seen.get(device)?.endpoints ?? []
  }

  /** Most recently reached first. */
  devices(): readonly DeviceId[] {
    return [...this.#seen.keys()].reverse()
  }

  /** The device was reached there just now. */
  reached(device: DeviceId, endpoint: UdpEndpoint): void {
    const before = this.#seen.get(device)
    const [last] = before?.endpoints ?? []
    const isNews = last === undefined || !sameEndpoint(last, endpoint)
    if (!isNews && before?.order === this.#order) return
    const others = this.of(device).filter(known => !sameEndpoint(known, endpoint))
    const endpoints = [endpoint, ...others].slice(0, BOOK_ENDPOINTS_MAX)
    const nowMs = this.#clock.monotonicMs()
    const isWritten = isNews || nowMs - before!.writtenMs >= BOOK_ORDER_EVERY_MS
    this.#order += 1
    this.#seen.delete(device)
    this.#seen.set(device, {
      ...{ endpoints, order: this.#order },
      writtenMs: isWritten ? nowMs : before!.writtenMs,
    })
    if (isWritten)
      this.#keyspace.put(
        PREFIX + device,
        packData([this.#order, ...endpoints.map(({ address, port }) => [address, port])]),
      )
    this.#forgetOldest()
  }

  /** This device must not be called any more. */
  forget(device: DeviceId): void {
    if (this.#seen.delete(device)) this.#keyspace.put(PREFIX + device, undefined)
  }

  #forgetOldest(): void {
    if (this.#seen.size <= BOOK_DEVICES_MAX) return
    const [oldest] = this.#seen.keys()
    this.forget(oldest!)
  }
}
