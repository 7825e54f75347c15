/** The list of plugins that blocked a node, and what it decides. */
import { expect, test } from 'vitest'
import {
  type BlockedPlugin,
  decodeBlocked,
  encodeBlocked,
  mustNotHaveBlocked,
  withBlocked,
} from '../../src/kernel/blocked-plugins.ts'

const polls: BlockedPlugin = { id: 'com.example.polls', version: '1.2.3', at: 5 }

test('what is written reads back', () => {
  expect(decodeBlocked(encodeBlocked([polls]))).toEqual([polls])
  expect(decodeBlocked(encodeBlocked([]))).toEqual([])
})

test.each([
  '',
  '[]',
  '{"plugins":5}',
  '{"plugins":[{"id":"com.example.polls","version":"1.2.3"}]}',
  '{"plugins":[{"id":"polls","version":"1.2.3","at":1}]}',
  '{"plugins":[{"id":"com.example.polls","version":"1.2.3","at":1e300}]}',
  '{"plugins":[],"more":1}',
])('%j is refused', text => {
  expect(() => decodeBlocked(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('of each plugin the last version stays, and the list has an end', () => {
  const newer = { ...polls, version: '1.2.4', at: 6 }
  const other = { ...polls, id: 'com.example.other' }
  expect(withBlocked([polls, other], newer)).toEqual([other, newer])
  const many = Array.from({ length: 300 }, (_, n) => ({ ...polls, id: `com.example.n${n}` }))
  const full = many.reduce<readonly BlockedPlugin[]>(withBlocked, [])
  expect(decodeBlocked(encodeBlocked(full))).toEqual(many.slice(-256))
})

test('exactly the version that blocked is left out', () => {
  const blocked = [polls]
  expect(() => mustNotHaveBlocked(blocked, polls.id, '1.2.3')).toThrow(/1970-01-01T00:00:00\.005Z/)
  for (const [id, version] of [
    [polls.id, '1.2.4'],
    ['com.example.other', '1.2.3'],
  ] as const)
    expect(() => mustNotHaveBlocked(blocked, id, version)).not.toThrow()
})
