/**
 * What strangers may send: every kind of message and frame of the two protocols, forged as well as somebody can who
 * knows all public keys and has no secret, and piles of them in one datagram.
 */
import { idToBytes, type TunnelKey } from '../../../src/events/ids.ts'
import type { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { type StaticKey, staticKeyOf } from '../../../src/plugins/transport-ntm/tunnel/aead.ts'
import { IDENTIFIER } from '../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { mac1Key, stampMacs } from '../../../src/plugins/transport-ntm/tunnel/mac.ts'
import {
  COOKIE_REPLY,
  DATA,
  encodeInitiation,
  encodeResponse,
  writeUint32,
} from '../../../src/plugins/transport-ntm/tunnel/messages.ts'
import { writeInitiation } from '../../../src/plugins/transport-ntm/tunnel/noise.ts'
import { nextTimestamp } from '../../../src/plugins/transport-ntm/tunnel/tai64n.ts'
import {
  encodeRelayChallenge,
  encodeRelayClaim,
  encodeRelayProbe,
  encodeRelayProbeAck,
  RELAY_DATA_HEAD_BYTES,
  writeRelayDataHead,
} from '../../../src/wire/relay-frame.ts'
import { RELAY_TICKET_BYTES, signRelayTicket } from '../../../src/wire/relay-ticket.ts'
import { EVE } from './eve.ts'

const NOISE_INITIATION_BYTES = 108
const NOISE_RESPONSE_BYTES = 48
const COOKIE_REPLY_BYTES = 64
/** What one datagram of an ordinary path holds. */
const DATAGRAM_BYTES = 1_472

export interface Forgery {
  readonly kind: string
  /** The next of its kind. */
  make(): Uint8Array
}

export interface Forged {
  readonly random: SeededRandom
  readonly wallMs: () => number
  readonly victim: TunnelKey
}

const stamped = (message: Uint8Array, { victim }: Forged): Uint8Array => {
  stampMacs(message, mac1Key(idToBytes(victim)), undefined)
  return message
}

/** A true first message, of somebody whom nobody knows. */
export function strangersInitiation(forged: Forged, staticKey: StaticKey): Uint8Array {
  const { random, wallMs, victim } = forged
  const written = writeInitiation({
    ...{ staticKey, responder: idToBytes(victim), ephemeralSecret: random.bytes(32) },
    ...{ prologue: new TextEncoder().encode(IDENTIFIER), payload: nextTimestamp(wallMs(), undefined) },
  })
  if (!written.ok) throw new Error('a key of a stranger is bad')
  return stamped(encodeInitiation(random.between(0, 0xffff_ffff), written.value.message), forged)
}

const typed = (type: number, bytes: Uint8Array): Uint8Array => {
  writeUint32(bytes, 0, type)
  return bytes
}

const ofTunnels = (forged: Forged): readonly Forgery[] => {
  const { random } = forged
  const index = (): number => random.between(0, 0xffff_ffff)
  const initiation = (): Uint8Array => encodeInitiation(index(), random.bytes(NOISE_INITIATION_BYTES))
  const response = (): Uint8Array => encodeResponse(index(), index(), random.bytes(NOISE_RESPONSE_BYTES))
  const staticKey = staticKeyOf(random.bytes(32))
  const again = strangersInitiation(forged, staticKey)
  return [
    { kind: 'initiation, wrong mac1', make: initiation },
    { kind: 'initiation, right mac1, noise inside', make: () => stamped(initiation(), forged) },
    {
      kind: 'initiation, by a stranger',
      make: () => strangersInitiation(forged, staticKeyOf(random.bytes(32))),
    },
    { kind: 'initiation, the same again', make: () => again },
    { kind: 'response, right mac1', make: () => stamped(response(), forged) },
    { kind: 'cookie reply', make: () => typed(COOKIE_REPLY, random.bytes(COOKIE_REPLY_BYTES)) },
    { kind: 'data of no session', make: () => typed(DATA, random.bytes(random.between(32, 1_232))) },
    { kind: 'a byte that opens a NAT', make: () => Uint8Array.of(0) },
    { kind: 'random bytes', make: () => random.bytes(random.between(0, DATAGRAM_BYTES)) },
  ]
}

const ofRelays = ({ random, victim }: Forged): readonly Forgery[] => {
  const [token, cookie] = [() => random.bytes(8), () => random.bytes(16)]
  const nonce = (): string => Buffer.from(random.bytes(8)).toString('hex')
  const claim = (kind: 'bind' | 'rebind' | 'bound', ticket: Uint8Array) => (): Uint8Array =>
    encodeRelayClaim({ kind, counter: 2 ** 52, token: token(), cookie: cookie(), ticket }, () =>
      random.bytes(16),
    )
  const ticket = signRelayTicket(
    {
      ...{ side: 0, bytesPerSecond: 1_000_000, pair: nonce(), expires: Date.UTC(2030, 0, 1) },
      ...{ relay: victim, holder: victim },
    },
    () => random.bytes(64),
  )
  const data = (length: number): Uint8Array => {
    const frame = random.bytes(RELAY_DATA_HEAD_BYTES + length)
    writeRelayDataHead(frame, token(), frame.length)
    return frame
  }
  const stump = (): Uint8Array => {
    const length = random.between(4, RELAY_DATA_HEAD_BYTES - 1)
    return Buffer.concat([
      Uint8Array.of(0x60 + random.between(0, 15), 0, 0, length),
      random.bytes(length - 4),
    ])
  }
  const acknowledged = (): Uint8Array => {
    const ack = encodeRelayProbeAck(nonce(), cookie(), EVE)
    return ack.ok ? ack.value : new Uint8Array()
  }
  return [
    { kind: 'relay probe', make: () => encodeRelayProbe(nonce()) },
    { kind: 'relay probe-ack', make: acknowledged },
    { kind: 'relay bind, ticket forged', make: claim('bind', ticket) },
    { kind: 'relay bind, ticket of noise', make: claim('bind', random.bytes(RELAY_TICKET_BYTES)) },
    { kind: 'relay rebind of no slot', make: claim('rebind', new Uint8Array()) },
    { kind: 'relay bound', make: claim('bound', new Uint8Array()) },
    { kind: 'relay challenge', make: () => encodeRelayChallenge(token(), cookie()) },
    { kind: 'relay frames of all types, too short', make: stump },
    { kind: 'relay data, empty', make: () => data(0) },
    { kind: 'relay data, short', make: () => data(16) },
    { kind: 'relay data, long', make: () => data(1_200) },
  ]
}

/** As many as one datagram holds, one behind the other. */
const pile = ({ kind, make }: Forgery): Forgery => ({
  kind: `a pile of: ${kind}`,
  make: () => {
    const parts = [make()]
    while (Buffer.concat(parts).length + parts[0]!.length <= DATAGRAM_BYTES) parts.push(make())
    return Buffer.concat(parts)
  },
})

const PILED = [
  'initiation, right mac1, noise inside',
  'initiation, by a stranger',
  'response, right mac1',
  'relay probe',
  'relay bind, ticket forged',
  'relay rebind of no slot',
  'relay data, short',
]

export const forgeries = (forged: Forged): readonly Forgery[] => {
  const single = [...ofTunnels(forged), ...ofRelays(forged)]
  return [...single, ...single.filter(({ kind }) => PILED.includes(kind)).map(pile)]
}
