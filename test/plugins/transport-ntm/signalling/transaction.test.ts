/** Repeating, remembering and pacing: what time does to requests, answers and keepalives. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FIRST_PACE, nextPace } from '../../../../src/plugins/transport-ntm/signalling/keepalive.ts'
import { KEEPALIVE_MIN_MS, KEEPALIVE_MS } from '../../../../src/plugins/transport-ntm/signalling/limits.ts'
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
  test('is that of the first minute for ever while all is well: a firewall that forgets never shows it', () => {
    let pace = FIRST_PACE
    for (let at = 0; at < 40; at += 1) pace = nextPace(pace, 'answered')
    expect(pace.intervalMs).toBe(KEEPALIVE_MS)
  })

  test('shrinks on loss, comes back, and never again reaches a silence that lost the mapping', () => {
    const lost = nextPace(FIRST_PACE, 'lost')
    expect(lost.intervalMs).toBe(KEEPALIVE_MIN_MS)
    let pace = lost
    for (let at = 0; at < 40; at += 1) pace = nextPace(pace, 'answered')
    expect(pace.intervalMs).toBe(KEEPALIVE_MS)
    pace = nextPace(pace, 'remapped')
    expect(pace.intervalMs).toBe(18_750)
    for (let at = 0; at < 40; at += 1) pace = nextPace(pace, 'answered')
    expect(pace.intervalMs).toBe(18_750)
  })

  test('stays between 15 and 25 s whatever happens', () => {
    const outcome = fc.constantFrom('answered' as const, 'lost' as const, 'remapped' as const)
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 60 }), outcomes => {
        const { intervalMs, ceilingMs } = outcomes.reduce(nextPace, FIRST_PACE)
        expect(intervalMs).toBeGreaterThanOrEqual(KEEPALIVE_MIN_MS)
        expect(intervalMs).toBeLessThanOrEqual(Math.min(KEEPALIVE_MS, ceilingMs))
      }),
    )
  })
})
