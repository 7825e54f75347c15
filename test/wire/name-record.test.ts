/** Name records: what is signed, what is proven, what is refused, and what may follow what. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packData, readData } from '../../src/wire/msgpack.ts'
import {
  countersign,
  encodeNameRecord,
  NAME_RECORD_MAX_BYTES,
  readNameRecord,
  type SignedNameRecord,
  signNameRecord,
  supersedes,
  verifyCountersignature,
  verifyNameRecord,
  withCountersignature,
} from '../../src/wire/name-record.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { namedPerson, testDevice } from '../support/named-person.ts'

const alice = namedPerson('alice', 'alice.example', true)
const mallory = namedPerson('mallory')
const dc = testDevice('dc')

const read = (bytes: Uint8Array): SignedNameRecord => {
  const result = readNameRecord(bytes)
  if (!result.ok) throw new Error(result.why)
  return result.value
}

describe('a name record', () => {
  test('says what its owner signed', () => {
    const record = read(alice.record({ mailboxes: [Uint8Array.of(1, 2)] }))
    expect(record).toMatchObject({ name: 'alice.example', person: alice.person, serial: 1 })
    expect(record.devices.map(d => d.tunnelKey)).toEqual(alice.devices.map(d => d.tunnelKey))
    expect(record.devices[0]).toMatchObject({ person: alice.person, name: 'alice.example' })
    expect(verifyNameRecord(record)).toEqual({ ok: true, value: undefined })
  })

  test('keeps fields of a newer program byte for byte through a countersignature', () => {
    const record = read(alice.record({}, { colour: 'blue', deep: { list: [1, 2] } }))
    const bytes = withCountersignature(record, countersign(record, dc.device, dc.sign))
    const back = read(bytes)
    expect(back.body).toEqual(record.body)
    expect(readData(back.body)).toMatchObject({ ok: true, value: { colour: 'blue', deep: { list: [1, 2] } } })
    expect(verifyNameRecord(back).ok).toBe(true)
    expect(verifyCountersignature(back, dc.device).ok).toBe(true)
    expect(verifyCountersignature(back, testDevice('other').device)).toMatchObject({
      why: 'record-countersignature',
    })
    expect(verifyCountersignature(record, dc.device).ok).toBe(false)
  })

  test('a larger version is told apart from damage', () => {
    expect(readNameRecord(alice.record({}, { v: 2 }))).toEqual({ ok: false, why: 'record-newer' })
  })

  test.each([
    ['record-name', { name: 'Alice.example' }],
    ['record-fields', { serial: -1 }],
    ['record-fields', { expires: 0 }],
    ['record-devices', { devices: [] }],
    ['record-devices', { devices: [alice.fields().devices[0]!, alice.fields().devices[0]!] }],
    ['record-signer', { devices: [alice.fields().devices[1]!] }],
  ] as const)('is refused as %s', (why, change) => {
    expect(readNameRecord(alice.record(change))).toEqual({ ok: false, why })
  })

  test('is refused when it is too long, before it is read', () => {
    expect(readNameRecord(new Uint8Array(NAME_RECORD_MAX_BYTES + 1))).toEqual({
      ok: false,
      why: 'record-too-long',
    })
  })

  test("cannot carry a stranger's device, a stranger's proof or another signature", () => {
    const theirs = mallory.fields().devices[0]!
    const own = alice.fields().devices[0]!
    expect(verifyNameRecord(read(alice.record({ devices: [own, theirs] })))).toEqual({
      ok: false,
      why: 'record-proof',
    })
    expect(verifyNameRecord(read(alice.record({ proof: mallory.proof })))).toMatchObject({
      why: 'record-proof',
    })
    const swapped = { ...own, tunnelKey: theirs.tunnelKey }
    expect(verifyNameRecord(read(alice.record({ devices: [swapped] })))).toMatchObject({
      why: 'record-proof',
    })
    const forged = signNameRecord(encodeNameRecord(alice.fields()), own.device, mallory.devices[0]!.sign)
    expect(verifyNameRecord(read(forged))).toMatchObject({ why: 'record-signature' })
  })

  test('any changed byte is refused or leaves the signed body as it was', () => {
    const bytes = alice.record()
    const body = read(bytes).body
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const damaged = Uint8Array.from(bytes)
        damaged[at]! ^= by
        const result = readNameRecord(damaged)
        if (result.ok && verifyNameRecord(result.value).ok) expect(result.value.body).toEqual(body)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })

  test('never throws on what strangers send', () => {
    const valid = readData(alice.record())
    const [body, signer, signature] = (valid.ok ? valid.value : []) as Uint8Array[]
    const map = readData(body!)
    const fields = (map.ok ? map.value : {}) as Record<string, unknown>
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(fields)), fc.anything(), (key, value) => {
        try {
          packData({ ...fields, [key]: value })
        } catch {
          return
        }
        const result = readNameRecord(packData([packData({ ...fields, [key]: value }), signer, signature]))
        if (result.ok) verifyNameRecord(result.value)
      }),
      { numRuns: fuzzRuns(2000) },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void readNameRecord(bytes)),
      { numRuns: fuzzRuns(2000) },
    )
  })
})

describe('one record after another', () => {
  const first = read(alice.record({ serial: 5 }))
  test.each([
    ['newer', alice.record({ serial: 6 })],
    ['same', alice.record({ serial: 5 })],
    ['older', alice.record({ serial: 4 })],
    ['older', alice.record({ serial: 5, mailboxes: [Uint8Array.of(7)] })],
    ['different-person', mallory.record({ serial: 9, name: 'alice.example' })],
  ] as const)('is %s', (outcome, bytes) => {
    expect(supersedes(first, read(bytes))).toBe(outcome)
  })
})
