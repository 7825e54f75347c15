/** Whatever datagrams the kernel put into one piece come out one by one; whatever strangers put in does no harm. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eachDatagram } from '../../../../src/plugins/transport-ntm/tunnel/coalesced.ts'
import {
  COOKIE_REPLY,
  DATA,
  INITIATION,
  lengthOfType,
  RESPONSE,
  writeUint32,
} from '../../../../src/plugins/transport-ntm/tunnel/messages.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'

/** Of three sessions, one of them just replaced by another. */
const LIVE = [0x01020304, 0xfffffffe, 4] as const
const ENDED = 0x0badbeef
const isLive = (index: number): boolean => (LIVE as readonly number[]).includes(index)
const HANDSHAKES = [INITIATION, RESPONSE, COOKIE_REPLY] as const

const split = (bytes: Uint8Array): readonly Buffer[] => {
  const datagrams: Buffer[] = []
  eachDatagram(bytes, isLive, datagram => void datagrams.push(Buffer.from(datagram)), undefined)
  return datagrams
}

/** Compared by hand: `toEqual` takes its time over 64 KiB. */
const expectSame = (got: readonly Buffer[], wanted: readonly Buffer[]): void => {
  expect(got.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length))
  expect(got.every((bytes, at) => bytes.equals(wanted[at]!))).toBe(true)
}

interface Filling {
  readonly kind: number
  readonly index: number
  readonly seed: number
}

