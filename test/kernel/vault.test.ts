/** Sealing at rest: nothing opens elsewhere, changed, or with another key. */
import { expect, test } from 'vitest'
import { systemRandom } from '../../src/kernel/random.ts'
import { openVault } from '../../src/kernel/vault.ts'

const key = Buffer.from('place')
const value = Buffer.from('value')
const vault = openVault(new Uint8Array(32).fill(1), systemRandom)

test('a value opens at its place, in this vault, unchanged', () => {
  const sealed = vault.seal(key, value)
  expect(Buffer.compare(vault.open(key, sealed)!, value)).toBe(0)
  expect(vault.open(Buffer.from('other'), sealed)).toBeUndefined()
  expect(openVault(new Uint8Array(32).fill(2), systemRandom).open(key, sealed)).toBeUndefined()
  for (let at = 0; at < sealed.length; at += 1)
    expect(vault.open(key, sealed.with(at, sealed[at]! ^ 1))).toBeUndefined()
  for (let length = 0; length < sealed.length; length += 1)
    expect(vault.open(key, sealed.subarray(0, length))).toBeUndefined()
})

test('sealing twice never gives the same bytes; opening changes nothing', () => {
  const sealed = vault.seal(key, value)
  expect(vault.seal(key, value)).not.toEqual(sealed)
  const copy = Uint8Array.from(sealed)
  vault.open(key, sealed)
  expect(new Uint8Array(sealed)).toEqual(copy)
})

test('a key hash is the same in this vault and another in any other', () => {
  expect(vault.keyOf(key)).toEqual(vault.keyOf(key))
  expect(vault.keyOf(key)).toHaveLength(16)
  expect(openVault(new Uint8Array(32).fill(2), systemRandom).keyOf(key)).not.toEqual(vault.keyOf(key))
})
