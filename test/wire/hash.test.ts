/** The hash, the key derivation and their labels, against another implementation of BLAKE2b. */
import { blake2b } from '@noble/hashes/blake2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataHash, eventId, labelledHash, labelledHashHex } from '../../src/wire/hash.ts'
import { deriveKey } from '../../src/wire/kdf.ts'
import * as labels from '../../src/wire/labels.ts'
import { hex } from '../support/sealing.ts'

const reference = (label: string, ...parts: Uint8Array[]): string =>
  hex(blake2b(Buffer.concat([Buffer.from(label), ...parts]), { dkLen: 32 }))

describe('labelled hash', () => {
  it('is BLAKE2b-256 over the label and the parts, of any length', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 })
    fc.assert(
      fc.property(parts, given => {
        expect(labelledHashHex('ntm.test.1', ...given)).toBe(reference('ntm.test.1', ...given))
      }),
      { numRuns: 50 },
    )
  })

  it.each([4085, 4086, 4087, 70_000])('agrees around the size of its scratch buffer: %i bytes', length => {
    const part = new Uint8Array(length).fill(3)
    expect(labelledHashHex('ntm.test.1', part)).toBe(reference('ntm.test.1', part))
  })

  it('gives bytes that later hashes do not overwrite', () => {
    const first = labelledHash('ntm.test.1')
    const before = hex(first)
    labelledHash('ntm.test.1', Uint8Array.of(1))
    expect(hex(first)).toBe(before)
  })

  it('names events and data under different labels', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(eventId(bytes)).toBe(reference('ntm.event.1', bytes))
    expect(dataHash(bytes, bytes)).toBe(reference('ntm.data.1', bytes, bytes))
  })
})

describe('labels', () => {
  it('never begin with one another', () => {
    const all = Object.values(labels)
    const clashes = all.flatMap(a => all.filter(b => a !== b && b.startsWith(a)))
    expect(clashes).toEqual([])
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('deriveKey', () => {
  const seed = Uint8Array.from({ length: 32 }, (_, index) => index)

  it('is BLAKE2b-256 keyed with the seed over the label', () => {
    const expected = blake2b(Buffer.from('ntm.key.sign.1'), { dkLen: 32, key: seed })
    expect(hex(deriveKey(seed, labels.SIGNING_KEY_LABEL))).toBe(hex(expected))
  })

  it('gives unrelated keys for unrelated labels', () => {
    const keys = [labels.SIGNING_KEY_LABEL, labels.TUNNEL_KEY_LABEL, labels.STORAGE_KEY_LABEL]
    expect(new Set(keys.map(label => hex(deriveKey(seed, label)))).size).toBe(3)
  })

  it('refuses a seed of another length', () => {
    expect(() => deriveKey(new Uint8Array(31), 'ntm.key.sign.1')).toThrow('32 bytes')
  })
})
