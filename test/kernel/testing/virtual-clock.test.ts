/** Virtual time: order, cancelling, and homes that lose their power. */
import { expect, test } from 'vitest'
import { HomeClock, VIRTUAL_EPOCH_MS, VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

test('things happen at their time, and those of one moment in the order of asking', () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  const note = (what: string) => () => void seen.push(`${what}@${clock.monotonicMs()}`)
  for (const [delayMs, what] of [
    [30, 'c'],
    [10, 'a'],
    [20, 'b'],
    [10, 'a2'],
    [0, 'now'],
  ] as const)
    clock.after(delayMs, note(what))
  while (clock.step());
  expect(seen).toEqual(['now@0', 'a@10', 'a2@10', 'b@20', 'c@30'])
})

test('a thousand random delays come out sorted', () => {
  const clock = new VirtualClock()
  const delays = Array.from({ length: 1000 }, (_, at) => (at * 7919) % 1009)
  const seen: number[] = []
  for (const delayMs of delays) clock.after(delayMs, () => void seen.push(delayMs))
  while (clock.step());
  expect(seen).toEqual([...delays].sort((a, b) => a - b))
})

test('what is cancelled never happens and does not move the time', () => {
  const clock = new VirtualClock()
  const cancel = clock.after(50, () => expect.unreachable())
  cancel()
  expect(clock.nextAtMs()).toBeUndefined()
  expect(clock.step()).toBe(false)
  expect(clock.monotonicMs()).toBe(0)
})

test('stepping until a moment goes to that moment and no further', () => {
  const clock = new VirtualClock()
  let ran = 0
  clock.after(5, () => void ran++)
  clock.after(15, () => void ran++)
  while (clock.step(10));
  expect([ran, clock.monotonicMs()]).toEqual([1, 10])
})

test('a killed home hears nothing of its timers; its wall clock may be wrong', () => {
  const clock = new VirtualClock()
  const home = new HomeClock(clock, -5_000)
  home.after(10, () => expect.unreachable())
  expect(home.now()).toBe(VIRTUAL_EPOCH_MS - 5_000)
  home.kill()
  while (clock.step());
  expect(clock.monotonicMs()).toBe(10)
})

test('while a home sleeps its wall clock goes on and the other stands still; timers are late by as much', () => {
  const clock = new VirtualClock()
  const home = new HomeClock(clock)
  const fired: (readonly [what: string, atMs: number])[] = []
  const note = (what: string) => () => fired.push([what, clock.monotonicMs()])
  home.after(10, note('before'))
  home.after(30, note('during'))
  home.after(500, note('after'))
  home.after(40, () => expect.unreachable())()
  const cancel = home.after(35, () => expect.unreachable())
  while (clock.step(20));
  home.sleep()
  while (clock.step(120));
  expect([home.monotonicMs(), home.now() - VIRTUAL_EPOCH_MS]).toEqual([20, 120])
  cancel()
  home.wake()
  while (clock.step());
  expect(fired).toEqual([
    ['before', 10],
    ['during', 130],
    ['after', 600],
  ])
  expect(home.monotonicMs()).toBe(500)
})

test('who waits for a moment of its own comes to it, also where a sleep has left less than the clock can tell', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const clock = new VirtualClock()
    const home = new HomeClock(clock)
    const oddMs = seed * 7_919 * Math.SQRT2
    while (clock.step(oddMs));
    home.sleep()
    while (clock.step(oddMs + 1_800_000 / 7 + seed / 3));
    home.wake()
    const dueMs = home.monotonicMs() + 15_000 / 7
    const look = (): unknown => home.monotonicMs() < dueMs && home.after(dueMs - home.monotonicMs(), look)
    look()
    let steps = 0
    while (clock.step() && steps < 10) steps += 1
    expect(steps).toBeLessThan(10)
  }
})
