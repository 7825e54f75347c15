/** The mac that floods meet first, against the library's and a published answer. */

import { blake2s } from '@noble/hashes/blake2.js'
import { expect, it } from 'vitest'
import { KeyedMac } from '../../../../src/plugins/transport-ntm/tunnel/keyed-mac.ts'
import { World } from './world.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

it('is the same as the library computes, for keys and messages of every length', () => {
  const world = new World()
  for (let length = 1; length <= 300; length += 1) {
    const [key, message] = [world.randomBytes(1 + (length % 32)), world.randomBytes(length)]
    const expected = blake2s(message, { key, dkLen: 16 })
    expect(hex(new KeyedMac(key).of(message))).toBe(hex(expected))
  }
})

it('starts anew with each message, whatever other keys do in between', () => {
  const world = new World()
  const [key, message] = [world.randomBytes(32), world.randomBytes(116)]
  const one = new KeyedMac(key)
  const first = hex(one.of(message))
  new KeyedMac(world.randomBytes(32)).of(world.randomBytes(200))
  one.of(world.randomBytes(65))
  expect(hex(one.of(message))).toBe(first)
})

it('fits what stands behind the message, and nothing that differs in one bit', () => {
  const world = new World()
  const mac = new KeyedMac(world.randomBytes(32))
  const message = world.randomBytes(148)
  message.set(mac.of(message, 116), 116)
  expect(mac.fits(message, 116)).toBe(true)
  for (let bit = 0; bit < 132 * 8; bit += 1) {
    const other = message.slice()
    other[bit >> 3]! ^= 1 << (bit & 7)
    expect(mac.fits(other, 116)).toBe(false)
  }
})
