/** Repeating, remembering and pacing: what time does to requests, answers and keepalives. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FIRST_PACE, nextPace } from '../../../../src/plugins/transport-ntm/signalling/keepalive.ts'
import {
  KEEPALIVE_FIRST_MS,
  KEEPALIVE_MAX_MS,
  KEEPALIVE_MIN_MS,
} from '../../../../src/plugins/transport-ntm/signalling/limits.ts'
import { AnswerCache, Requests } from '../../../../src/plugins/transport-ntm/signalling/transaction.ts'

const bytes = [Uint8Array.of(1)]

describe('a request', () => {
  test('is repeated at 0.5, 1.5 and 3.5 s and given up at 7.5 s', () => {
    const requests = new Requests<string>()
    requests.begin('a', bytes, 'about', 0)
    const story: string[] = []
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 100)
      for (let lapse = requests.lapse(nowMs); lapse; lapse = requests.lapse(nowMs))
        story.push(`${nowMs} ${lapse.kind} ${lapse.tries} ${lapse.about}`)
    expect(story).toEqual([
      '500 again 2 about',
      '1500 again 3 about',
      '3500 again 4 about',
      '7500 expired 4 about',
    ])
    expect(requests.size).toBe(0)
    expect(requests.dueMs).toBeUndefined()
  })

  test('settled, is never heard of again', () => {
    const requests = new Requests<string>()
    requests.begin('a', bytes, 'one', 0)
    requests.begin('b', bytes, 'two', 100)
    expect(requests.settle('a')).toBe('one')
    expect(requests.settle('a')).toBeUndefined()
    expect(requests.dueMs).toBe(600)
    expect(requests.lapse(600)?.about).toBe('two')
    expect(requests.clear()).toEqual(['two'])
    expect(requests.lapse(1e9)).toBeUndefined()
  })
})

describe('remembered answers', () => {
  test('live as long as they may and stay within their budget', () => {
    const cache = new AnswerCache(1000, 1500)
    for (let at = 0; at < 10; at += 1) cache.remember(`k${at}`, [new Uint8Array(300)], 0)
    expect(cache.bytes).toBeLessThanOrEqual(1500)
    expect(cache.find('k0', 0)).toBeUndefined()
    expect(cache.find('k9', 999)).toHaveLength(1)
    expect(cache.find('k9', 1000)).toBeUndefined()
    cache.remember('k9', [new Uint8Array(1)], 0)
    cache.remember('k9', [new Uint8Array(2)], 0)
    expect(cache.find('k9', 1)?.[0]).toHaveLength(2)
  })
})

describe('the pace of keepalives', () => {
  test('grows while all is well, and not beyond two minutes', () => {
    let pace = FIRST_PACE
    const intervals = new Set<number>()
    for (let at = 0; at < 40; at += 1) {
      intervals.add(pace.intervalMs)
      pace = nextPace(pace, 'answered')
    }
    expect([...intervals]).toEqual([KEEPALIVE_FIRST_MS, 37_500, 56_250, 84_375, KEEPALIVE_MAX_MS])
  })

  test('shrinks on loss, and never again reaches a silence that lost the mapping', () => {
    const lost = nextPace({ ...FIRST_PACE, intervalMs: 60_000 }, 'lost')
    expect(lost.intervalMs).toBe(30_000)
    let pace = nextPace({ ...FIRST_PACE, intervalMs: 60_000 }, 'remapped')
    expect(pace.intervalMs).toBe(45_000)
    for (let at = 0; at < 40; at += 1) pace = nextPace(pace, 'answered')
    expect(pace.intervalMs).toBe(45_000)
  })

  test('stays between 15 and 120 s whatever happens', () => {
    const outcome = fc.constantFrom('answered' as const, 'lost' as const, 'remapped' as const)
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), outcomes => {
        const { intervalMs, ceilingMs } = outcomes.reduce(nextPace, FIRST_PACE)
        expect(intervalMs).toBeGreaterThanOrEqual(KEEPALIVE_MIN_MS)
        expect(intervalMs).toBeLessThanOrEqual(Math.min(KEEPALIVE_MAX_MS, ceilingMs))
      }),
    )
  })
})
