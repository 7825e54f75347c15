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

test('a thousand others push out nobody who has been sent something lately', () => {
  const budget = new ProbeBudget()
  taken(budget, 'victim', 0, 100)
  for (let at = 0; at < 3_000; at += 1) budget.take(`${at}`, 1 + Math.floor(at / 10))
  expect(budget.take('victim', 302)).toBe(true)
  expect(taken(budget, 'victim', 302, 100)).toBe(2)
})

test('where all places are taken the rest share what one address may be sent', () => {
  const budget = new ProbeBudget()
  for (let at = 0; at < 1_024; at += 1) taken(budget, `busy ${at}`, 0, 96)
  let sent = 0
  for (let at = 0; at < 1_000; at += 1) sent += taken(budget, `late ${at}`, 0, 1)
  expect(sent).toBe(96)
  expect(taken(budget, 'late', 8_001, 100)).toBe(96)
})