/** Bytes as of ciphertext, every one of them possible. */
const noise = (length: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = Math.imul(seed, 2_654_435_761) | 1; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

const headed = (bytes: Buffer, type: number, index: number, at = 0): Buffer => {
  writeUint32(bytes, at, type)
  writeUint32(bytes, at + (type === RESPONSE ? 8 : 4), index)
  return bytes
}

const relayFrame = (bytes: Buffer): Buffer => {
  bytes.set([0x66, 0, bytes.length >>> 8, bytes.length & 0xff])
  return bytes
}

/** A message of this very length: data, unless the kind asks for another that has it. */
const message = (length: number, { kind, index, seed }: Filling): Buffer => {
  const bytes = noise(length, seed)
  const handshake = HANDSHAKES.find(type => lengthOfType(type) === length)
  if (kind === 1 && handshake !== undefined) return headed(bytes, handshake, index)
  return headed(bytes, DATA, index)
}

const size = fc.oneof(fc.integer({ min: 32, max: 1_500 }), fc.constantFrom(32, 64, 92, 148, 1_232, 1_452))

/** Datagrams as the kernel puts them together: one size, the last perhaps shorter. */
const together = (least: number) =>
  fc
    .record({ size, count: fc.integer({ min: least, max: 64 }), cut: fc.nat(), seed: fc.integer() })
    .map(({ size, count, cut, seed }) => {
      const fitting = Math.min(count, Math.floor(65_000 / size))
      const last = cut % 3 === 0 ? size : 32 + (cut % (size - 31))
      return Array.from({ length: fitting }, (_, at) => {
        const chance = noise(2, seed + at)
        const filling = { kind: chance[0]! % 2, index: LIVE[chance[1]! % 3]!, seed: seed + 100 + at }
        return message(at === fitting - 1 ? last : size, filling)
      })
    })

describe('what was put together', () => {
  test('comes out exactly, whatever sessions and handshakes it belongs to', () => {
    fc.assert(
      fc.property(together(1), datagrams => {
        expectSame(split(Buffer.concat(datagrams)), datagrams)
      }),
      { numRuns: fuzzRuns(1_000) },
    )
  })

  test('comes out exactly although headers stand inside by chance', () => {
    const plant = fc.record({ where: fc.nat(), at: fc.nat(), index: fc.constantFrom(...LIVE, ENDED) })
    fc.assert(
      fc.property(together(3), fc.array(plant, { maxLength: 40 }), (datagrams, plants) => {
        let first = true
        for (const { where, at, index } of plants) {
          const into = datagrams[where % datagrams.length]!
          // Two in the first could only by intent make another size look right.
          if (into.length < 56 || (into === datagrams[0] && !first)) continue
          if (into === datagrams[0]) first = false
          headed(into, DATA, index, 16 + (at % (into.length - 24)))
        }
        fc.pre(datagrams.length > 2)
        expectSame(split(Buffer.concat(datagrams)), datagrams)
      }),
      { numRuns: fuzzRuns(1_000) },
    )
  })

  test('comes out of a relay as the frames say', () => {
    fc.assert(
      fc.property(together(1), datagrams => {
        const frames = datagrams.map(relayFrame)
        expectSame(split(Buffer.concat(frames)), frames)
      }),
    )
  })

  test('is one datagram when it is one: of each kind, and of any length', () => {
    for (const type of HANDSHAKES) {
      const bytes = headed(noise(lengthOfType(type), 7), type, LIVE[0])
      expectSame(split(bytes), [bytes])
    }
    for (let length = 0; length < 3_000; length += 1) {
      const bytes = noise(length, length)
      expect(split(length < 8 ? bytes : headed(bytes, DATA, LIVE[0]))).toHaveLength(1)
    }
  })

  test("is one datagram although what stands inside looks like a relay's frame that fits", () => {
    for (let at = 616; at < 1_228; at += 1) {
      const bytes = headed(noise(1_232, at), DATA, LIVE[0])
      bytes.set([0x66, 0, (1_232 - at) >>> 8, (1_232 - at) & 0xff], at)
      expectSame(split(bytes), [bytes])
    }
  })

  test('data of a session that ended does not hide the handshake that follows it', () => {
    const data = [1, 2, 3].map(seed => message(1_232, { kind: 0, index: ENDED, seed }))
    const initiation = headed(noise(148, 5), INITIATION, 99)
    expectSame(split(Buffer.concat([...data, initiation])), [...data, initiation])
    expectSame(split(Buffer.concat([data[0]!, initiation])), [data[0]!, initiation])
  })

  test('goes over from one session to the next in the middle of a piece', () => {
    const data = [ENDED, ENDED, LIVE[0], LIVE[1]].map((index, seed) =>
      message(1_232, { kind: 0, index, seed }),
    )
    expectSame(split(Buffer.concat(data)), data)
  })
})

describe('what strangers put in', () => {
  test('costs no honest datagram, whether it comes first, between or last', () => {
    const junk = fc.record({ where: fc.nat(), seed: fc.integer(), fakes: fc.integer({ min: 0, max: 60 }) })
    fc.assert(
      fc.property(together(8), fc.array(junk, { minLength: 1, maxLength: 2 }), (honest, pieces) => {
        const size = honest[0]!.length
        fc.pre(HANDSHAKES.every(type => lengthOfType(type) !== size))
        const datagrams = [...honest]
        for (const { where, seed, fakes } of pieces) {
          const bytes = noise(size, seed)
          for (let fake = 0; fake < fakes && size > 200; fake += 1)
            headed(bytes, DATA, ENDED, (fake * 37) % (size - 8))
          datagrams.splice(where % (datagrams.length - 1), 0, bytes)
        }
        const whole = Buffer.concat(datagrams)
        fc.pre(honest.length >= 8 && whole.length <= 65_535 && datagrams.length <= 64)
        expectSame(split(whole), datagrams)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  test('is never more than the bytes that came, in at most 128 pieces, for bounded work', () => {
    const word = fc.constantFrom(
      Uint8Array.of(DATA, 0, 0, 0, 4, 0, 0, 0),
      Uint8Array.of(DATA, 0, 0, 0, 0xef, 0xbe, 0xad, 0x0b),
      Uint8Array.of(INITIATION, 0, 0, 0),
      Uint8Array.of(RESPONSE, 0, 0, 0, 1, 1, 1, 1, 4, 0, 0, 0),
      Uint8Array.of(0x66, 0, 0, 4),
      Uint8Array.of(0x66, 0, 0xff, 0xff),
      new Uint8Array(7),
    )
    const unit = fc.array(fc.oneof(word, fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(unit, fc.integer({ min: 0, max: 65_535 }), (words, length) => {
        const bytes = Buffer.alloc(length, Buffer.concat([...words, Uint8Array.of(1)]))
        let asked = 0
        const pieces: Buffer[] = []
        const count = (index: number): boolean => {
          asked += 1
          return isLive(index)
        }
        const take = (piece: Uint8Array): void => void pieces.push(Buffer.from(piece))
        eachDatagram(bytes, count, take, undefined)
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
        expect(pieces.length).toBeLessThanOrEqual(128)
        expect(asked).toBeLessThanOrEqual(2 * length + 64 * 128)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })
})
