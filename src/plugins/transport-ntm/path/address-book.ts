/**
 * Where each device was last reached, kept across restarts: with it two nodes that know each other need no
 * coordinator to meet again (DESIGN §9.4). The oldest entries make room for new ones.
 */

import type { DeviceId } from '../../../events/ids.ts'
import type { Keyspace, UdpEndpoint } from '../../../kernel/api/index.ts'
import { parseAddress } from '../../../wire/ip-address.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'

const PREFIX = 'seen/'
const ENDPOINTS_MAX = 4
const DEVICES_MAX = 1_024

const isEndpoint = (value: unknown): value is [string, number] =>
  Array.isArray(value) &&
  typeof value[0] === 'string' &&
  parseAddress(value[0]).ok &&
  Number.isInteger(value[1]) &&
  value[1] > 0 &&
  value[1] <= 0xffff

export class AddressBook {
  readonly #keyspace: Keyspace
  /** In order of last use, oldest first. */
  readonly #seen = new Map<DeviceId, readonly UdpEndpoint[]>()

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  async load(): Promise<void> {
    for await (const [key, value] of this.#keyspace.list(PREFIX)) {
      const data = readData(value)
      const pairs = data.ok && Array.isArray(data.value) ? data.value.filter(isEndpoint) : []
      const endpoints = pairs.map(([address, port]) => ({ address, port }))
      if (endpoints.length > 0) this.#seen.set(key.slice(PREFIX.length) as DeviceId, endpoints)
    }
  }

  /** Newest first. */
  of(device: DeviceId): readonly UdpEndpoint[] {
    return this.#seen.get(device) ?? []
  }

  /** Most recently reached first. */
  devices(): readonly DeviceId[] {
    return [...this.#seen.keys()].reverse()
  }

  /** The device was reached there just now. */
  reached(device: DeviceId, endpoint: UdpEndpoint): void {
    const before = this.of(device)
    const isNews = before[0] === undefined || !sameEndpoint(before[0], endpoint)
    const endpoints = [endpoint, ...before.filter(known => !sameEndpoint(known, endpoint))].slice(
      0,
      ENDPOINTS_MAX,
    )
    this.#seen.delete(device)
    this.#seen.set(device, endpoints)
    if (isNews)
      this.#keyspace.put(PREFIX + device, packData(endpoints.map(({ address, port }) => [address, port])))
    this.#forgetOldest()
  }

  /** This device must not be called any more. */
  forget(device: DeviceId): void {
    if (this.#seen.delete(device)) this.#keyspace.put(PREFIX + device, undefined)
  }

  #forgetOldest(): void {
    if (this.#seen.size <= DEVICES_MAX) return
    const [oldest] = this.#seen.keys()
    this.forget(oldest!)
  }
}
