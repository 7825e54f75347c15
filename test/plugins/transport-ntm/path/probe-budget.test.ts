/** What is sent to places that have shown nothing: counted per network, over all ports and all who announce it. */
import { expect, test } from 'vitest'
import { ProbeBudget } from '../../../../src/plugins/transport-ntm/path/probe-budget.ts'

const taken = (budget: ProbeBudget, address: string, nowMs: number, tries: number): number => {
  let count = 0
  for (let at = 0; at < tries; at += 1) if (budget.take(address, nowMs)) count += 1
  return count
}

test('96 at once, then 12 a second', () => {
  const budget = new ProbeBudget()
  expect(taken(budget, '192.0.2.1', 0, 1_000)).toBe(96)
  expect(taken(budget, '192.0.2.1', 1_000, 1_000)).toBe(12)
  expect(taken(budget, '192.0.2.1', 3_000, 1_000)).toBe(24)
  expect(taken(budget, '192.0.2.1', 100_000, 1_000)).toBe(96)
})

test('an address that is used up takes nothing from another', () => {
  const budget = new ProbeBudget()
  taken(budget, '192.0.2.1', 0, 1_000)
  expect(taken(budget, '192.0.2.2', 0, 1_000)).toBe(96)
})

test('the addresses of one IPv6 network are one, those of another are not', () => {
  const budget = new ProbeBudget()
  let sent = 0
  for (let host = 1; host <= 200; host += 1)
    sent += taken(budget, `2001:db8:0:7:${host.toString(16)}::1`, 0, 10)
  expect(sent).toBe(96)
  expect(taken(budget, '2001:db8:0:7::1', 0, 10)).toBe(0)
  expect(taken(budget, '2001:db8:0:8::1', 0, 1_000)).toBe(96)
})

test('a thousand announced addresses get a minute’s trickle each, and no more', () => {
  const budget = new ProbeBudget()
  let sent = 0
  for (let second = 0; second < 60; second += 1) sent += taken(budget, '192.0.2.1', second * 1_000, 1_000)
  expect(sent).toBe(96 + 59 * 12)
})

test('1,024 addresses are remembered, the last used longest', () => {
  const budget = new ProbeBudget()
  taken(budget, 'victim', 0, 100)
  const others = (from: number, to: number): void => {
    for (let at = from; at < to; at += 1) budget.take(`${at}`, 0)
  }
  others(0, 1_000)
  expect(budget.take('victim', 0)).toBe(false)
  others(1_000, 2_000)
  expect(budget.take('victim', 0)).toBe(false)
  others(2_000, 3_024)
  expect(budget.take('victim', 0)).toBe(true)
})
