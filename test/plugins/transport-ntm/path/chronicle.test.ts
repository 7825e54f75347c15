/** The story of the paths: nothing is lost while little happens, and a flapping path floods nothing. */
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../../src/events/ids.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { Chronicle } from '../../../../src/plugins/transport-ntm/path/chronicle.ts'

const device = (index: number) => index.toString(16).padStart(64, '0') as DeviceId
const [BOB, CAROL] = [device(1), device(2)]

const begun = () => {
  const clock = new VirtualClock()
  const lines: (readonly [who: DeviceId, what: string])[] = []
  const chronicle = new Chronicle(clock, (about, what) => lines.push([about, what]))
  const run = (ms: number): void => {
    const untilMs = clock.monotonicMs() + ms
    while (clock.step(untilMs));
  }
  return {
    chronicle,
    clock,
    run,
    of: (who: DeviceId) => lines.flatMap(([by, what]) => (by === who ? what : [])),
  }
}

describe('the chronicle', () => {
  test('tells a few lines at once, and what comes every five seconds', () => {
    const { chronicle, run, of } = begun()
    const told = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const line of told) chronicle.tell(BOB, line)
    expect(of(BOB)).toEqual(told)
    run(5_000)
    for (const line of ['g', 'h']) {
      chronicle.tell(BOB, line)
      run(5_000)
    }
    expect(of(BOB)).toEqual([...told, 'g', 'h'])
  })

  test('of a path that flaps tells the last line, with how many it stands for', () => {
    const { chronicle, run, of } = begun()
    for (let at = 0; at < 10; at += 1) chronicle.tell(BOB, `${at}`)
    expect(of(BOB)).toEqual(['0', '1', '2', '3', '4', '5'])
    run(5_000)
    expect(of(BOB).slice(6)).toEqual(['9 (3 lines left out before)'])
    chronicle.tell(BOB, 'one')
    chronicle.tell(BOB, 'two')
    run(60_000)
    expect(of(BOB).slice(7)).toEqual(['two (one line left out before)'])
  })

  test('bounds a minute of twenty lines a second', () => {
    const { chronicle, run, of } = begun()
    for (let at = 0; at < 60 * 20; at += 1) {
      chronicle.tell(BOB, `${at}`)
      run(50)
    }
    run(5_000)
    expect(of(BOB).length).toBeLessThanOrEqual(6 + 13)
    expect(of(BOB).at(-1)).toMatch(/^1199 /)
  })

  test('lets no peer take from another', () => {
    const { chronicle, of } = begun()
    for (let at = 0; at < 100; at += 1) chronicle.tell(BOB, `${at}`)
    chronicle.tell(CAROL, 'by a relay')
    expect(of(CAROL)).toEqual(['by a relay'])
  })

  test('keeps 256 peers, and says nothing after its end', () => {
    const { chronicle, clock, run, of } = begun()
    for (let peer = 1; peer <= 300; peer += 1)
      for (let at = 0; at < 8; at += 1) chronicle.tell(device(peer), `${at}`)
    run(5_000)
    const waited = Array.from({ length: 300 }, (_, at) => of(device(at + 1)).length)
    expect(waited.filter(lines => lines === 7)).toHaveLength(256)
    for (let at = 0; at < 8; at += 1) chronicle.tell(BOB, `${at}`)
    chronicle.close()
    expect(clock.nextAtMs()).toBeUndefined()
  })
})
