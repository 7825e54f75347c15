/** The grammar of a person: what is written is read back, what lacks or bends a field says nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DeviceId,
  type EventId,
  idToBytes,
  type PersonId,
  type TunnelKey,
} from '../../src/events/ids.ts'
import {
  deviceCertifiedData,
  deviceIntroducedData,
  deviceRevokedData,
  personFoundedData,
  readDeviceCertified,
  readDeviceIntroduced,
  readDeviceRevoked,
  readPersonFounded,
} from '../../src/events/person.ts'
import { idOf } from '../support/sealing.ts'

const first = { device: idOf<DeviceId>(1), tunnelKey: idOf<TunnelKey>(2), notBefore: 3, serial: 0 }
const further = { ...first, person: idOf<PersonId>(4), serial: 1 }
const founded = { nonce: new Uint8Array(16), recovery: idOf<DeviceId>(5), certificate: first }
const certified = { certificate: further, by: idOf<EventId>(6), consent: new Uint8Array(64) }
const revoked = { device: idOf<DeviceId>(1), by: idOf<EventId>(6) }
const introduced = { person: idOf<PersonId>(4), proof: [Uint8Array.of(1), Uint8Array.of(2)] }

describe('a certificate', () => {
  const data = deviceCertifiedData(certified)

  it.each<[string, Record<string, unknown>]>([
    ['a key of 31 bytes', { ed25519: new Uint8Array(31) }],
    ['a key as text', { x25519: 'ab'.repeat(32) }],
    ['a key missing', { x25519: undefined }],
    ['a person that is no id', { person: null }],
    ['a negative time', { notBefore: -1 }],
    ['a serial with a fraction', { serial: 0.5 }],
  ])('is refused with %s', (_name, change) => {
    const certificate = { ...(data.certificate as Record<string, unknown>), ...change }
    expect(readDeviceCertified({ ...data, certificate })).toBeUndefined()
  })

  it('is read with fields of a later version in it', () => {
    const certificate = { ...(data.certificate as Record<string, unknown>), later: 'field' }
    expect(readDeviceCertified({ ...data, certificate })).toEqual(certified)
  })
})

describe('the events of a person', () => {
  it('come back', () => {
    expect(readPersonFounded(personFoundedData(founded))).toEqual(founded)
    expect(readDeviceCertified(deviceCertifiedData(certified))).toEqual(certified)
    expect(readDeviceRevoked(deviceRevokedData(revoked))).toEqual(revoked)
    expect(readDeviceIntroduced(deviceIntroducedData(introduced))).toEqual(introduced)
  })

  it('are found by a first device that names no person and has serial 0', () => {
    expect(readPersonFounded(personFoundedData({ ...founded, certificate: further }))).toBeUndefined()
    expect(
      readPersonFounded(personFoundedData({ ...founded, certificate: { ...first, serial: 1 } })),
    ).toBeUndefined()
    expect(readPersonFounded({ ...personFoundedData(founded), nonce: new Uint8Array(15) })).toBeUndefined()
    expect(readPersonFounded({ ...personFoundedData(founded), recovery: idToBytes('ab') })).toBeUndefined()
  })

  it('certify devices that name the person, with consent and a grant', () => {
    expect(readDeviceCertified(deviceCertifiedData({ ...certified, certificate: first }))).toBeUndefined()
    expect(readDeviceCertified({ ...deviceCertifiedData(certified), by: undefined })).toBeUndefined()
    expect(
      readDeviceCertified({ ...deviceCertifiedData(certified), consent: new Uint8Array(63) }),
    ).toBeUndefined()
  })

  it('revoke a device by its key, relying on a grant', () => {
    expect(readDeviceRevoked({ ...deviceRevokedData(revoked), device: 'text' })).toBeUndefined()
    expect(readDeviceRevoked({ device: new Uint8Array(32) })).toBeUndefined()
  })

  it('introduce with a proof that is a list of bytes', () => {
    expect(readDeviceIntroduced({ ...deviceIntroducedData(introduced), proof: [1] })).toBeUndefined()
    expect(
      readDeviceIntroduced({ ...deviceIntroducedData(introduced), proof: new Uint8Array(3) }),
    ).toBeUndefined()
  })

  it('never throw on values of any shape', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), given => {
        const readers = [readPersonFounded, readDeviceCertified, readDeviceRevoked, readDeviceIntroduced]
        for (const read of readers) expect(read(given)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })
})
