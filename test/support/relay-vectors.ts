/**
 * What a Relay Server and the holder of a slot say to each other, as bytes: every frame once, made by the persons of
 * the worked example, so that another implementation can arrive at the same bytes on its own.
 */
import { idToBytes } from '../../src/events/ids.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import {
  encodeRelayChallenge,
  encodeRelayClaim,
  encodeRelayProbe,
  encodeRelayProbeAck,
  encodeRelayRefusal,
  RELAY_DATA_HEAD_BYTES,
  type RelayClaim,
  writeRelayDataHead,
} from '../../src/wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayMac, relayToken } from '../../src/wire/relay-proof.ts'
import { encodeRelayGrant, type RelayTicket, signRelayTicket } from '../../src/wire/relay-ticket.ts'
import { hex, NOON } from './sealing.ts'

const keysOf = (byte: number) => deviceKeys(new Uint8Array(32).fill(byte)).keys
const [alice, bob, relay, dc] = [keysOf(0x01), keysOf(0x02), keysOf(0x05), keysOf(0x0d)]
const filled = (count: number, byte: number) => new Uint8Array(count).fill(byte)

const DAY_MS = 24 * 60 * 60_000
const NOTHING = new Uint8Array(0)
const nonce = '0102030405060708'
const cookie = filled(16, 0xcc)

const ticketOf = (holder: typeof alice, side: 0 | 1): RelayTicket => ({
  ...{ side, bytesPerSecond: 12_500_000, pair: 'a1a2a3a4a5a6a7a8', expires: NOON + DAY_MS },
  ...{ relay: relay.tunnelKey, holder: holder.tunnelKey },
})
const ticket = signRelayTicket(ticketOf(alice, 0), dc.sign)
const endpoints = [
  { address: '192.0.2.1', port: 3_478 },
  { address: '2001:db8::1', port: 3_478 },
]

const secretOf = (holder: typeof alice) => holder.agree(RELAY_SECRET_LABEL, idToBytes(relay.tunnelKey))
const secret = secretOf(alice)
const token = relayToken(secret, ticketOf(alice, 0))
const otherToken = relayToken(secretOf(bob), ticketOf(bob, 1))
const claim = (kind: RelayClaim['kind'], counter: number) =>
  encodeRelayClaim({ kind, token, counter, cookie, ticket: kind === 'bind' ? ticket : NOTHING }, signed =>
    relayMac(secret, signed),
  )

const packet = Buffer.from('opaque')
const dataOf = (by: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(RELAY_DATA_HEAD_BYTES + packet.length)
  writeRelayDataHead(frame, by, frame.length)
  frame.set(packet, RELAY_DATA_HEAD_BYTES)
  return frame
}
const ackOf = (address: string): Uint8Array => {
  const ack = encodeRelayProbeAck(nonce, cookie, { address, port: 40_000 })
  if (!ack.ok) throw new Error(ack.why)
  return ack.value
}

export const relayVectors = () => ({
  keys: { issuer: dc.device, relay: relay.tunnelKey, holder: alice.tunnelKey },
  bytes: Object.entries({
    ...{ ticket, grant: encodeRelayGrant({ ticket, endpoints }), secret, token },
    probe: encodeRelayProbe(nonce),
    'probe-ack': ackOf('203.0.113.7'),
    'probe-ack, IPv6': ackOf('2001:db8::7'),
    ...{ bind: claim('bind', NOON), bound: claim('bound', NOON), rebind: claim('rebind', NOON + 20_000) },
    challenge: encodeRelayChallenge(token, cookie),
    refusal: encodeRelayRefusal({ token, counter: NOON }, 'full', signed => relayMac(secret, signed)),
    ...{ data: dataOf(token), 'data, passed on': dataOf(otherToken) },
  }).map(([name, bytes]) => ({ name, hex: hex(bytes) })),
})
