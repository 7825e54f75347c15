/** Every signalling message comes back as it was, and nothing else is read as one. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId, PersonId, TunnelKey } from '../../../../src/events/ids.ts'
import { decodeMessage, encodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import { MESSAGE_MAX_BYTES } from '../../../../src/plugins/transport-ntm/signalling/limits.ts'
import { MESSAGE_TYPES, type Message } from '../../../../src/plugins/transport-ntm/signalling/messages.ts'
import { packData, readData } from '../../../../src/wire/msgpack.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { namedPerson } from '../../../support/named-person.ts'

const transaction = '0102030405060708'
const observed = { address: '192.0.2.1', port: 5000 }
const observed6 = { address: '2001:db8::7', port: 1 }
const device = 'ab'.repeat(32) as TunnelKey
const record = namedPerson('alice').record()

const MESSAGES: readonly Message[] = [
  {
    type: 'registration-request',
    transaction,
    record,
    isGuest: false,
    token: 'secret',
    keepAliveMs: 25_000,
    capabilities: 3,
  },
  {
    type: 'registration-request',
    transaction,
    record,
    isGuest: true,
    token: undefined,
    keepAliveMs: 0,
    capabilities: 0,
  },
  {
    type: 'registration-response',
    transaction,
    virtualIpv4: '198.18.4.5',
    observed,
    dcKey: 'cd'.repeat(32) as DeviceId,
    countersignature: new Uint8Array(64).fill(9),
    leaseMs: 85_000,
    capabilities: 0,
    relays: 0,
  },
  {
    type: 'registration-response',
    transaction,
    virtualIpv4: undefined,
    observed: { address: '2001:db8::7', port: 1 },
    dcKey: 'cd'.repeat(32) as DeviceId,
    countersignature: undefined,
    leaseMs: 85_000,
    capabilities: 1,
    relays: 0xffff_ffff,
  },
  { type: 'keep-alive', transaction, keepAliveMs: 25_000 },
  { type: 'keep-alive-ack', transaction, observed, relays: 7 },
  {
    type: 'direction-request',
    transaction,
    name: 'bob.example',
    device: undefined,
    candidates: undefined,
    relayOnly: true,
  },
  {
    type: 'direction-request',
    transaction,
    name: 'bob.example',
    device,
    candidates: new Uint8Array(59),
    relayOnly: false,
  },
  {
    type: 'route-direction',
    transaction,
    role: 'responder',
    record,
    device,
    observed,
    candidates: undefined,
    relay: undefined,
  },
  {
    type: 'route-direction',
    transaction,
    role: 'initiator',
    record,
    device,
    observed: undefined,
    candidates: new Uint8Array(40),
    relay: new Uint8Array(156),
  },
  {
    type: 'route-direction-confirmation',
    transaction,
    accepts: true,
    authorises: false,
    candidates: new Uint8Array(40),
    relayOnly: false,
  },
  { type: 'name-request', transaction, name: 'bob.example' },
  { type: 'name-response', transaction, record },
  { type: 'authorisation-withdrawal', transaction, person: 'ef'.repeat(32) as PersonId },
  { type: 'authorisation-withdrawn', transaction },
  { type: 'registration-recall', transaction },
  { type: 'error', transaction, code: 'unreachable' },
  { type: 'relay-report', transaction, measured: [] },
  { type: 'relay-report', transaction, measured: [{ relay: device, rttMs: 17 }] },
  { type: 'relay-list', transaction, relays: 0, places: [] },
  {
    type: 'relay-list',
    transaction,
    relays: 5,
    places: [{ relay: device, endpoints: [observed, observed6] }],
  },
  { type: 'relay-registration', transaction, endpoints: [observed], token: undefined, keepAliveMs: 15_000 },
  {
    type: 'relay-registration',
    transaction,
    endpoints: [observed, observed6],
    token: 'secret',
    keepAliveMs: 15_000,
  },
  { type: 'relay-registered', transaction, dcKey: 'cd'.repeat(32) as DeviceId, observed, leaseMs: 55_000 },
]

const arrayOf = (message: Message): unknown[] => {
  const read = readData(encodeMessage(message))
  return read.ok ? (read.value as unknown[]) : []
}

describe('a signalling message', () => {
  test('every type has a sample here', () => {
    expect(new Set(MESSAGES.map(({ type }) => type))).toEqual(new Set(MESSAGE_TYPES))
  })

  test.each(MESSAGES)('$type comes back as it was', message => {
    expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message })
  })

  test('shares no memory with the datagram it came in', () => {
    const bytes = encodeMessage({ type: 'name-response', transaction, record })
    const decoded = decodeMessage(bytes)
    bytes.fill(0)
    expect(decoded).toMatchObject({ value: { record } })
  })

  test.each(MESSAGES)(
    '$type is refused with an element more, an element less, or one of another kind',
    message => {
      const values = arrayOf(message)
      expect(decodeMessage(packData([...values, 1]))).toEqual({ ok: false, why: 'message-fields' })
      expect(decodeMessage(packData(values.slice(0, -1)))).toMatchObject({ ok: false })
      values.forEach((_, index) => {
        const changed = values.with(index, { wrong: true })
        expect(decodeMessage(packData(changed))).toMatchObject({ ok: false })
      })
    },
  )

  test('other versions, unknown types and oversize are told apart', () => {
    const values = arrayOf(MESSAGES[4]!)
    expect(decodeMessage(packData(values.with(0, 2)))).toEqual({ ok: false, why: 'message-version' })
    expect(decodeMessage(packData(values.with(1, MESSAGE_TYPES.length + 1)))).toEqual({
      ok: false,
      why: 'message-type',
    })
    expect(decodeMessage(packData(values.with(1, 0)))).toEqual({ ok: false, why: 'message-type' })
    expect(decodeMessage(new Uint8Array(MESSAGE_MAX_BYTES + 1))).toEqual({
      ok: false,
      why: 'message-too-long',
    })
    expect(decodeMessage(packData('text'))).toEqual({ ok: false, why: 'message-unreadable' })
  })

  test('names, roles, errors and addresses are checked', () => {
    const named = arrayOf({ type: 'name-request', transaction, name: 'bob.example' })
    expect(decodeMessage(packData(named.with(3, 'Bob.example'))).ok).toBe(false)
    const error = arrayOf({ type: 'error', transaction, code: 'busy' })
    expect(decodeMessage(packData(error.with(3, 200))).ok).toBe(false)
    const ack = arrayOf({ type: 'keep-alive-ack', transaction, observed, relays: 7 })
    expect(decodeMessage(packData(ack.with(3, Uint8Array.of(1, 2, 3, 4, 0, 0)))).ok).toBe(false)
    const mapped = new Uint8Array(18).fill(0xff, 10, 12).fill(7, 12)
    expect(decodeMessage(packData(ack.with(3, mapped))).ok).toBe(false)
  })

  test('lists of relays are bounded, and their pairs are pairs', () => {
    const report = (measured: unknown): boolean =>
      decodeMessage(packData(arrayOf({ type: 'relay-report', transaction, measured: [] }).with(3, measured)))
        .ok
    const pair = [Buffer.from(device, 'hex'), 17]
    expect(report([pair])).toBe(true)
    expect(report(Array.from({ length: 8 }, () => pair))).toBe(true)
    expect(report(Array.from({ length: 9 }, () => pair))).toBe(false)
    for (const wrong of [[pair[0]], [...pair, 1], [17, pair[0]], [pair[0], -1], [pair[0], 60_001], pair[0]])
      expect(report([wrong])).toBe(false)
    const offer = arrayOf({
      type: 'relay-registration',
      transaction,
      endpoints: [observed],
      token: undefined,
      keepAliveMs: 0,
    })
    const [endpoint] = offer[3] as [Uint8Array]
    expect(decodeMessage(packData(offer.with(3, []))).ok).toBe(false)
    expect(decodeMessage(packData(offer.with(3, Array(4).fill(endpoint)))).ok).toBe(true)
    expect(decodeMessage(packData(offer.with(3, Array(5).fill(endpoint)))).ok).toBe(false)
    expect(decodeMessage(packData(offer.with(6, new Uint8Array(48).fill(1)))).ok).toBe(false)
    expect(decodeMessage(packData(offer.with(6, new Uint8Array(47)))).ok).toBe(false)
  })

  test('mutations of valid messages never throw, and what is read is written again as read', () => {
    const mutation = fc.record({
      index: fc.nat(MESSAGES.length - 1),
      edits: fc.array(fc.tuple(fc.nat(4096), fc.nat(255)), { maxLength: 6 }),
      cut: fc.option(fc.nat(4096), { nil: undefined }),
    })
    fc.assert(
      fc.property(mutation, ({ index, edits, cut }) => {
        const bytes = Uint8Array.from(encodeMessage(MESSAGES[index]!))
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        const decoded = decodeMessage(cut === undefined ? bytes : bytes.subarray(0, cut % bytes.length))
        if (decoded.ok) expect(decodeMessage(encodeMessage(decoded.value))).toEqual(decoded)
      }),
      { numRuns: fuzzRuns(3000) },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => void decodeMessage(bytes)),
      { numRuns: fuzzRuns(2000) },
    )
  })
})
