/** The own addresses are looked at closely while datagrams leave, and rarely by an idle machine. */
import { expect, test } from 'vitest'
import { AddressWatch, LOOK_BUSY_MS, LOOK_IDLE_MS, LOOKS_BUSY } from '../../src/kernel/address-watch.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'

const HOUR_MS = 3_600_000

function watching() {
  const clock = new VirtualClock()
  const looks: number[] = []
  const watch = new AddressWatch({
    look: async () => void looks.push(clock.monotonicMs()),
    after: (delayMs, run) => clock.after(delayMs, run),
  })
  const pass = (ms: number): number => {
    const before = looks.length
    const untilMs = clock.monotonicMs() + ms
    while (clock.step(untilMs));
    return looks.length - before
  }
  return { watch, looks, pass }
}

test('an idle machine looks 1,800 times an hour, one that sends all the time 18,000 times', () => {
  const { watch, pass } = watching()
  pass(LOOK_BUSY_MS * LOOKS_BUSY + LOOK_IDLE_MS)
  expect(pass(HOUR_MS)).toBe(HOUR_MS / LOOK_IDLE_MS)
  let looks = 0
  for (let ms = 0; ms < HOUR_MS; ms += 100) {
    watch.flowed()
    looks += pass(100)
  }
  expect(looks).toBeCloseTo(HOUR_MS / LOOK_BUSY_MS, -2)
})

test('the first datagram after a quiet time has it look at once, the next do not', () => {
  const { watch, looks, pass } = watching()
  pass(60_000)
  const before = looks.length
  for (let datagram = 0; datagram < 1_000; datagram += 1) watch.flowed()
  expect(looks.length - before).toBe(1)
  expect(pass(1_000)).toBe(1_000 / LOOK_BUSY_MS)
})

test('nobody looks after the end', () => {
  const { watch, pass } = watching()
  watch.stop()
  watch.flowed()
  expect(pass(HOUR_MS)).toBe(0)
})
