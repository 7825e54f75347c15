/** Values and files that were damaged never throw and never take more memory than they have bytes. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeviceId, EventId } from '../../src/events/ids.ts'
import { checkTable } from '../../src/store/level-files.ts'
import { examineJournal } from '../../src/store/level-journal.ts'
import {
  decodeNote,
  decodeOwn,
  decodePosition,
  decodeRecord,
  decodeSnapshot,
  decodeStream,
  decodeTips,
  encodeNote,
  encodeOwn,
  encodePosition,
  encodeRecord,
  encodeSnapshot,
  encodeStream,
  encodeTips,
  withoutData,
} from '../../src/store/values.ts'
import { Author, keptFact, said, streamNamed } from '../support/author.ts'
import { fuzzRuns } from '../support/fuzz.ts'

const [kept, unsigned, last] = new Author(1).say(streamNamed(1), [keptFact('rule'), said('one'), said('two')])
const device = new Author(2).device

describe('a record', () => {
  it('is read as it was written, with and without its parts', () => {
    for (const event of [kept!, unsigned!, last!, withoutData(unsigned!), withoutData(last!)])
      for (const via of ['self', device] as const) {
        const value = { receivedAt: 1_700_000_000_000, via, event }
        expect(decodeRecord(encodeRecord(value))).toEqual(value)
      }
  })
})

describe('values', () => {
  it('are read as they were written', () => {
    const tips = {
      author: device,
      branches: [
        { seq: 2 ** 40, id: last!.id },
        { seq: 0, id: kept!.id },
      ],
    }
    expect(decodeTips(encodeTips(tips))).toEqual(tips)
    expect(decodePosition(encodePosition(2 ** 47))).toBe(2 ** 47)
    expect(decodeStream(encodeStream(streamNamed(5)))).toBe(streamNamed(5))
    const snapshot = { version: 7, position: 9, state: Uint8Array.of(1, 2) }
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot)
    expect(decodeOwn(encodeOwn(['schlüssel/ü', Uint8Array.of(4)]))).toEqual(['schlüssel/ü', Uint8Array.of(4)])
    for (const about of [undefined, kept!.id as EventId | DeviceId]) {
      const entry = { at: 5, about, what: 'ging über Umwege' }
      expect(decodeNote(encodeNote(entry))).toEqual(entry)
    }
  })

  const samples: readonly (readonly [Uint8Array, (bytes: Uint8Array) => unknown])[] = [
    [encodeRecord({ receivedAt: 5, via: device, event: kept! }), decodeRecord],
    [encodeRecord({ receivedAt: 5, via: 'self', event: unsigned! }), decodeRecord],
    [encodeTips({ author: device, branches: [{ seq: 1, id: kept!.id }] }), decodeTips],
    [encodePosition(12_345), decodePosition],
    [encodeStream(streamNamed(1)), decodeStream],
    [encodeSnapshot({ version: 1, position: 1, state: Uint8Array.of(1) }), decodeSnapshot],
    [encodeOwn(['key', Uint8Array.of(1)]), decodeOwn],
    [encodeNote({ at: 1, about: kept!.id, what: 'x' }), decodeNote],
  ]

  it('that were changed anywhere never throw', () => {
    const change = fc.record({
      sample: fc.nat(samples.length - 1),
      at: fc.nat(),
      byte: fc.nat(255),
      cut: fc.nat(),
    })
    fc.assert(
      fc.property(change, ({ sample, at, byte, cut }) => {
        const [bytes, decode] = samples[sample]!
        const changed = bytes.slice(0, cut % 3 === 0 ? cut % bytes.length : bytes.length)
        if (changed.length > 0) changed[at % changed.length] = byte
        decode(changed)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })

  it('of another event are not taken for this one', () => {
    const swapped = { ...last!, data: unsigned!.data!, salt: unsigned!.salt! }
    expect(decodeRecord(encodeRecord({ receivedAt: 1, via: 'self', event: swapped }))).toEqual({
      fault: 'data-not-as-committed',
    })
  })
})

describe('files of LevelDB', () => {
  it('that hold anything at all never throw', () => {
    const footer = fc.uint8Array({ minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), footer, (body, handles) => {
        const magic = Buffer.from('57fb808b247547db', 'hex')
        checkTable('t', Buffer.concat([body, handles, magic]))
        checkTable('t', body)
        examineJournal(body)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })
})
