/** Where devices were reached: kept across restarts, newest first, bounded, and forgotten on demand. */
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../../src/events/ids.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { AddressBook } from '../../../../src/plugins/transport-ntm/path/address-book.ts'
import { packData } from '../../../../src/wire/msgpack.ts'
import { MemoryKeyspace } from '../memory-keyspace.ts'

const deviceOf = (index: number) => index.toString(16).padStart(64, '0') as DeviceId
const at = (port: number) => ({ address: '10.0.0.1', port })

const settled = (clock: VirtualClock): void => {
  while (clock.step(clock.monotonicMs() + 1_000));
}

describe('an address book', () => {
  test('remembers the last four places of a device, across restarts', async () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    const book = new AddressBook(keyspace, clock)
    for (const port of [1, 2, 3, 4, 5, 3]) book.reached(deviceOf(1), at(port))
    expect(book.of(deviceOf(1))).toEqual([3, 5, 4, 2].map(at))
    settled(clock)
    const again = new AddressBook(keyspace, clock)
    await again.load()
    expect(again.of(deviceOf(1))).toEqual([3, 5, 4, 2].map(at))
    expect(again.of(deviceOf(2))).toEqual([])
  })

  test('forgets the oldest devices beyond 1,024, on the disk too', () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    const book = new AddressBook(keyspace, clock)
    for (let index = 0; index < 1_030; index += 1) book.reached(deviceOf(index), at(1))
    settled(clock)
    expect(book.devices()).toHaveLength(1_024)
    expect(book.devices()[0]).toBe(deviceOf(1_029))
    expect(book.of(deviceOf(0))).toEqual([])
    expect(keyspace.keys('seen/')).toHaveLength(1_024)
  })

  test('knows across restarts who was reached last, to a minute', async () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    const book = new AddressBook(keyspace, clock)
    for (const index of [3, 1, 2]) book.reached(deviceOf(index), at(1))
    clock.after(60_000, () => book.reached(deviceOf(3), at(1)))
    while (clock.step(120_000));
    expect(book.devices()).toEqual([3, 2, 1].map(deviceOf))
    const again = new AddressBook(keyspace, clock)
    await again.load()
    expect(again.devices()).toEqual([3, 2, 1].map(deviceOf))
    again.reached(deviceOf(1), at(2))
    settled(clock)
    const once = new AddressBook(keyspace, clock)
    await once.load()
    expect(once.devices()).toEqual([1, 3, 2].map(deviceOf))
  })

  test('writes little of two who are reached again and again in turn', () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    let puts = 0
    const put = keyspace.put.bind(keyspace)
    keyspace.put = (key, value) => {
      puts += 1
      put(key, value)
    }
    const book = new AddressBook(keyspace, clock)
    for (let second = 0; second < 300; second += 1)
      clock.after(second * 1_000, () => book.reached(deviceOf(second % 2), at(1)))
    while (clock.step(400_000));
    expect(puts).toBeGreaterThan(2)
    expect(puts).toBeLessThanOrEqual(12)
  })

  test('reads what was written before it kept an order', async () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    keyspace.plant(`seen/${deviceOf(2)}`, packData([['10.0.0.1', 7]]))
    const book = new AddressBook(keyspace, clock)
    await book.load()
    book.reached(deviceOf(1), at(1))
    expect(book.of(deviceOf(2))).toEqual([at(7)])
    expect(book.devices()).toEqual([1, 2].map(deviceOf))
  })

  test('forgets whom it is told to', () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    const book = new AddressBook(keyspace, clock)
    book.reached(deviceOf(1), at(1))
    book.forget(deviceOf(1))
    settled(clock)
    expect(book.devices()).toEqual([])
    expect(keyspace.keys('seen/')).toEqual([])
  })

  test('leaves damaged entries alone', async () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    keyspace.plant(`seen/${deviceOf(1)}`, Uint8Array.of(0xc1))
    keyspace.plant(`seen/${deviceOf(2)}`, Uint8Array.of(0x91, 0x92, 0xa1, 0x78, 0x01))
    const book = new AddressBook(keyspace, clock)
    await book.load()
    expect(book.devices()).toEqual([])
  })
})
