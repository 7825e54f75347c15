/** What those who are not registered can make a coordinator do: little, and never more than they brought. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idFromBytes, type TunnelKey } from '../../../../src/events/ids.ts'
import type { DcOutput } from '../../../../src/plugins/transport-ntm/dc/outputs.ts'
import { encodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import type { Message } from '../../../../src/plugins/transport-ntm/signalling/messages.ts'
import { labelledHash } from '../../../../src/wire/hash.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { namedPerson } from '../../../support/named-person.ts'
import { alice, bob, Desk, direct, endpoint, stranger } from './desk.ts'

describe('strangers', () => {
  const samples: readonly Message[] = [
    { type: 'keep-alive', transaction: '00'.repeat(8), keepAliveMs: 0 },
    direct('00'.repeat(8)),
    { type: 'name-request', transaction: '00'.repeat(8), name: 'a.example' },
    { type: 'authorisation-withdrawal', transaction: '00'.repeat(8), person: alice.person },
    { type: 'authorisation-withdrawn', transaction: '00'.repeat(8) },
    { type: 'registration-recall', transaction: '00'.repeat(8) },
    { type: 'error', transaction: '00'.repeat(8), code: 'busy' },
    { type: 'keep-alive-ack', transaction: '00'.repeat(8), observed: endpoint, relays: 1 },
    { type: 'name-response', transaction: '00'.repeat(8), record: alice.record() },
    { type: 'relay-report', transaction: '00'.repeat(8), measured: [] },
    { type: 'relay-list', transaction: '00'.repeat(8), relays: 0, places: [] },
    {
      ...{ type: 'relay-registration', transaction: '00'.repeat(8), endpoints: [endpoint] },
      ...{ token: undefined, keepAliveMs: 0 },
    },
    {
      ...{ type: 'relay-registered', transaction: '00'.repeat(8), dcKey: alice.devices[0]!.device },
      ...{ observed: endpoint, leaseMs: 0 },
    },
    {
      type: 'registration-request',
      transaction: '00'.repeat(8),
      record: new Uint8Array(),
      isGuest: true,
      token: undefined,
      keepAliveMs: 0,
      capabilities: 0,
    },
    {
      type: 'registration-request',
      transaction: '00'.repeat(8),
      record: alice.record(),
      isGuest: false,
      token: undefined,
      keepAliveMs: 0,
      capabilities: 0,
    },
  ]
  const sizeOf = (desk: Desk, outputs: readonly DcOutput[]) =>
    desk.sends(outputs).reduce((sum, { bytes }) => sum + bytes.length, 0)

  test.each(samples)('are never answered with more bytes than they brought: $type', message => {
    const desk = new Desk()
    const bytes = encodeMessage(message)
    for (const from of [stranger, alice.devices[0]!.tunnelKey])
      for (const at of [endpoint, { address: '2001:db8:ffff::7', port: 65_535 }])
        expect(sizeOf(desk, desk.raw(from, bytes, at))).toBeLessThanOrEqual(bytes.length)
  })

  test('cannot make the coordinator throw, answer more than it got, or forget its bounds', () => {
    const desk = new Desk()
    desk.register(bob)
    const edits = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 5 })
    fc.assert(
      fc.property(fc.nat(samples.length - 1), edits, fc.nat(20), (index, changes, cut) => {
        const bytes = Uint8Array.from(encodeMessage(samples[index]!))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        const sent = bytes.subarray(0, Math.max(0, bytes.length - (cut > 10 ? cut : 0)))
        expect(sizeOf(desk, desk.raw(stranger, sent))).toBeLessThanOrEqual(sent.length)
      }),
      { numRuns: fuzzRuns(2000) },
    )
    expect(desk.coordinator.registrations.size).toBe(1)
    expect(Object.keys(desk.coordinator.counters.dropped).length).toBeLessThan(65)
  })

  test('of another domain come as guests with their own record, and are directed', () => {
    const desk = new Desk()
    const guest = namedPerson('gustav', 'gustav.elsewhere')
    desk.register(bob)
    expect(desk.register(guest, { isGuest: true })).toMatchObject({
      type: 'registration-response',
      virtualIpv4: undefined,
      countersignature: undefined,
    })
    const [question] = desk.tell(guest.devices[0]!.tunnelKey, direct(desk.transaction()))
    expect(question).toMatchObject({
      to: bob.devices[0]!.tunnelKey,
      message: { type: 'route-direction', record: guest.record() },
    })
    expect(desk.names.held('gustav.elsewhere')).toBeUndefined()
  })

  test('are counted, with what they sent', () => {
    const desk = new Desk()
    desk.raw(stranger, Uint8Array.of(0xc1, 1))
    desk.raw(stranger, Uint8Array.of(0x93))
    desk.raw(stranger, encodeMessage(samples[0]!), { address: 'nowhere', port: 1 })
    desk.raw(stranger, encodeMessage(samples[0]!))
    expect(desk.coordinator.counters.dropped).toEqual({
      'part-malformed': 1,
      'message-unreadable': 1,
      endpoint: 1,
    })
    expect(desk.coordinator.counters.received['keep-alive']).toBe(1)
  })
})

test('an address inside IPv6 is kept and told as the IPv4 address that it is', () => {
  const desk = new Desk()
  const key = idFromBytes<TunnelKey>(labelledHash('nobody'))
  desk.register(alice)
  const ack = desk.tell(
    alice.devices[0]!.tunnelKey,
    { type: 'keep-alive', transaction: desk.transaction(), keepAliveMs: 25_000 },
    { address: '::ffff:192.0.2.9', port: 9 },
  )
  expect(ack).toMatchObject([{ message: { observed: { address: '192.0.2.9', port: 9 } } }])
  expect(desk.coordinator.registrations.find(key)).toBeUndefined()
})
