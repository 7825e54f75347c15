/** The Internet checksum against the RFC's own example, published packets and a slow restatement. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addWords, checksumOf, isIntact } from '../../../../src/plugins/transport-ntm/net/checksum.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { hex } from './kernel-packets.ts'

const sumOf = (bytes: Uint8Array): number => addWords(bytes, 0, bytes.length)

/** RFC 1071 §1, word by word with the carry added at once. */
const slowChecksum = (bytes: Uint8Array): number => {
  let sum = 0
  for (let at = 0; at < bytes.length; at += 2) {
    sum += bytes[at]! * 256 + (bytes[at + 1] ?? 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

describe('Internet checksum', () => {
  it('gives what RFC 1071 §3 works out by hand', () => {
    expect(checksumOf(sumOf(hex('0001 f203 f4f5 f6f7')))).toBe(0x220d)
  })

  it.each([
    ['4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7', 0xb861],
    ['4500 0030 4422 4000 8006 0000 8c7c 19ac ae24 1e2b', 0x442e],
    ['4500 002e 0000 0000 4006 0000 6400 000a c800 000a dddd dddd', 0x92fa],
  ])('gives the published checksum of packet %s', (header, checksum) => {
    expect(checksumOf(sumOf(hex(header)))).toBe(checksum)
  })

  it('carries around twice where the first carry makes another', () => {
    expect(checksumOf(sumOf(hex('ffff ffff 0001')))).toBe(0xfffe)
  })

  it('agrees with the slow way for any bytes cut anywhere even', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, cutSeed) => {
        const cut = bytes.length === 0 ? 0 : (cutSeed % bytes.length) & ~1
        const pieces = addWords(bytes, cut, bytes.length, addWords(bytes, 0, cut))
        expect(checksumOf(pieces)).toBe(slowChecksum(bytes))
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })

  it('agrees for bytes that lie anywhere in memory of others', () => {
    const memory = fc.uint8Array({ minLength: 400, maxLength: 2_000 })
    const places = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(1_800))
    fc.assert(
      fc.property(memory, memory, places, (one, other, [from, start, length]) => {
        for (const whole of [one, other]) {
          const bytes = whole.subarray(from)
          const end = Math.min(start + length, bytes.length)
          const meant = bytes.slice(start, end)
          expect(checksumOf(addWords(bytes, start, end))).toBe(slowChecksum(meant))
        }
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })

  it('holds for 64 KiB of all ones', () => {
    const ones = new Uint8Array(0x10000).fill(0xff)
    expect(checksumOf(sumOf(ones))).toBe(slowChecksum(ones))
    expect(isIntact(sumOf(ones))).toBe(true)
  })
})
