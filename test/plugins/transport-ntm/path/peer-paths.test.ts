/** All ways to one peer: what is used, what is only probed, when one is doubted, and what is said about it. */
import { describe, expect, test } from 'vitest'
import {
  ASKED_WHILE_SENDING_MS,
  PATH_GIVEN_UP_AFTER_MS,
  PATHS_MAX,
  PATIENCE_MIN_MS,
  PING_BYTES,
  PROBE_OFFSETS_MS,
  TRY_HARDER_AFTER_MS,
  VALID_MS,
  WARM_MS,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import type { Endpoint } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { Bench, direct, ONE, OTHER, place, RELAY, RTT_MS, relayed } from './bench.ts'

describe('before there is a session', () => {
  test('ways are opened and the peer is called, densely at first', () => {
    const bench = new Bench()
    bench.paths.learn([ONE, OTHER], 'announced')
    bench.paths.begin(bench.nowMs)
    expect(bench.opened).toEqual([ONE, OTHER])
    bench.run(PROBE_OFFSETS_MS.at(-1)! + 5)
    expect(bench.count.callAgain).toBe(PROBE_OFFSETS_MS.length)
    bench.run(60_000)
    expect(bench.count.callAgain).toBe(PROBE_OFFSETS_MS.length)
    expect(bench.pings).toEqual([])
  })
})

describe('a path', () => {
  test('that the handshake came by carries at once', () => {
    const bench = relayed()
    expect(bench.used).toEqual({ active: RELAY, also: [] })
  })

  test('is used when a challenge by it was answered by it, and a direct one is preferred at once', () => {
    const bench = relayed()
    bench.answering.add(ONE)
    bench.run(RTT_MS)
    expect(bench.used).toEqual({ active: ONE, also: [] })
    expect(bench.paths.isDirectAndAnswering).toBe(true)
  })

  test('by a relay that stands by has a round trip before it is needed, and is asked for it no more then', () => {
    const bench = direct()
    const relay = bench.paths.all.find(({ isRelay }) => isRelay)!
    bench.run(20_000, true)
    expect([bench.used?.active, relay.srttMs]).toEqual([ONE, RTT_MS])
    const asked = bench.pingsTo(RELAY)
    bench.run(120_000, true)
    expect(bench.pingsTo(RELAY)).toBe(asked)
  })

  test('by a relay that does not answer is asked for its round trip once a minute', () => {
    const bench = direct()
    bench.answering.delete(RELAY)
    bench.run(10 * 60_000, true)
    expect(bench.pingsTo(RELAY)).toBeLessThanOrEqual(12)
  })

  test('is not proved by an answer that came another way, or by a token that was never sent', () => {
    const bench = relayed()
    const { token } = bench.pings.find(({ path }) => path.endpoint === ONE)!
    expect(bench.paths.answered(Buffer.alloc(8, 0xff), ONE, bench.nowMs)).toBeUndefined()
    expect(bench.paths.answered(token, OTHER, bench.nowMs)).toBe(0)
    expect(bench.used?.active).toBe(RELAY)
    expect(bench.paths.answered(token, ONE, bench.nowMs)).toBeUndefined()
  })

  test('that is taken because this node has moved is not called faster', () => {
    const bench = direct()
    bench.paths.learn([OTHER], 'announced')
    bench.answering.delete(ONE)
    bench.answering.add(OTHER)
    bench.paths.moved(bench.nowMs)
    bench.run(2 * RTT_MS, true)
    expect(bench.used?.active).toBe(OTHER)
    expect(bench.paths.cause).toEqual({ kind: 'replaced' })
  })

  test('of nobody but a source that was seen gets three times what came from there', () => {
    const bench = direct()
    for (let bytes = 8; bytes < PING_BYTES / 3; bytes += 8) bench.paths.heardFrom(OTHER, 8, bench.nowMs)
    expect(bench.pings.filter(({ path }) => path.endpoint.address === OTHER.address)).toHaveLength(0)
    bench.run(300)
    bench.paths.heardFrom(OTHER, 8, bench.nowMs)
    bench.run(5_000)
    expect(bench.pings.filter(({ path }) => path.endpoint.address === OTHER.address)).toHaveLength(1)
  })

  test('of nobody but a source that was seen has its answers counted with the challenges', () => {
    const bench = direct()
    bench.paths.heardFrom(OTHER, PING_BYTES, bench.nowMs)
    bench.paths.asked(OTHER, bench.nowMs)
    for (const _ of [1, 2]) {
      bench.paths.begin(bench.nowMs)
      bench.run(5_000)
    }
    expect(bench.pings.filter(({ path }) => path.endpoint.address === OTHER.address)).toHaveLength(2)
  })

  test('is one of so many, however many sources there are', () => {
    const bench = direct()
    for (let port = 1; port <= 1_000; port += 1) bench.paths.heardFrom({ ...OTHER, port }, 100, bench.nowMs)
    bench.paths.learn(
      Array.from({ length: 1_000 }, (_, port) => ({ ...OTHER, port: port + 2_000 })),
      'announced',
    )
    expect(bench.paths.all.length).toBeLessThanOrEqual(PATHS_MAX)
    expect(bench.used?.active).toBe(ONE)
  })
})

describe('silence', () => {
  test('is doubted, then suspected, then given up; meanwhile everything goes by the relay as well', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    bench.run(2 * PATIENCE_MIN_MS, true)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    expect(bench.stories.at(-1)).toMatch(/no answer by 198\.51\.100\.1:4500 for \d+ ms/)
    expect(bench.count.lookAgain).toBe(1)
    bench.run(PATH_GIVEN_UP_AFTER_MS, true)
    expect(bench.used).toEqual({ active: RELAY, also: [] })
    bench.answering.add(ONE)
    bench.run(5_000, true)
    expect(bench.used).toEqual({ active: ONE, also: [] })
  })

  test('is borne for three seconds before the path is given up, and hardly longer', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    bench.run(3_000, true)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    bench.run(400, true)
    expect(bench.used).toEqual({ active: RELAY, also: [] })
  })

  test('without a relay leaves the path in use, for want of another', () => {
    const bench = new Bench()
    bench.paths.learn([ONE], 'announced')
    bench.answering.add(ONE)
    bench.paths.established(ONE, bench.nowMs)
    bench.run(1_000, true)
    bench.answering.clear()
    bench.run(30_000, true)
    expect([bench.paths.active?.endpoint, bench.paths.isDirectAndAnswering]).toEqual([ONE, false])
  })

  test('of a path that answers in time is none', () => {
    const bench = direct()
    const told = bench.stories.length
    bench.run(20_000, true)
    expect(bench.stories).toHaveLength(told)
    expect(bench.used).toEqual({ active: ONE, also: [] })
  })

  test('where no relay answers either makes a coordinator be asked, now and then', () => {
    const bench = direct()
    bench.answering.clear()
    bench.run(10_000, true)
    expect(bench.count.seek).toBeGreaterThan(2)
    expect(bench.count.seek).toBeLessThan(7)
  })

  describe('of a peer that answers by nothing', () => {
    const MINUTE_AND_A_HALF_MS = 90_000
    const silent = (): Bench => {
      const bench = direct()
      bench.answering.clear()
      bench.run(MINUTE_AND_A_HALF_MS, true)
      return bench
    }

    /** Challenges and requests for a direction in the first minute and a half, and in the second. */
    const costs = (isSending: boolean): readonly { pings: number; seeks: number }[] => {
      const bench = direct()
      bench.answering.clear()
      return [1, 2].map(() => {
        const [pings, { seek }] = [bench.pings.length, { ...bench.count }]
        bench.run(MINUTE_AND_A_HALF_MS, isSending)
        return { pings: bench.pings.length - pings, seeks: bench.count.seek - seek }
      })
    }

    test('costs ever less', () => {
      const [first, second] = costs(false)
      expect(first!.pings).toBeLessThan(150)
      expect(second!.pings).toBeLessThan(10)
      expect([first!.seeks < 12, second!.seeks <= 3]).toEqual([true, true])
    })

    test('costs who goes on sending a challenge a second for the path in use, and no more requests', () => {
      const [first, second] = costs(true)
      expect(first!.pings).toBeLessThan(MINUTE_AND_A_HALF_MS / ASKED_WHILE_SENDING_MS + 150)
      expect(second!.pings).toBeLessThan(MINUTE_AND_A_HALF_MS / ASKED_WHILE_SENDING_MS + 60)
      expect([first!.seeks < 12, second!.seeks <= 3]).toEqual([true, true])
    })

    test.each([
      ['anything is heard', (bench: Bench) => bench.paths.heardFrom(OTHER, 500, bench.nowMs)],
      ['the peer says something', (bench: Bench) => bench.paths.asked(ONE, bench.nowMs)],
      ['this host moves', (bench: Bench) => bench.paths.moved(bench.nowMs)],
    ])('is over at once when %s', (_, happens) => {
      const bench = silent()
      bench.run(20_000, true)
      happens(bench)
      for (const place of [ONE, RELAY]) bench.answering.add(place)
      bench.run(RTT_MS + 5, true)
      expect(bench.used).toEqual({ active: ONE, also: [] })
    })

    test('has the relay in use and a coordinator asked at once when somebody writes', () => {
      const bench = silent()
      const [asked, { seek }] = [bench.pingsTo(RELAY), { ...bench.count }]
      bench.traffic.sentMs = bench.nowMs
      bench.paths.trafficBegan(2_000, bench.nowMs)
      expect(bench.pingsTo(RELAY)).toBe(asked + 1)
      expect(bench.count.seek).toBe(seek + 1)
    })
  })

  test('of people costs nothing', () => {
    const bench = direct()
    bench.run(WARM_MS + 5_000)
    const before = bench.pings.length
    bench.run(600_000)
    expect(bench.pings.length).toBe(before)
  })
})

