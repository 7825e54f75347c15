/** Bytes between two ends in virtual time arrive as they were sent, whatever the link does. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../../../src/kernel/testing/seeded-random.ts'
import { Pair } from './pair.ts'

const MIB = 1 << 20

const noise = (bytes: number, seed: number): Buffer => {
  const random = new SeededRandom(seed)
  const words = Uint32Array.from({ length: Math.ceil(bytes / 4) }, () => Math.floor(random.next() * 2 ** 32))
  return Buffer.from(words.buffer, 0, bytes)
}

describe('10 MiB', () => {
  it.each([
    ['a clean link', { oneWayMs: 25 }, 10 * MIB],
    ['1 % loss each way', { oneWayMs: 25, loss: 0.01, seed: 3 }, 10 * MIB],
    [
      '5 % loss, doubles and lateness',
      { oneWayMs: 10, loss: 0.05, twice: 0.02, late: 0.05, lateMs: 15, seed: 4 },
      10 * MIB,
    ],
    ['a narrow link', { oneWayMs: 50, bytesPerMs: 1000, loss: 0.001, seed: 5 }, 2 * MIB],
  ] as const)('arrive both ways over %s', (_name, link, bytes) => {
    const pair = new Pair(link)
    const { alice, bob } = pair.meet()
    const [there, back] = [noise(bytes, 1), noise(bytes / 4, 2)]
    alice.say(there, true)
    bob.say(back, true)
    const isOver = pair.runUntil(() => alice.over === null && bob.over === null, 120_000)
    expect([isOver, alice.over, bob.over]).toEqual([true, null, null])
    expect(bob.heardBytes.equals(there)).toBe(true)
    expect(alice.heardBytes.equals(back)).toBe(true)
  })
})

describe('ends that are busy and take what came all at a time', () => {
  it.each([2, 10, 20])('every %i ms, believe nothing lost that was not', everyMs => {
    const pair = new Pair({ oneWayMs: 25, loss: 0.01, everyMs, bytesPerMs: 50_000, seed: 6 })
    const { alice, bob } = pair.meet()
    alice.say(noise(32 * MIB, 3), true)
    expect(pair.runUntil(() => bob.isReadOut, 20_000)).toBe(true)
    const { lostBytes, sentBytes, timeouts, undone } = alice.connection!.outgoing.sending.facts()
    expect(lostBytes / sentBytes).toBeLessThan(0.015)
    expect(undone).toBeLessThanOrEqual(1)
    expect(timeouts).toBe(0)
  })
})

describe('a transfer that loses something in its first round trips', () => {
  // The peer's window once stood still meanwhile, which looked like a narrow path: a few Mb/s for seconds.
  it.each([40, 56, 57, 78])('grows on all the same, seed %i', seed => {
    const pair = new Pair({ oneWayMs: 25, loss: 0.01, bytesPerMs: 125_000, seed })
    const { alice, bob } = pair.meet()
    alice.say(new Uint8Array(24 * MIB), true)
    const beganMs = pair.time.nowMs
    pair.runUntil(() => bob.isReadOut, 5_000)
    expect(pair.time.nowMs - beganMs).toBeLessThan(1_500)
  })
})
