/** One timer wakes all that sleep, in time, and costs nothing where nothing has come nearer. */
import { expect, test, vi } from 'vitest'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { Alarm } from '../../../src/plugins/transport-ntm/alarm.ts'

const scene = () => {
  const clock = new VirtualClock()
  const sleeper = () => {
    const one = { atMs: undefined as number | undefined, wokenMs: [] as number[] }
    const wake = (): void => {
      one.wokenMs.push(clock.monotonicMs())
      if (one.atMs !== undefined && one.atMs <= clock.monotonicMs()) one.atMs = undefined
    }
    return Object.assign(one, { nextWakeAt: () => one.atMs, wake })
  }
  const [one, other] = [sleeper(), sleeper()]
  const after = vi.spyOn(clock, 'after')
  return { clock, one, other, after, alarm: new Alarm(clock, [one, other]) }
}

const pass = (clock: VirtualClock): void => {
  while (clock.step(1_000));
}

test('whoever is due first is woken then, and the next after that', () => {
  const { clock, one, other, alarm } = scene()
  one.atMs = 300
  other.atMs = 100
  alarm.set()
  pass(clock)
  expect(other.wokenMs).toEqual([100, 300])
  expect(one.wokenMs).toEqual([100, 300])
})

test('what has moved away costs no new timer, and what has come nearer one', () => {
  const { clock, one, after, alarm } = scene()
  one.atMs = 100
  alarm.set()
  for (let later = 110; later < 200; later += 10) {
    one.atMs = later
    alarm.set()
  }
  expect(after).toHaveBeenCalledTimes(1)
  one.atMs = 50
  alarm.set()
  expect(after).toHaveBeenCalledTimes(2)
  pass(clock)
  expect(one.wokenMs).toEqual([50])
})

test('after its end nothing rings any more', () => {
  const { clock, one, alarm } = scene()
  one.atMs = 100
  alarm.set()
  alarm.close()
  one.atMs = 50
  alarm.set()
  pass(clock)
  expect(one.wokenMs).toEqual([])
})
