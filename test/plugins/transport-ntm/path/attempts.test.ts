/** The hard ways are tried one at a time, a few times in a row to one peer, and then rarely. */
import { expect, test } from 'vitest'
import { Attempts } from '../../../../src/plugins/transport-ntm/path/attempts.ts'

const tried = (attempts: Attempts, peer: string, nowMs: number): boolean => {
  const may = attempts.take(peer, nowMs, `of ${peer}`)
  if (may) attempts.over()
  return may
}

test('one at a time over all peers', () => {
  const attempts = new Attempts()
  expect(attempts.take('bob', 0, 'of bob')).toBe(true)
  expect(attempts.take('bob', 0, 'of bob')).toBe(false)
  expect(attempts.take('carol', 0, 'of carol')).toBe(false)
  attempts.over()
  expect(attempts.take('carol', 0, 'of carol')).toBe(true)
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
  expect(attempts.take('bob', 0, 'of bob')).toBe(false)
  expect(attempts.take('carol', 0, 'of carol')).toBe(true)
})

test('as many to one address, however many peers are said to be there', () => {
  const attempts = new Attempts()
  const at = (peer: string, address: string): boolean => {
    const may = attempts.take(peer, 0, address)
    if (may) attempts.over()
    return may
  }
  expect(['bob', 'carol', 'dave', 'erin'].map(peer => at(peer, '192.0.2.1'))).toEqual([
    true,
    true,
    true,
    false,
  ])
  expect(at('erin', '192.0.2.2')).toBe(true)
  expect(['192.0.2.3', '192.0.2.4', '192.0.2.5'].map(address => at('bob', address))).toEqual([
    true,
    true,
    false,
  ])
})

test('who is refused for an address has spent nothing of its own', () => {
  const attempts = new Attempts()
  for (let at = 0; at < 3; at += 1) {
    attempts.take('bob', 0, '192.0.2.1')
    attempts.over()
  }
  for (let at = 0; at < 10; at += 1) expect(attempts.take('carol', 0, '192.0.2.1')).toBe(false)
  for (let at = 0; at < 3; at += 1) {
    expect(attempts.take('carol', 0, '192.0.2.2')).toBe(true)
    attempts.over()
  }
})

test('hundreds of others make nobody forgotten who was tried lately', () => {
  const attempts = new Attempts()
  for (let at = 0; at < 3; at += 1) tried(attempts, 'bob', 0)
  for (let peer = 0; peer < 600; peer += 1) tried(attempts, `${peer}`, 0)
  expect(tried(attempts, 'bob', 0)).toBe(false)
})
