/** How often somebody silent is asked: as ever for three seconds, then at pauses that double up to half a minute. */
import { describe, expect, test } from 'vitest'
import {
  ASKED_EVERY_MAX_MS,
  ASKED_WHILE_SENDING_MS,
  DIRECTION_PAUSE_MS,
  PATIENCE_UNKNOWN_MS,
  PEER_SILENT_AFTER_MS,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { Silence } from '../../../../src/plugins/transport-ntm/path/silence.ts'

const EVERY_MS = PATIENCE_UNKNOWN_MS / 3
const LONG_MS = 10 * 60_000

class Bench {
  readonly traffic = { sentMs: -Infinity, receivedMs: -Infinity, heardHereMs: -Infinity }
  readonly silence = new Silence(this.traffic)
  readonly path = new Path({ address: '192.0.2.1', port: 1 }, 'announced')
  nowMs = 0

  /** The next pauses between challenges. */
  challenges(count: number): number[] {
    return Array.from({ length: count }, () => {
      const dueMs = Math.max(this.nowMs, this.silence.challengeMs(this.path))
      const pauseMs = dueMs - this.nowMs
      this.nowMs = this.path.pingedMs = dueMs
      this.silence.asked(dueMs)
      return pauseMs
    })
  }

  /** The next pauses between requests for a direction. */
  requests(count: number): number[] {
    return Array.from({ length: count }, () => {
      const pauseMs = Math.max(0, this.silence.seekMs - this.nowMs)
      this.nowMs += pauseMs
      this.silence.sought(this.nowMs)
      return pauseMs
    })
  }
}

const asked = (): Bench => {
  const bench = new Bench()
  bench.challenges(1)
  return bench
}
const silent = (): Bench => {
  const bench = asked()
  bench.nowMs = bench.path.pingedMs = LONG_MS
  bench.silence.sought(LONG_MS)
  return bench
}

describe('a path that does not answer', () => {
  test('is asked closely until its peer counts as silent', () => {
    expect(asked().challenges(PEER_SILENT_AFTER_MS / EVERY_MS)).toEqual(
      Array.from({ length: PEER_SILENT_AFTER_MS / EVERY_MS }, () => EVERY_MS),
    )
  })

  test('then twice as rarely each time, and every half minute in the end', () => {
    const bench = asked()
    bench.challenges(PEER_SILENT_AFTER_MS / EVERY_MS)
    expect(bench.challenges(12)).toEqual([
      ...[1, 1, 2, 4, 8, 16, 32, 64, 128].map(times => times * EVERY_MS),
      ...[ASKED_EVERY_MAX_MS, ASKED_EVERY_MAX_MS, ASKED_EVERY_MAX_MS],
    ])
  })

  test('is asked every second while something is being sent', () => {
    const sending = silent()
    sending.traffic.sentMs = LONG_MS + 5_000
    expect(sending.challenges(3)).toEqual([1, 1, 1].map(() => ASKED_WHILE_SENDING_MS))
  })

  test('is asked closely again when anything is heard, and at once by who wants to talk', () => {
    const heard = silent()
    heard.silence.broken()
    expect(heard.challenges(3)).toEqual([EVERY_MS, EVERY_MS, EVERY_MS])
    const data = silent()
    data.traffic.receivedMs = LONG_MS
    expect(data.challenges(3)).toEqual([EVERY_MS, EVERY_MS, EVERY_MS])
    const wanted = silent()
    wanted.nowMs += 10_000
    wanted.silence.wanted(wanted.nowMs)
    expect(wanted.challenges(5)).toEqual([0, 1, 1, 2, 4].map(times => times * EVERY_MS))
  })
})

describe('a coordinator', () => {
  test('is asked for a way every two seconds at first, and every half minute in the end', () => {
    const pausesMs = asked().requests(9)
    expect(pausesMs.slice(0, 3)).toEqual([0, DIRECTION_PAUSE_MS, DIRECTION_PAUSE_MS])
    expect(pausesMs).toEqual([...pausesMs].sort((a, b) => a - b))
    expect(pausesMs.at(-1)).toBe(ASKED_EVERY_MAX_MS)
  })

  test('is asked once more by who wants to talk, and as at first when anything is heard', () => {
    const wanted = silent()
    wanted.silence.wanted(LONG_MS + 1)
    expect(wanted.requests(3)).toEqual([DIRECTION_PAUSE_MS, ASKED_EVERY_MAX_MS, ASKED_EVERY_MAX_MS])
    const heard = silent()
    heard.silence.broken()
    expect(heard.requests(3)).toEqual([DIRECTION_PAUSE_MS, DIRECTION_PAUSE_MS, DIRECTION_PAUSE_MS])
  })
})

test('rounds of probes have a pause of their own only where nobody answers', () => {
  expect(new Bench().silence.roundPauseMs(LONG_MS)).toBe(0)
  expect(asked().silence.roundPauseMs(PEER_SILENT_AFTER_MS + 7_000)).toBe(7_000)
  expect(silent().silence.roundPauseMs(LONG_MS)).toBe(ASKED_EVERY_MAX_MS)
})
