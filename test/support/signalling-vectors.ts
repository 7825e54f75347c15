/**
 * What a node says to its coordinator and to other nodes about their tunnel, as bytes: every message once, made by
 * the persons of the worked example, so that another implementation can arrive at the same bytes on its own.
 */
import type { PersonId } from '../../src/events/ids.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import { virtualIpv6 } from '../../src/plugins/transport-ntm/net/address.ts'
import { type Control, encodeControl } from '../../src/plugins/transport-ntm/path/control.ts'
import { LanHints } from '../../src/plugins/transport-ntm/path/lan-hints.ts'
import { type Candidate, candidateSealer } from '../../src/plugins/transport-ntm/signalling/candidates.ts'
import { encodeMessage } from '../../src/plugins/transport-ntm/signalling/codec.ts'
import {
  formatTxt,
  SUCCESSION_LABEL,
  successionMessage,
} from '../../src/plugins/transport-ntm/signalling/discover.ts'
import { formatJoin } from '../../src/plugins/transport-ntm/signalling/join.ts'
import type { Message } from '../../src/plugins/transport-ntm/signalling/messages.ts'
import { splitMessage } from '../../src/plugins/transport-ntm/signalling/parts.ts'
import { formatAddress } from '../../src/wire/ip-address.ts'
import {
  countersign,
  encodeNameRecord,
  readNameRecord,
  signNameRecord,
  withCountersignature,
} from '../../src/wire/name-record.ts'
import { encodeRelayGrant, signRelayTicket } from '../../src/wire/relay-ticket.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { hex, NOON } from './sealing.ts'
import { example } from './worked-example.ts'

const keysOf = (byte: number) => deviceKeys(new Uint8Array(32).fill(byte)).keys
const [alice, bob, dc, nextDc] = [keysOf(0x01), keysOf(0x02), keysOf(0x0d), keysOf(0x0e)]
const relay = keysOf(0x0f)
const filled = (count: number, byte: number) => new Uint8Array(count).fill(byte)

const DAY_MS = 24 * 60 * 60_000
const { person, founding } = example.alicePerson
const body = encodeNameRecord({
  ...{ name: 'alice.example', person, serial: 1, mailboxes: [], proof: [encodeSealed(founding)] },
  devices: [{ device: alice.device, tunnelKey: alice.tunnelKey }],
  ...{ issued: NOON, expires: NOON + 365 * DAY_MS },
})
const signed = signNameRecord(body, alice.device, alice.sign)
const read = readNameRecord(signed)
if (!read.ok) throw new Error(read.why)
const by = countersign(read.value, dc.device, dc.sign)
const countersigned = withCountersignature(read.value, by)

const observed = { address: '203.0.113.7', port: 40_000 }
const places: readonly Candidate[] = [
  { kind: 'host', endpoint: { address: '192.168.1.2', port: 51_820 } },
  { kind: 'host', endpoint: { address: '2001:db8::2', port: 51_820 } },
]
const sealer = candidateSealer(alice, { bytes: count => filled(count, 0xe1) })
const candidates = sealer.seal(bob.tunnelKey, places)!
const transaction = '0102030405060708'
const endpoints = [
  { address: '198.51.100.9', port: 4500 },
  { address: '2001:db8::9', port: 4500 },
]
const ticket = signRelayTicket(
  {
    ...{ side: 1, bytesPerSecond: 12_500_000, pair: 'f0f1f2f3f4f5f6f7', expires: NOON + DAY_MS },
    ...{ relay: relay.tunnelKey, holder: bob.tunnelKey },
  },
  dc.sign,
)
const grant = encodeRelayGrant({ ticket, endpoints })

