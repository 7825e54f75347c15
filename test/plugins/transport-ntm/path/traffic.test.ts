/** When the path in use is asked whether it lives: by who talks, who only listens, who is idle, and who hears nothing. */
import { describe, expect, test } from 'vitest'
import { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { beatOf, type Traffic } from '../../../../src/plugins/transport-ntm/path/traffic.ts'

const NEVER = Number.NEGATIVE_INFINITY
const NOW_MS = 1_000_000
const RTT_MS = 40

/** Proved so long ago, with a round trip of 40 ms. */
const path = (provenAgoMs: number): Path => {
  const made = new Path({ address: '192.0.2.1', port: 1 }, 'announced')
  made.pinged(Buffer.alloc(8), NOW_MS - provenAgoMs - RTT_MS)
  made.pingedMs = NOW_MS - provenAgoMs - RTT_MS
  made.proved(RTT_MS, NOW_MS - provenAgoMs)
  return made
}
/** Times as so long ago. */
const traffic = (sentAgoMs: number, receivedAgoMs: number, heardAgoMs = receivedAgoMs): Traffic => ({
  sentMs: NOW_MS - sentAgoMs,
  receivedMs: NOW_MS - receivedAgoMs,
  heardHereMs: NOW_MS - heardAgoMs,
})
const LONG = Number.POSITIVE_INFINITY

describe('the next challenge, after now', () => {
  const rows: readonly (readonly [what: string, provenAgoMs: number, Traffic, inMs: number])[] = [
    ['a path without traffic for a minute', 5_000, traffic(60_000, 60_000), LONG],
    ['a path that never had any', 5_000, traffic(LONG, LONG), LONG],
    ['a busy path is looked at again soon', 100, traffic(10, 10), 100],
    ['who talks and is answered asks every second', 950, traffic(20, 5_000, 10), 50],
    ['who listens asks every half', 450, traffic(20_000, 10), 50],
    ['a warm path every three seconds', 1_000, traffic(20_000, 20_000), 2_000],
    ['a warm path that is due', 3_000, traffic(20_000, 20_000), 0],
    ['who sends and hears nothing asks after 100 ms and the round trip', 400, traffic(0, 9_000, 200), -60],
    ['who sent just now, before an answer can be there', 400, traffic(0, 9_000, 100), 40],
  ]
  test.each(rows)('%s', (_, provenAgoMs, seen, inMs) => {
    expect(beatOf(path(provenAgoMs), seen, LONG, NOW_MS) - NOW_MS).toBe(inMs)
  })

  test('an unanswered one is repeated when it is time to, also without traffic', () => {
    const asked = path(10_000)
    asked.pinged(Buffer.alloc(8), NOW_MS)
    for (const seen of [traffic(10, 10), traffic(60_000, 60_000)])
      expect(beatOf(asked, seen, NOW_MS + 99, NOW_MS + 50)).toBe(NOW_MS + 99)
    expect(asked.isMissed(NOW_MS + asked.patienceMs - 1)).toBe(false)
    expect(asked.isMissed(NOW_MS + asked.patienceMs)).toBe(true)
  })

  test('what was never used has nothing to be asked for', () => {
    expect(beatOf(path(0), { sentMs: NEVER, receivedMs: NEVER, heardHereMs: NEVER }, LONG, NOW_MS)).toBe(LONG)
  })
})
