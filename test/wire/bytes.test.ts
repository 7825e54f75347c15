/** The reader and writer of plain fields: integers have one form, and a short input is a failure, not a throw. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/wire/byte-reader.ts'
import { ByteWriter } from '../../src/wire/byte-writer.ts'
import { bytesOf, hex, idOf } from '../support/sealing.ts'

describe('varint and zigzag', () => {
  it('come back for every integer', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (count, difference) => {
        const reader = new ByteReader(new ByteWriter(1).varint(count).zigzag(difference).finish())
        expect([reader.varint(), reader.zigzag(), reader.finished]).toEqual([count, difference, true])
      }),
    )
  })

  it.each([
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ffffffffffffff0f', Number.MAX_SAFE_INTEGER],
  ])('read %s', (given, expected) => {
    const reader = new ByteReader(bytesOf(given))
    expect([reader.varint(), reader.finished]).toEqual([expected, true])
    expect(hex(new ByteWriter().varint(expected).finish())).toBe(given)
  })

  it.each(['', '80', '8000', 'ffffffffffffff10', 'ffffffffffffffff01'])('refuse %s', given => {
    const reader = new ByteReader(bytesOf(given))
    reader.varint()
    expect(reader.failed).toBe(true)
  })

  it('refuse what is above the limit asked for', () => {
    const reader = new ByteReader(bytesOf('05'))
    expect(reader.varint(4)).toBe(0)
    expect(reader.failed).toBe(true)
  })

  it.each([-1, 0.5, 2 ** 53])('are not written for %f', value => {
    expect(() => new ByteWriter().varint(value)).toThrow('varint')
  })
})

describe('ByteReader', () => {
  it('reads nothing more once it has failed', () => {
    const reader = new ByteReader(bytesOf('0102'))
    expect(reader.take(3)).toHaveLength(0)
    expect([reader.byte(), reader.hex(1), reader.rest().length, reader.finished]).toEqual([0, '', 0, false])
  })

  it('refuses a negative count and text beyond ASCII', () => {
    const negative = new ByteReader(bytesOf('0102'))
    negative.take(-1)
    expect(negative.failed).toBe(true)
    const text = new ByteReader(bytesOf('61ff'))
    text.ascii(2)
    expect(text.failed).toBe(true)
  })

  it('reads what ByteWriter wrote, however small its first buffer was', () => {
    const bytes = new ByteWriter(1).byte(7).put(Uint8Array.of(1, 2)).hex(idOf(9)).ascii('chat').finish()
    const reader = new ByteReader(bytes)
    expect([reader.byte(), hex(reader.take(2)), reader.id(), reader.ascii(4)]).toEqual([
      7,
      '0102',
      idOf(9),
      'chat',
    ])
    expect(reader.finished).toBe(true)
  })
})
