/** The hard ways are tried one at a time, a few times in a row to one peer, and then rarely. */
import { expect, test } from 'vitest'
import { Attempts } from '../../../../src/plugins/transport-ntm/path/attempts.ts'

const tried = (attempts: Attempts, peer: string, nowMs: number): boolean => {
  const may = attempts.take(peer, nowMs)
  if (may) attempts.over()
  return may
}

test('one at a time over all peers', () => {
  const attempts = new Attempts()
  expect(attempts.take('bob', 0)).toBe(true)
  expect(attempts.take('bob', 0)).toBe(false)
  expect(attempts.take('carol', 0)).toBe(false)
  attempts.over()
  expect(attempts.take('carol', 0)).toBe(true)
})

test('three in a row to one peer, then one every twenty seconds', () => {
  const attempts = new Attempts()
  const at = (ms: number) => tried(attempts, 'bob', ms)
  expect([at(0), at(0), at(0), at(0)]).toEqual([true, true, true, false])
  expect([at(19_000), at(20_000), at(20_001)]).toEqual([false, true, false])
  expect(tried(attempts, 'carol', 20_001)).toBe(true)
  expect([at(200_000), at(200_000), at(200_000), at(200_000)]).toEqual([true, true, true, false])
})

test('who was refused has not taken the place', () => {
  const attempts = new Attempts()
  for (let at = 0; at < 4; at += 1) tried(attempts, 'bob', 0)
  expect(attempts.take('bob', 0)).toBe(false)
  expect(attempts.take('carol', 0)).toBe(true)
})

test('of 256 peers it is remembered how often they were tried', () => {
  const attempts = new Attempts()
  for (let at = 0; at < 3; at += 1) tried(attempts, 'bob', 0)
  for (let peer = 0; peer < 255; peer += 1) tried(attempts, `${peer}`, 0)
  expect(tried(attempts, 'bob', 0)).toBe(false)
  for (let peer = 0; peer < 256; peer += 1) tried(attempts, `${peer}`, 0)
  expect(tried(attempts, 'bob', 0)).toBe(true)
})
