/** How large packets a path carries: what is asked, how often, and what is believed. */
import { describe, expect, test } from 'vitest'
import { INNER_MTU } from '../../../../src/plugins/transport-ntm/net/limits.ts'
import {
  MTU_BASE_BYTES,
  MTU_RAISED_AFTER_MS,
  MTU_SIZES_BYTES,
  MTU_TRIES,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { innerMtuOf, messageRoom } from '../../../../src/plugins/transport-ntm/path/mtu.ts'
import { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { PADDING_BYTES } from '../../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { Bench, ONE, place, RELAY, RTT_MS } from './bench.ts'

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

describe('a size that was found', () => {
  /** A path of 1,500 bytes on which only 1,280 come through from now on. */
  const narrowed = (): Bench => {
    const bench = carrying(1_500)
    bench.pour(3_000)
    expect(mtuOf(bench)).toBe(1_500)
    bench.mtuBytes = 1_280
    return bench
  }
  /** How long it takes until packets are short enough. */
  const fallMs = (bench: Bench): number => {
    const fromMs = bench.nowMs
    while (mtuOf(bench) > MTU_BASE_BYTES && bench.nowMs < fromMs + 60_000) bench.pour(5)
    return bench.nowMs - fromMs
  }

  test('is given up soon when long packets vanish, also when nobody says that they do', () => {
    expect(fallMs(narrowed())).toBeLessThan(1_500)
  })

  test('is given up sooner by who misses answers and says so', () => {
    const bench = narrowed()
    bench.run(400, true)
    bench.paths.suspectMtu(bench.nowMs)
    expect(fallMs(bench)).toBeLessThan(1.5 * bench.paths.active!.patienceMs + 2 * RTT_MS)
    expect(bench.stories.filter(story => story.includes('no answer'))).toEqual([])
  })

  test('is looked at now and then while long packets are sent, and costs a few challenges a second', () => {
    const bench = carrying(1_500)
    bench.pour(3_000)
    const before = bench.sized.length
    bench.pour(10_000)
    expect(bench.sized.length - before).toBeLessThanOrEqual(20)
    expect(bench.sized.length - before).toBeGreaterThanOrEqual(5)
    bench.chat(10_000, 100)
    const after = bench.sized.length
    bench.chat(60_000, 100)
    expect(bench.sized.length).toBe(after)
  })

  test('is kept where one challenge is lost', () => {
    const bench = carrying(1_500)
    bench.pour(3_000)
    const before = bench.sized.length
    while (bench.sized.length === before) bench.pour(5)
    bench.mtuBytes = 1_280
    bench.run(RTT_MS)
    bench.mtuBytes = 1_500
    bench.pour(3_000)
    expect(mtuOf(bench)).toBe(1_500)
  })

  test('is kept on a path that is silent altogether, and comes back', () => {
    const bench = carrying(1_500)
    bench.answering.delete(RELAY)
    bench.pour(3_000)
    bench.answering.delete(ONE)
    bench.run(500, true)
    bench.paths.suspectMtu(bench.nowMs)
    bench.run(2_000, true)
    expect(mtuOf(bench)).toBe(1_500)
    bench.answering.add(ONE)
    bench.pour(2_000)
    expect(mtuOf(bench)).toBe(1_500)
  })

  test('and was given up is followed by a smaller one at once, and asked for again in a while', () => {
    const bench = narrowed()
    bench.mtuBytes = 1_400
    fallMs(bench)
    bench.pour(10_000)
    expect(mtuOf(bench)).toBe(1_400)
    const asked = bench.sized.length
    bench.mtuBytes = 1_500
    bench.chat(MTU_RAISED_AFTER_MS - 20_000, 1_000)
    expect(mtuOf(bench)).toBe(1_400)
    bench.chat(40_000, 1_000)
    expect(mtuOf(bench)).toBe(1_500)
    expect(bench.sized.length - asked).toBeLessThanOrEqual(MOST)
  })
})

describe('what is sent inside', () => {
  test.each([
    [ONE, 1_280, INNER_MTU],
    [ONE, 1_500, 1_440],
    [ONE, 1_400, 1_328],
    [RELAY, 1_500, 1_424],
    [{ address: '2001:db8::1', port: 4_500 }, 1_500, 1_408],
  ])('over %o with packets of %i bytes is at most %i bytes long', (endpoint, bytes, inner) => {
    const path = new Path(endpoint, endpoint === RELAY ? 'relay' : 'announced')
    if (bytes > MTU_BASE_BYTES) path.mtu.asked(Buffer.alloc(8, 1), bytes, 0)
    path.mtu.answered(Buffer.alloc(8, 1))
    expect(innerMtuOf(path)).toBe(inner)
    expect(inner % PADDING_BYTES).toBe(0)
  })

  test('is what every path carries until more was shown, and fits the relay that carries it as well', () => {
    const bench = carrying(1_500)
    expect(bench.paths.innerMtuBytes).toBe(INNER_MTU)
    bench.pour(3_000)
    expect(bench.paths.innerMtuBytes).toBe(1_440)
    bench.answering.delete(ONE)
    bench.run(1_000, true)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    expect(bench.paths.innerMtuBytes).toBe(1_424)
    bench.paths.ended()
    expect(bench.paths.innerMtuBytes).toBe(INNER_MTU)
  })
})

test('headers leave less room in a packet over IPv6, and by a relay', () => {
  const [four, six] = ['198.51.100.1', '2001:db8::1'].map(address => ({ address, port: 1 }))
  expect(messageRoom(1_500, new Path(four!, 'announced'))).toBe(1_472)
  expect(messageRoom(1_500, new Path(six!, 'announced'))).toBe(1_452)
  expect(messageRoom(1_500, new Path(four!, 'relay'))).toBe(1_460)
})
