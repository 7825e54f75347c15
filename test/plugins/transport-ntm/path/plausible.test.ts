/** Which of a peer's places are probed: public ones, and private ones only where they mean the same to both. */
import { describe, expect, test } from 'vitest'
import {
  isOnOwnLink,
  isPlausible,
  isPlausibleStill,
  isPublicAddress,
  type Surroundings,
} from '../../../../src/plugins/transport-ntm/path/plausible.ts'

const HERE: Surroundings = {
  hosts: ['192.168.1.2', 'fd12:3456:789a:1::2', '2001:db8:1::2'],
  publicAddresses: ['198.51.100.1'],
  attested: ['198.51.100.9'],
}
const SAME_NAT: Surroundings = { ...HERE, attested: ['198.51.100.1'] }
const ON_LOOPBACK: Surroundings = { ...HERE, publicAddresses: ['127.0.0.1'] }

const rows: readonly (readonly [what: string, address: string, around: Surroundings, is: boolean])[] = [
  ['a public address', '203.0.113.5', HERE, true],
  ['a public IPv6 address', '2001:db8:2::1', HERE, true],
  ['a private one of another network', '192.168.7.3', HERE, false],
  ['10/8', '10.0.0.1', HERE, false],
  ['172.16/12, its first', '172.16.0.1', HERE, false],
  ['172.16/12, its last', '172.31.255.1', HERE, false],
  ['beyond 172.16/12', '172.32.0.1', HERE, true],
  ['a carrier’s', '100.64.0.1', HERE, false],
  ['a carrier’s, its last', '100.127.255.1', HERE, false],
  ['beyond a carrier’s', '100.128.0.1', HERE, true],
  ['a private one of this network', '192.168.1.77', HERE, true],
  ['a private IPv6 one of this network', 'fd12:3456:789a:1::77', HERE, true],
  ['a private IPv6 one of another', 'fd12:3456:789a:2::77', HERE, false],
  ['any private one behind the same NAT', '10.0.0.1', SAME_NAT, true],
  ['where a coordinator has seen the peer', '10.9.9.9', { ...HERE, attested: ['10.9.9.9'] }, true],
  ['loopback from elsewhere', '127.0.0.1', HERE, false],
  ['loopback behind the same NAT', '127.0.0.1', SAME_NAT, false],
  ['loopback where servers are, too', '127.0.0.1', ON_LOOPBACK, true],
  ['IPv6 loopback where servers are, too', '::1', ON_LOOPBACK, true],
  ['a link-local one', '169.254.1.1', SAME_NAT, false],
  ['a link-local IPv6 one', 'fe80::1', SAME_NAT, false],
  ['multicast', '224.0.0.1', HERE, false],
  ['broadcast', '255.255.255.255', HERE, false],
  ['IPv6 multicast', 'ff02::1', HERE, false],
  ['nowhere', '0.0.0.0', HERE, false],
  ['IPv6 nowhere', '::', HERE, false],
  ['what is no address', 'example.org', HERE, false],
  ['nothing', '', HERE, false],
]

describe('a place', () => {
  test.each(rows)('%s: %s', (_, address, around, is) => {
    expect(isPlausible({ address, port: 1 }, around)).toBe(is)
  })

  test('that servers have not been seen from means nothing to two who know nothing', () => {
    const blind: Surroundings = { hosts: [], publicAddresses: [], attested: [] }
    expect(isPlausible({ address: '192.168.1.2', port: 1 }, blind)).toBe(false)
    expect(isPlausible({ address: '203.0.113.5', port: 1 }, blind)).toBe(true)
  })
})

test.each([
  ['a private one of this network', '192.168.1.77', true],
  ['a private one of another network', '192.168.7.3', false],
  ['a public one', '203.0.113.5', true],
  ['one on this very host', '127.0.0.1', true],
  ['one on this very host by IPv6', '::1', true],
  ['a link-local one', '169.254.1.1', false],
])('where a peer was reached before, %s (%s) may still be it: %s', (_, address, is) => {
  expect(isPlausibleStill({ address, port: 1 }, HERE)).toBe(is)
})

test.each([
  ['203.0.113.5', true],
  ['2001:db8::1', true],
  ['192.168.1.2', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['127.0.0.1', false],
])('%s is public: %s', (address, is) => {
  expect(isPublicAddress(address)).toBe(is)
})

test.each([
  ['10.7.0.2', '10.1.0.2', true],
  ['100.64.3.1', '100.100.0.2', true],
  ['172.16.0.9', '10.1.0.2', false],
  ['192.168.7.3', '192.168.1.2', false],
  ['fd00:1::1', 'fd00:2::1', false],
])('where a peer was reached before, %s seen from %s, may still be it: %s', (address, host, is) => {
  expect(isPlausibleStill({ address, port: 1 }, { ...HERE, hosts: [host] })).toBe(is)
})

test.each([
  ['192.168.1.7', true],
  ['fd12:3456:789a:1::7', true],
  ['127.0.0.1', true],
  ['fe80::7', true],
  ['192.168.7.3', false],
  ['10.1.0.2', false],
  ['100.64.0.2', false],
  ['203.0.113.5', false],
  ['2001:db8:1::7', false],
])('no NAT of this node is on the way to %s: %s', (address, is) => {
  expect(isOnOwnLink({ address, port: 1 }, HERE.hosts)).toBe(is)
})
