/** A way that only a handshake has shown: it is used, and asked whether it is one. */
import { describe, expect, test } from 'vitest'
import { PATH_GIVEN_UP_AFTER_MS, VALID_MS } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { Bench, ONE, OTHER, RELAY, RTT_MS } from './bench.ts'

describe('a way that only a handshake has shown', () => {
  const arrived = (origin: 'announced' | 'attested' | 'remembered', at = ONE): Bench => {
    const bench = new Bench()
    bench.paths.learn([RELAY], 'relay')
    bench.paths.learn([ONE], origin)
    bench.paths.established(at, bench.nowMs)
    return bench
  }

  test('is challenged at once, and a relay carries as well until it answers', () => {
    const bench = arrived('announced')
    expect(bench.pingsTo(ONE)).toBe(1)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    expect(bench.isUsedShown).toBe(false)
    bench.answering.add(ONE)
    bench.run(2 * RTT_MS)
    expect(bench.used).toEqual({ active: ONE, also: [] })
    expect(bench.isUsedShown).toBe(true)
  })

  test('is said to be proved also where there is no relay', () => {
    const bench = new Bench()
    bench.paths.established(ONE, bench.nowMs)
    expect(bench.isUsedShown).toBe(false)
    bench.answering.add(ONE)
    bench.run(2 * RTT_MS)
    expect(bench.isUsedShown).toBe(true)
  })

  test('stays so while nothing answers there', () => {
    const bench = arrived('announced')
    bench.run(PATH_GIVEN_UP_AFTER_MS - 100, true)
    expect(bench.isUsedShown).toBe(false)
    expect(bench.used?.also).toEqual([RELAY])
  })

  test.each(['attested', 'remembered'] as const)('is believed where it is %s', origin => {
    const bench = arrived(origin)
    expect(bench.used).toEqual({ active: ONE, also: [] })
    expect(bench.isUsedShown).toBe(true)
  })

  test('is not the one that a coordinator sees, when the handshake comes from elsewhere', () => {
    expect(arrived('attested', OTHER).isUsedShown).toBe(false)
  })
})

test('what answered once is counted as unproven again when it has not answered for long', () => {
  const path = new Path(ONE, 'announced')
  expect(path.isShownNow(1_000)).toBe(false)
  path.proved(RTT_MS, 1_000)
  expect([1_000, 999 + VALID_MS, 1_000 + VALID_MS].map(nowMs => path.isShownNow(nowMs))).toEqual([
    true,
    true,
    false,
  ])
  expect(new Path(ONE, 'attested').isShownNow(1_000)).toBe(true)
})
