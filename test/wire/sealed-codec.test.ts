/** Sealed events on the move: what is encoded comes back, damage never throws, results own their bytes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RUN_MAX_EVENTS } from '../../src/wire/limits.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { decodeSealed, encodeSealed } from '../../src/wire/sealed-codec.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import {
  countingEnvironment,
  decodeList,
  deviceOf,
  encodeList,
  hex,
  keptDraft,
  openRun,
  partsOf,
  START,
  sealTexts,
} from '../support/sealing.ts'

const run = sealTexts(['one', 'two', 'x'.repeat(2000)])
const [kept] = sealRun([keptDraft()], START, deviceOf(1), countingEnvironment())
const [first] = run

describe('sealed events', () => {
  it.each([
    ['signed, with data', kept!],
    ['unsigned, with data', first!],
    ['unsigned, without data', { id: first!.id, bytes: first!.bytes }],
    ['signed, without data', { id: kept!.id, bytes: kept!.bytes, sig: kept!.sig! }],
  ])('come back: %s', (_name, sealed) => {
    expect(decodeSealed(encodeSealed(sealed))).toEqual({ ok: true, value: partsOf(sealed) })
  })

  it('come back as lists, which open to the run they were', () => {
    const list = decodeList(encodeList(run))
    expect(openRun(list!)).toEqual({ ok: true, value: run })
    expect(decodeList(encodeList([]))).toEqual([])
  })

  it('do not share memory with the bytes they were read from', () => {
    for (const bytes of [encodeSealed(kept!), Buffer.from(encodeSealed(kept!))]) {
      const read = decodeSealed(bytes)
      bytes.fill(0)
      expect(read).toEqual({ ok: true, value: partsOf(kept!) })
    }
  })

  it('are at most 64 a list', () => {
    const many = new Array(RUN_MAX_EVENTS + 1).fill(first!)
    expect(() => encodeList(many)).toThrow('too many')
    const bytes = encodeList(many.slice(1))
    expect(decodeList(bytes)).toHaveLength(RUN_MAX_EVENTS)
    bytes[0] = RUN_MAX_EVENTS + 1
    expect(decodeList(bytes)).toBeUndefined()
  })

  it.each([
    ['an unknown bit', (bytes: Uint8Array) => bytes.with(0, bytes[0]! | 4)],
    ['a byte after', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
    ['an end cut off', (bytes: Uint8Array) => bytes.subarray(0, -1)],
    [
      'an envelope length that is not shortest',
      (b: Uint8Array) => Uint8Array.of(b[0]!, b[1]!, b[2]! | 0x80, 0, ...b.subarray(3)),
    ],
    ['an envelope longer than any', (bytes: Uint8Array) => bytes.with(2, 0x7f)],
  ])('are refused with %s', (_name, hurt) => {
    expect(decodeSealed(hurt(encodeSealed(kept!)))).toEqual({ ok: false, why: 'not-sealed' })
  })

  it('never throw when damaged, and what is accepted is what was there', () => {
    const samples = [encodeList(run.slice(0, 2)), encodeList([kept!])]
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const read = decodeList(bytes)
        if (read === undefined) return
        openRun(read)
        const again = encodeList(read)
        expect(hex(again)).toBe(hex(bytes))
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })
})
