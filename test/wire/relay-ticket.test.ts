/** Tickets and grants: what was signed reads back, what was not is noticed, and nothing that strangers write throws. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TunnelKey } from '../../src/events/ids.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import {
  encodeRelayGrant,
  RELAY_ENDPOINTS_MAX,
  RELAY_GRANT_MAX_BYTES,
  RELAY_TICKET_BYTES,
  RELAY_TICKET_SIGNATURE_LABEL,
  type RelayTicket,
  readRelayGrant,
  readRelayTicket,
  SLOT_PAIR_BYTES,
  signRelayTicket,
  verifyRelayTicket,
} from '../../src/wire/relay-ticket.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'

const dc = deviceKeys(new Uint8Array(32).fill(13)).keys
const ticket: RelayTicket = {
  ...{ side: 1, bytesPerSecond: 4_000_000_000, pair: 'fe'.repeat(SLOT_PAIR_BYTES), expires: 2 ** 48 - 1 },
  ...{ relay: 'ab'.repeat(32) as TunnelKey, holder: 'cd'.repeat(32) as TunnelKey },
}
const signed = signRelayTicket(ticket, dc.sign)
const endpoints = Array.from({ length: RELAY_ENDPOINTS_MAX }, (_, n) => ({
  address: `2001:db8::${n + 1}`,
  port: n + 1,
}))
const largest = encodeRelayGrant({ ticket: signed, endpoints })

describe('a ticket', () => {
  it('reads back', () => {
    expect(signed).toHaveLength(RELAY_TICKET_BYTES)
    expect(readRelayTicket(signed)).toEqual({ ok: true, value: ticket })
  })

  it('holds under the key that signed it, whole', () => {
    expect(verifyRelayTicket(signed, dc.device)).toBe(true)
    expect(verifyRelayTicket(signed, deviceKeys(new Uint8Array(32).fill(14)).keys.device)).toBe(false)
    for (let at = 0; at < signed.length; at += 1) {
      const forged = new Uint8Array(signed)
      forged[at]! ^= 1
      expect(verifyRelayTicket(forged, dc.device)).toBe(false)
    }
  })

  it('is not another thing that the coordinator signed', () => {
    const other = signRelayTicket(ticket, (label, message) => dc.sign(`${label}x`, message))
    expect(RELAY_TICKET_SIGNATURE_LABEL).toBe('ntm.sig.relay-ticket.1')
    expect(verifyRelayTicket(other, dc.device)).toBe(false)
  })
})

describe('a grant', () => {
  it('reads back, and the largest has its place', () => {
    expect(largest).toHaveLength(RELAY_GRANT_MAX_BYTES)
    expect(readRelayGrant(largest)).toEqual({
      ok: true,
      value: { ticket: new Uint8Array(signed), endpoints },
    })
  })

  it('leaves out what cannot be written, and what is too much', () => {
    const odd = [{ address: 'fe80::1%eth0', port: 1 }, ...endpoints, { address: '192.0.2.1', port: 9 }]
    expect(encodeRelayGrant({ ticket: signed, endpoints: odd })).toEqual(largest)
  })

  it('must say where the relay is', () => {
    expect(readRelayGrant(encodeRelayGrant({ ticket: signed, endpoints: [] })).ok).toBe(false)
  })

  it('never throws, whatever it is', () => {
    const small = encodeRelayGrant({ ticket: signed, endpoints: [{ address: '192.0.2.1', port: 9 }] })
    fc.assert(
      fc.property(mutated([largest, small]), bytes => {
        const read = readRelayGrant(bytes)
        return !read.ok || read.value.endpoints.length <= RELAY_ENDPOINTS_MAX
      }),
      { numRuns: fuzzRuns(10_000) },
    )
  })
})