describe('moving', () => {
  test('proves everything anew, by the relay meanwhile', () => {
    const bench = direct()
    const announced = bench.count.announce
    bench.paths.moved(bench.nowMs)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    expect(bench.count.announce).toBe(announced + 1)
    bench.run(RTT_MS)
    expect(bench.used).toEqual({ active: ONE, also: [] })
  })

  test('makes strange what meant something before: it is not asked, unless it carries or is heard', () => {
    const bench = direct()
    bench.paths.learn([place(3)], 'announced')
    bench.paths.learn([place(4)], 'nearby')
    bench.paths.heardFrom(place(5), 1, bench.nowMs)
    for (const last of [1, 3, 4, 5, 6]) bench.strange.add(place(last).address)
    const placesOf = () => bench.paths.all.map(({ endpoint }) => endpoint)
    expect(placesOf()).toEqual([RELAY, ONE, place(3), place(4), place(5)])
    bench.run(1_000)
    bench.paths.moved(bench.nowMs)
    expect(placesOf()).toEqual([RELAY, ONE])
    bench.paths.heardFrom(place(6), 1, bench.nowMs + 1)
    bench.run(500)
    bench.paths.begin(bench.nowMs)
    expect(placesOf()).toEqual([RELAY, ONE, place(6)])
  })

  test('of the peer, told by itself, is believed as far as a doubt goes', () => {
    const bench = direct()
    bench.answering.add(OTHER)
    bench.paths.announced([OTHER], bench.nowMs)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    bench.answering.delete(ONE)
    bench.run(1_000, true)
    expect(bench.used?.active).toBe(OTHER)
  })
})

