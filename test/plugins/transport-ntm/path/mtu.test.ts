/** How large packets a path carries: what is asked, how often, and what is believed. */
import { describe, expect, test } from 'vitest'
import {
  MTU_BASE_BYTES,
  MTU_SIZES_BYTES,
  MTU_TRIES,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { messageRoom } from '../../../../src/plugins/transport-ntm/path/mtu.ts'
import { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { Bench, ONE, place, RELAY } from './bench.ts'

const MOST = MTU_SIZES_BYTES.length * MTU_TRIES

/** A direct path, and a relay beside it, that carry packets up to this size. */
const carrying = (mtuBytes: number): Bench => {
  const bench = new Bench()
  bench.mtuBytes = mtuBytes
  for (const endpoint of [RELAY, ONE]) bench.answering.add(endpoint)
  bench.paths.learn([RELAY], 'relay')
  bench.paths.learn([ONE], 'announced')
  bench.paths.established(RELAY, bench.nowMs)
  return bench
}
const mtuOf = (bench: Bench): number => bench.paths.active!.mtu.bytes
const askedOf = (bench: Bench): readonly number[] =>
  bench.sized.filter(({ path }) => path.endpoint === ONE).map(({ bytes }) => bytes)

describe('a path', () => {
  test.each([
    [1_279, MTU_BASE_BYTES],
    [1_280, 1_280],
    [1_400, 1_400],
    [1_492, 1_480],
    [1_500, 1_500],
    [9_000, 1_500],
  ])('of %i bytes is found to carry %i', (mtuBytes, found) => {
    const bench = carrying(mtuBytes)
    bench.chat(20_000, 100)
    expect(bench.used?.active).toBe(ONE)
    expect(mtuOf(bench)).toBe(found)
  })

  test('is asked the largest first, a few times in all, and not again', () => {
    const bench = carrying(1_280)
    bench.chat(120_000, 100)
    expect(askedOf(bench)).toEqual(MTU_SIZES_BYTES.flatMap(bytes => Array(MTU_TRIES).fill(bytes)))
    const wide = carrying(1_500)
    wide.chat(120_000, 100)
    expect(askedOf(wide)).toEqual([1_500])
  })

  test('is asked nothing before something has proved it', () => {
    const bench = carrying(1_500)
    bench.answering.delete(ONE)
    bench.chat(5_000, 100)
    expect(askedOf(bench)).toEqual([])
    bench.paths.heardFrom(place(77), 2_000, bench.nowMs)
    bench.chat(5_000, 100)
    expect(bench.sized.map(({ path }) => path.endpoint)).toEqual([RELAY])
  })

  test('of which too much was asked is neither doubted nor asked more closely', () => {
    const [narrow, wide] = [carrying(1_280), carrying(1_500)]
    for (const bench of [narrow, wide]) bench.chat(30_000, 100)
    expect(narrow.stories).toEqual(wide.stories)
    expect(narrow.pings.length).toBe(wide.pings.length)
  })

  test('on which this node has moved is taken for an ordinary one until it has been asked anew', () => {
    const bench = carrying(1_500)
    bench.chat(5_000, 100)
    bench.mtuBytes = 1_400
    bench.paths.moved(bench.nowMs)
    expect(bench.paths.all.map(({ mtu }) => mtu.bytes)).toEqual([MTU_BASE_BYTES, MTU_BASE_BYTES])
    bench.chat(20_000, 100)
    expect(mtuOf(bench)).toBe(1_400)
    expect(askedOf(bench).length).toBeLessThanOrEqual(1 + MOST)
  })

  test('by a relay that is reached in another way now is taken for an ordinary one, and others for what they are', () => {
    const bench = carrying(1_500)
    bench.chat(5_000, 100)
    const sizes = () => bench.paths.all.map(({ endpoint, mtu }) => [endpoint, mtu.bytes])
    bench.paths.rerouted({ address: RELAY.address, port: RELAY.port + 1 })
    expect(sizes()).toEqual([
      [RELAY, 1_500],
      [ONE, 1_500],
    ])
    bench.paths.rerouted({ address: RELAY.address, port: RELAY.port })
    expect(sizes()).toEqual([
      [RELAY, MTU_BASE_BYTES],
      [ONE, 1_500],
    ])
  })
})

test('headers leave less room in a packet over IPv6, and by a relay', () => {
  const [four, six] = ['198.51.100.1', '2001:db8::1'].map(address => ({ address, port: 1 }))
  expect(messageRoom(1_500, new Path(four!, 'announced'))).toBe(1_472)
  expect(messageRoom(1_500, new Path(six!, 'announced'))).toBe(1_452)
  expect(messageRoom(1_500, new Path(four!, 'relay'))).toBe(1_460)
})
