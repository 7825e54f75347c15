/** Ed25519 by libsodium's strict rule: RFC 8032 keys, and the forgeries that lenient verifiers let pass. */
import { describe, expect, it } from 'vitest'
import { idToBytes } from '../../src/events/ids.ts'
import { eventId } from '../../src/wire/hash.ts'
import {
  keyPairFromSeed,
  signerOf,
  signLabelled,
  verifyEvent,
  verifyLabelled,
} from '../../src/wire/signature.ts'
import { bytesOf, hex } from '../support/sealing.ts'

/** 2^252 + 27742317777372353535851937790883648493, the order of the base point. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

describe('keyPairFromSeed', () => {
  it('gives the public key of RFC 8032 §7.1 test 1', () => {
    const pair = keyPairFromSeed(bytesOf('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'))
    expect(hex(pair.publicKey)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  })
})

describe('verifying', () => {
  const pair = keyPairFromSeed(new Uint8Array(32).fill(5))
  const signer = signerOf(pair)
  const id = eventId(Uint8Array.of(1))
  const sig = signer.signEvent(idToBytes(id))

  it('accepts the device that signed, and nobody and nothing else', () => {
    const other = signerOf(keyPairFromSeed(new Uint8Array(32).fill(6)))
    expect(verifyEvent(signer.device, id, sig)).toBe(true)
    expect(verifyEvent(other.device, id, sig)).toBe(false)
    expect(verifyEvent(signer.device, eventId(Uint8Array.of(2)), sig)).toBe(false)
  })

  it.each([0, 31, 32, 63])('refuses a signature with byte %i changed', index => {
    const changed = sig.slice()
    changed[index]! ^= 1
    expect(verifyEvent(signer.device, id, changed)).toBe(false)
  })

  it.each([0, 63, 65])('refuses a signature of %i bytes', length => {
    expect(verifyEvent(signer.device, id, new Uint8Array(length))).toBe(false)
  })

  it('refuses a signature made under another label', () => {
    const message = Uint8Array.of(9)
    const labelled = signLabelled('ntm.one.1', message, pair.secretKey)
    expect(verifyLabelled('ntm.one.1', message, labelled, pair.publicKey)).toBe(true)
    expect(verifyLabelled('ntm.two.1', message, labelled, pair.publicKey)).toBe(false)
  })

  it('refuses the same signature with the order added to its scalar', () => {
    const scalar = littleEndian(sig.subarray(32)) + ORDER
    const malleated = sig.slice()
    malleated.set(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse(), 32)
    expect(verifyEvent(signer.device, id, malleated)).toBe(false)
  })

  it('refuses a key of small order, for which a signature of zeros holds for every message', () => {
    const identity = new Uint8Array(32)
    identity[0] = 1
    const forged = new Uint8Array(64)
    forged[0] = 1
    expect(verifyLabelled('ntm.any.1', Uint8Array.of(1), forged, identity)).toBe(false)
  })
})