describe('what the peer says of its places', () => {
  const placesOf = ({ paths }: Bench): Endpoint[] => paths.all.map(({ endpoint }) => endpoint)

  test('is all of them: others that it said before, and that nothing has proved, are not probed any more', () => {
    const bench = direct()
    for (let last = 10; last < 30; last += 1) bench.paths.announced([ONE, place(last)], bench.nowMs)
    expect(placesOf(bench)).toEqual([RELAY, ONE, place(29)])
    bench.paths.announced([ONE, OTHER], bench.nowMs)
    const before = bench.pings.length
    bench.paths.moved(bench.nowMs)
    bench.run(5_000)
    const probed = new Set(bench.pings.slice(before).map(({ path }) => path.endpoint))
    probed.delete(RELAY)
    expect(probed).toEqual(new Set([ONE, OTHER]))
  })

  test('takes nothing away that works, is in use, or was learnt elsewhere', () => {
    const bench = direct()
    bench.paths.learn([place(3)], 'remembered')
    bench.paths.learn([place(4)], 'attested')
    bench.paths.heardFrom(place(5), 10, bench.nowMs)
    bench.answering.add(OTHER)
    bench.paths.announced([ONE, OTHER], bench.nowMs)
    bench.run(1_000, true)
    bench.paths.announced([], bench.nowMs)
    expect(placesOf(bench)).toEqual([RELAY, ONE, place(3), place(4), place(5), OTHER])
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
  })

  test('ends what answered once and has not for long', () => {
    const bench = direct()
    bench.answering.add(OTHER)
    bench.paths.announced([ONE, OTHER], bench.nowMs)
    bench.run(1_000, true)
    bench.answering.delete(OTHER)
    bench.run(VALID_MS + 5_000, true)
    bench.paths.announced([ONE], bench.nowMs)
    expect(placesOf(bench)).toEqual([RELAY, ONE])
  })

  test('is one thing, what a coordinator sees of it another, and the last of each counts', () => {
    const bench = direct()
    bench.paths.announced([place(6)], bench.nowMs)
    for (const last of [3, 4]) bench.paths.replace([place(last)], 'attested', bench.nowMs)
    expect(placesOf(bench)).toEqual([RELAY, ONE, place(6), place(4)])
    bench.paths.replace([place(7)], 'announced', bench.nowMs)
    expect(placesOf(bench)).toEqual([RELAY, ONE, place(4), place(7)])
  })
})

