/** Event data: what is written is read back, and a stranger's bytes build nothing but plain values. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkData } from '../../src/wire/data-grammar.ts'
import { DATA_DEPTH_MAX, DATA_MAX_BYTES, TEXT_MAX_BYTES } from '../../src/wire/limits.ts'
import { packData, readData } from '../../src/wire/msgpack.ts'
import { textData, textOf } from '../../src/wire/text-data.ts'
import { isUtf8 } from '../../src/wire/utf8.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import { bytesOf, hex } from '../support/sealing.ts'
import { weightOf } from '../support/weight.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const key = text.filter(name => name !== '__proto__')
const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (Object.is(number, -0) ? 0 : number)),
    text,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
}))

const nested = (depth: number): Uint8Array => new Uint8Array([...new Array(depth).fill(0x91), 0x01])

describe('packData and readData', () => {
  it('give back every plain value', () => {
    fc.assert(
      fc.property(value, given => {
        expect(readData(packData(given))).toEqual({ ok: true, value: given })
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it('write the same bytes for the same value, keys in the order given', () => {
    expect(hex(packData({ b: 1, a: [true, null, 'é'] }))).toBe('82a16201a16193c3c0a2c3a9')
    expect(hex(packData({ a: 1, b: 1 }))).not.toBe(hex(packData({ b: 1, a: 1 })))
  })

  it('take a text of exactly 64 KiB with its map, and no datum above the limit', () => {
    expect(packData({ text: 'x'.repeat(TEXT_MAX_BYTES) }).length).toBeLessThanOrEqual(DATA_MAX_BYTES)
    expect(() => packData('x'.repeat(DATA_MAX_BYTES))).toThrow('too-long')
  })

  it.each([
    ['undefined', undefined],
    ['a field that is undefined', { a: undefined }],
    ['a date', new Date(0)],
    ['a big integer beyond 2^53', 2n ** 60n],
    ['NaN', Number.NaN],
    ['a lone surrogate', '\ud800'],
    ['a key of __proto__', JSON.parse('{"__proto__":1}')],
  ])('refuse to pack %s', (_name, given) => {
    expect(() => packData(given)).toThrow('data cannot be packed')
  })

  it('leave their arguments unchanged', () => {
    const given = Object.freeze({ list: Object.freeze([1, 2]), name: 'x' })
    const bytes = packData(given)
    const before = hex(bytes)
    readData(bytes)
    expect(hex(bytes)).toBe(before)
  })

  it('read from a Buffer as from any bytes', () => {
    const read = readData(Buffer.from(packData({ key: Uint8Array.of(1) })))
    expect(read).toEqual({ ok: true, value: { key: Uint8Array.of(1) } })
  })

  it('give bytes that no later packing changes', () => {
    const texts = Array.from({ length: 2_000 }, (_, at) => ({ text: `${at} `.repeat((at * 37) % 400) }))
    const packed = texts.map(packData)
    expect(packed.map(bytes => readData(bytes))).toEqual(texts.map(each => ({ ok: true, value: each })))
  })

  it('give bytes that do not change when the input is used again', () => {
    const bytes = packData({ key: Uint8Array.of(1, 2, 3) })
    const read = readData(bytes)
    bytes.fill(0)
    expect(read).toEqual({ ok: true, value: { key: Uint8Array.of(1, 2, 3) } })
  })
})

describe('the data grammar', () => {
  it.each([
    ['', 'truncated'],
    ['c1', 'extension'],
    ['d40101', 'extension'],
    ['d6ff00000000', 'extension'],
    ['c70101ff', 'extension'],
    ['0101', 'trailing'],
    ['ddffffffff', 'truncated'],
    ['dfffffffff', 'truncated'],
    ['dbffffffff', 'truncated'],
    ['c6ffffffff', 'truncated'],
    ['92', 'truncated'],
    ['81a161', 'truncated'],
    ['a261', 'truncated'],
    ['cd01', 'truncated'],
    ['da00', 'truncated'],
    ['810102', 'key-not-text'],
    ['81c4016101', 'key-not-text'],
    ['82a16101a16102', 'duplicate-key'],
    ['82a16101d9016102', 'duplicate-key'],
    ['81a95f5f70726f746f5f5f01', 'forbidden-key'],
    ['81d9095f5f70726f746f5f5f01', 'forbidden-key'],
    ['a1ff', 'not-utf8'],
    ['a2c080', 'not-utf8'],
    ['a3eda080', 'not-utf8'],
    ['a4f4908080', 'not-utf8'],
    ['81a1ff01', 'not-utf8'],
    ['cf0020000000000000', 'integer-too-large'],
    ['d3ffe0000000000000', 'integer-too-large'],
    ['cb7ff8000000000000', 'not-finite'],
    ['ca7f800000', 'not-finite'],
  ])('refuses %s: %s', (given, why) => {
    expect(readData(bytesOf(given))).toEqual({ ok: false, why })
  })

  it.each([
    ['cf001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['d3ffe0000000000001', Number.MIN_SAFE_INTEGER],
    ['d3ffffffffffffffff', -1],
    ['ca3f800000', 1],
    ['dc000101', [1]],
  ])('reads %s, also where it is not the shortest form', (given, expected) => {
    expect(readData(bytesOf(given))).toEqual({ ok: true, value: expected })
  })

  it('reads containers 16 deep and refuses the seventeenth', () => {
    expect(checkData(nested(DATA_DEPTH_MAX)).ok).toBe(true)
    expect(checkData(nested(DATA_DEPTH_MAX + 1))).toEqual({ ok: false, why: 'too-deep' })
    expect(checkData(nested(60_000))).toEqual({ ok: false, why: 'too-deep' })
  })

  it('refuses what is longer than any data', () => {
    expect(checkData(new Uint8Array(DATA_MAX_BYTES + 1))).toEqual({ ok: false, why: 'too-long' })
  })

  it('never throws on damaged data, and what it lets pass packs to something readable again', () => {
    const samples = [
      packData({ text: 'hello', list: [1, -1, 2 ** 40, 1.5], map: { a: null, b: Uint8Array.of(1, 2) } }),
      packData([['x'.repeat(300), new Uint8Array(300), new Array(20).fill({ k: 'é' })]]),
      packData(Object.fromEntries(new Array(40).fill(0).map((_, index) => [`key${index}`, index]))),
    ]
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const read = readData(bytes)
        if (!read.ok) return
        expect(readData(packData(read.value))).toEqual(read)
        expect(weightOf(read.value)).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })

  it('leaves Object.prototype alone', () => {
    readData(bytesOf('81a95f5f70726f746f5f5f81a161a162'))
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })
})

describe('isUtf8', () => {
  it('agrees with the fatal TextDecoder', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    const accepts = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes)
        return true
      } catch {
        return false
      }
    }
    const samples = ['aé€😀z', '\u{10ffff}\u{d7ff}\u{e000}'].map(sample => new TextEncoder().encode(sample))
    fc.assert(
      fc.property(fc.oneof(mutated(samples), fc.uint8Array({ maxLength: 6 })), bytes => {
        expect(isUtf8(bytes)).toBe(accepts(bytes))
      }),
      { numRuns: fuzzRuns(3000) },
    )
  })
})

describe('textData', () => {
  const encoder = new TextEncoder()

  it.each([0, 1, 31, 32, 255, 256, 65_535, 65_536])(
    'is what packData makes of a text of %i bytes',
    length => {
      const given = 'x'.repeat(length)
      const data = textData(encoder.encode(given))
      expect(Buffer.from(data).equals(packData({ text: given }))).toBe(true)
      expect(textOf(data)).toEqual(encoder.encode(given))
    },
  )

  it('agrees with packData for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), given => {
        expect(hex(textData(encoder.encode(given)))).toBe(hex(packData({ text: given })))
      }),
      { numRuns: 300 },
    )
  })

  it('finds a text only in data of exactly that form', () => {
    const samples = [0, 5, 40, 300, 70_000 % 65_536].map(length =>
      textData(new Uint8Array(length).fill(0x61)),
    )
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const found = textOf(bytes)
        if (found !== undefined) expect(hex(textData(found))).toBe(hex(bytes))
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })

  it.each([
    ['another key', packData({ test: 'x' })],
    ['a second key', packData({ text: 'x', more: 1 })],
    ['no text', packData({ text: 1 })],
    ['a longer head than needed', bytesOf('81a474657874d90161')],
    ['bytes that are not UTF-8', bytesOf('81a474657874a1ff')],
  ])('does not take %s for a text', (_name, data) => {
    expect(textOf(data)).toBeUndefined()
  })
})
