/** The greatest timestamps of others and of our own survive a restart, and strangers cannot make them grow. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../src/events/ids.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { HandshakeTimestamps } from '../../../src/plugins/transport-ntm/handshake-timestamps.ts'
import { timestampOf } from '../../../src/plugins/transport-ntm/tunnel/tai64n.ts'
import { MemoryKeyspace } from './memory-keyspace.ts'

const keyOf = (index: number) => index.toString(16).padStart(64, '0') as TunnelKey
const stamp = (value: number) => new Uint8Array(12).fill(value)
const received = (value: number) => timestampOf(stamp(value))

function kept() {
  const clock = new VirtualClock()
  const keyspace = new MemoryKeyspace(clock)
  const settle = (): void => {
    while (clock.step(clock.monotonicMs() + 1_000));
  }
  return { keyspace, settle }
}

describe('timestamps', () => {
  test('are there after a restart', async () => {
    const { keyspace, settle } = kept()
    const before = new HandshakeTimestamps(keyspace)
    before.saveSent(stamp(1))
    before.saveReceived(keyOf(1), received(0xff))
    settle()
    const after = new HandshakeTimestamps(keyspace)
    await after.load()
    expect(after.loadSent()).toEqual(stamp(1))
    expect(after.loadReceived(keyOf(1))).toBe(received(0xff))
    expect(after.loadReceived(keyOf(2))).toBeUndefined()
  })

  test('belong to us: the packet that they came in may be used again', () => {
    const { keyspace } = kept()
    const timestamps = new HandshakeTimestamps(keyspace)
    const bytes = stamp(1)
    timestamps.saveSent(bytes)
    timestamps.saveReceived(keyOf(1), timestampOf(bytes))
    bytes.fill(9)
    expect(timestamps.loadSent()).toEqual(stamp(1))
    expect(timestamps.loadReceived(keyOf(1))).toBe(received(1))
  })

  test('of others compare as their bytes do', () => {
    const inOrder = [0, 1, 0x7f, 0x80, 0xff].map(received)
    expect([...inOrder].sort()).toEqual(inOrder)
  })

  test('of those heard longest ago make room, on the disk too', () => {
    const { keyspace, settle } = kept()
    const timestamps = new HandshakeTimestamps(keyspace, 3)
    for (const index of [1, 2, 3, 1, 4]) timestamps.saveReceived(keyOf(index), received(index))
    settle()
    expect(timestamps.size).toBe(3)
    expect(timestamps.loadReceived(keyOf(2))).toBeUndefined()
    expect(timestamps.loadReceived(keyOf(1))).toBeDefined()
    expect(keyspace.keys('timestamp/')).toHaveLength(3)
  })
})