test('only when ordinary probes had their chance is anything harder tried, once a round', () => {
  const bench = relayed()
  bench.run(TRY_HARDER_AFTER_MS - 10, true)
  expect(bench.count.tryHarder).toBe(0)
  bench.run(20, true)
  expect(bench.count.tryHarder).toBe(1)
  bench.run(4_000, true)
  expect(bench.count.tryHarder).toBe(1)
  bench.run(3_000, true)
  expect(bench.count.tryHarder).toBe(2)
})

describe('while there is only a relay', () => {
  const MINUTE_MS = 60_000

  /** Every round begins by saying where this node is. */
  const roundsDuring = (bench: Bench, act: () => void): number => {
    const before = bench.count.announce
    act()
    return bench.count.announce - before
  }

  test.each([
    ['a text every two seconds', (bench: Bench) => bench.chat(MINUTE_MS, 2_000)],
    ['a text every twenty seconds', (bench: Bench) => bench.chat(MINUTE_MS, 20_000)],
    ['data without a pause', (bench: Bench) => bench.run(MINUTE_MS, true)],
  ])('%s: a better path is looked for by the schedule', (_, talk) => {
    const bench = relayed()
    const rounds = [1, 2, 3, 4, 5, 6].map(() => roundsDuring(bench, () => talk(bench)))
    // Every 5 s at first, every 15 s after a minute, every minute after five.
    expect(rounds[0]).toBeGreaterThanOrEqual(11)
    expect(rounds[0]).toBeLessThanOrEqual(13)
    for (const later of rounds.slice(1, 5)) expect(Math.abs(later - 4)).toBeLessThanOrEqual(1)
    expect(Math.abs(rounds[5]! - 1)).toBeLessThanOrEqual(1)
  })

  test('who writes after a long silence has one looked for at once', () => {
    const bench = relayed()
    bench.chat(6 * MINUTE_MS, 2_000)
    bench.run(WARM_MS - 5_000)
    expect(roundsDuring(bench, () => bench.write())).toBe(0)
    bench.run(WARM_MS + 5_000)
    expect(roundsDuring(bench, () => bench.write())).toBe(1)
  })
})