const MESSAGES: readonly Message[] = [
  {
    ...{ type: 'registration-request', transaction, record: signed, isGuest: false, token: undefined },
    ...{ keepAliveMs: 25_000, capabilities: 0 },
  },
  {
    ...{ type: 'registration-response', transaction, virtualIpv4: '198.18.0.7', observed, dcKey: dc.device },
    ...{ countersignature: by.signature, leaseMs: 85_000, capabilities: 0, relays: 7 },
  },
  { type: 'keep-alive', transaction, keepAliveMs: 25_000 },
  { type: 'keep-alive-ack', transaction, observed, relays: 7 },
  {
    type: 'direction-request',
    transaction,
    name: 'bob.example',
    device: bob.tunnelKey,
    candidates,
    relayOnly: false,
  },
  {
    ...{ type: 'route-direction', transaction, role: 'responder', record: countersigned },
    ...{ device: alice.tunnelKey, observed, candidates, relay: grant },
  },
  {
    ...{ type: 'route-direction-confirmation', transaction, accepts: true, authorises: false },
    ...{ candidates: undefined, relayOnly: false },
  },
  { type: 'name-request', transaction, name: 'alice.example' },
  { type: 'name-response', transaction, record: countersigned },
  { type: 'authorisation-withdrawal', transaction, person: person as PersonId },
  { type: 'authorisation-withdrawn', transaction },
  { type: 'registration-recall', transaction },
  { type: 'error', transaction, code: 'unknown-name' },
  { type: 'relay-report', transaction, measured: [{ relay: relay.tunnelKey, rttMs: 17 }] },
  { type: 'relay-list', transaction, relays: 7, places: [{ relay: relay.tunnelKey, endpoints }] },
  { type: 'relay-registration', transaction, endpoints, token: undefined, keepAliveMs: 15_000 },
  {
    ...{ type: 'relay-registered', transaction, dcKey: dc.device },
    ...{ observed: endpoints[0]!, leaseMs: 55_000 },
  },
]

const CONTROLS: readonly Control[] = [
  { kind: 'hello', token: filled(8, 0xaa), capabilities: 0, record: read.value.hash },
  { kind: 'ping', token: filled(8, 0xab) },
  { kind: 'pong', token: filled(8, 0xab) },
  { kind: 'candidates', token: filled(8, 0xac), nat: 'easy', candidates: places },
  { kind: 'punch', token: filled(8, 0xad), first: 40_002, step: 2, count: 32 },
]

const parts = splitMessage(filled(1_200, 0x5a))
const succession = dc.sign(SUCCESSION_LABEL, successionMessage('example', nextDc.tunnelKey, nextDc.device))
/** Of alice, for bob, under the instance of 16 bytes ab; the 59 behind it are chance. */
const lanHint = new LanHints(alice)
  .write('ab'.repeat(16), [bob.tunnelKey], { bytes: count => filled(count, 0), next: () => 0 })
  .subarray(0, 4)

const bytes = (name: string, value: Uint8Array) => ({ name, hex: hex(value) })

/** Every example of SPEC.md by its name. */
export const signallingVectors = () => ({
  keys: { alice: alice.tunnelKey, bob: bob.tunnelKey, dc: dc.tunnelKey, identity: dc.device },
  texts: [
    { name: 'join', text: formatJoin({ host: '192.0.2.1', port: 4500, key: dc.tunnelKey }) },
    { name: 'txt', text: formatTxt({ key: dc.tunnelKey, identity: dc.device, succession: undefined }) },
    {
      name: 'txt of a successor',
      text: formatTxt({ key: nextDc.tunnelKey, identity: nextDc.device, succession }),
    },
    { name: 'address', text: formatAddress(virtualIpv6(Buffer.from(alice.tunnelKey, 'hex'))) },
  ],
  bytes: [
    bytes('name record', signed),
    bytes('name record, countersigned', countersigned),
    bytes('sealed candidates', candidates),
    bytes('relay grant', grant),
    bytes('lan hint', lanHint),
    ...CONTROLS.map(control => bytes(control.kind, encodeControl(control))),
    ...MESSAGES.map(message => bytes(message.type, encodeMessage(message))),
    ...parts.map((part, index) => bytes(`part ${index}`, part)),
  ],
})
