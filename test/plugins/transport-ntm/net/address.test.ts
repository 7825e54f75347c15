/** Virtual addresses: derivation from the key, and text both ways. */
import { isIP } from 'node:net'
import fc from 'fast-check'
import sodium from 'sodium-native'
import { describe, expect, it } from 'vitest'
import { sameAddress, virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { formatAddress, parseAddress } from '../../../../src/wire/ip-address.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { hex } from './kernel-packets.ts'

describe('virtual IPv6', () => {
  it('is fd and 15 bytes of the labelled hash of the key', () => {
    const key = new Uint8Array(32).map((_, at) => at)
    const hash = new Uint8Array(32)
    sodium.crypto_generichash(hash, Uint8Array.from([...Buffer.from('ntm.ip6.1'), ...key]))
    expect(virtualIpv6(key)).toEqual(Uint8Array.from([0xfd, ...hash.subarray(0, 15)]))
  })
})

describe('address text', () => {
  it.each([
    ['c6120001', '198.18.0.1'],
    ['fd000000000000000000000000000001', 'fd00::1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010000000000010000000000000001', '2001:0:0:1::1'],
  ])('writes %s as RFC 5952 wants: %s', (bytes, text) => {
    expect(formatAddress(hex(bytes))).toBe(text)
    expect(parseAddress(text)).toEqual({ ok: true, value: hex(bytes) })
  })

  it.each(['::ffff:198.18.0.1', 'FD00::1', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4'])(
    'reads the form %s',
    text => {
      expect(parseAddress(text).ok).toBe(true)
    },
  )

  it.each([
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4::',
    '1.2.3.4:5:6:7:8:9:10:11',
    ' 1.2.3.4',
    '1'.repeat(1000),
  ])('refuses %j', text => {
    expect(parseAddress(text)).toEqual({ ok: false, why: 'address-malformed' })
  })

  it('agrees with Node about what an address is', () => {
    const shape = fc.string({ unit: fc.constantFrom(...'0123fF:::..'), maxLength: 40 })
    fc.assert(
      fc.property(shape, text => {
        expect(parseAddress(text).ok).toBe(isIP(text) !== 0)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })

  it('reads back every address it wrote', () => {
    const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
    fc.assert(
      fc.property(sparse, octets => {
        const address = Uint8Array.from(octets)
        expect(isIP(formatAddress(address))).toBe(6)
        expect(parseAddress(formatAddress(address))).toEqual({ ok: true, value: address })
      }),
      { numRuns: fuzzRuns(500) },
    )
  })
})

describe('sameAddress', () => {
  it('compares bytes and lengths', () => {
    expect(sameAddress(hex('c6120001'), hex('c6120001'))).toBe(true)
    expect(sameAddress(hex('c6120001'), hex('c6120002'))).toBe(false)
    expect(sameAddress(hex('c6120001'), hex('c612000100'))).toBe(false)
  })
})
