/**
 * A relay without a network: frames are handed in from any address, and what it sends is looked at. Holders are
 * keys, a ticket and a counter, so that a test can say the wrong thing on purpose.
 */
import { type DeviceId, idToBytes } from '../../../../src/events/ids.ts'
import type { Keys, UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { MOMENT_MS } from '../../../../src/plugins/relay/server/limits.ts'
import { RelayServer } from '../../../../src/plugins/relay/server/relay-server.ts'
import type { Drop } from '../../../../src/plugins/relay/server/tally.ts'
import {
  decodeRelayFrame,
  encodeRelayClaim,
  encodeRelayProbe,
  RELAY_DATA_HEAD_BYTES,
  RELAY_FRAMES,
  type RelayFrame,
  writeRelayDataHead,
} from '../../../../src/wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayMac, relayToken } from '../../../../src/wire/relay-proof.ts'
import { type RelayTicket, signRelayTicket } from '../../../../src/wire/relay-ticket.ts'
import { dc, HOUR_MS, keysOf, PAIR, RATE, relayKeys } from '../relay-world.ts'

export const at = (last: number, port = 5_000): UdpEndpoint => ({ address: `198.51.100.${last}`, port })
const ZEROS = new Uint8Array(16)
const NOTHING = new Uint8Array(0)

export interface Answer {
  readonly to: UdpEndpoint
  readonly bytes: Uint8Array
}

export class FrontDesk {
  readonly clock = new VirtualClock()
  server: RelayServer
  readonly out: Answer[] = []
  issuer: DeviceId | undefined = dc.device
  readonly #random = new SeededRandom(7)

  constructor(slotsMax = 100) {
    this.server = new RelayServer({
      ...{ clock: this.clock, random: this.#random, keys: relayKeys, slotsMax },
      outlet: { send: (bytes, to) => this.out.push({ to, bytes: new Uint8Array(bytes) }) },
      issuer: () => this.issuer,
    })
  }

  /** What the relay sends because of this frame. */
  hand(bytes: Uint8Array, from: UdpEndpoint): readonly Answer[] {
    const before = this.out.length
    this.server.receive(new Uint8Array(bytes), from)
    return this.out.slice(before)
  }

  /** The only thing that it sends because of this frame, a moment later, read. */
  ask(bytes: Uint8Array, from: UdpEndpoint): RelayFrame {
    this.wait(MOMENT_MS)
    const answers = this.hand(bytes, from)
    const read = answers.length === 1 ? decodeRelayFrame(answers[0]!.bytes) : undefined
    if (!read?.ok) throw new Error(`${answers.length} answers, or none that reads`)
    return read.value
  }

  wait(ms: number): void {
    this.clock.step(this.clock.monotonicMs() + ms)
  }

  cookie(from: UdpEndpoint): Uint8Array {
    const answer = this.ask(encodeRelayProbe('0102030405060708'), from)
    if (answer.kind !== 'probe-ack') throw new Error(`a probe is answered with ${answer.kind}`)
    return answer.cookie
  }

  drops(why: Drop): number {
    return this.server.stats().drops[why]
  }

  party(byte: number, side: 0 | 1, more: Partial<RelayTicket> = {}, sign = dc.sign): Party {
    return new Party(this, keysOf(byte), side, more, sign)
  }

  /** Both sides bound, at 198.51.100.1 and .2. */
  pair(more: Partial<RelayTicket> = {}): readonly [Party, Party] {
    const parties = [this.party(1, 0, more), this.party(2, 1, more)] as const
    for (const [index, party] of parties.entries()) this.hand(party.bind(at(index + 1)), at(index + 1))
    return parties
  }
}

export class Party {
  readonly ticket: Uint8Array
  readonly secret: Uint8Array
  readonly token: Uint8Array
  counter = 1_000
  readonly #desk: FrontDesk

  constructor(
    desk: FrontDesk,
    keys: Keys,
    side: 0 | 1,
    more: Partial<RelayTicket>,
    sign: (label: string, message: Uint8Array) => Uint8Array,
  ) {
    this.#desk = desk
    const expires = desk.clock.now() + HOUR_MS
    const ticket: RelayTicket = {
      ...{ side, bytesPerSecond: RATE, pair: PAIR, expires },
      ...{ relay: relayKeys.tunnelKey, holder: keys.tunnelKey, ...more },
    }
    this.ticket = signRelayTicket(ticket, sign)
    this.secret = keys.agree(RELAY_SECRET_LABEL, idToBytes(relayKeys.tunnelKey))
    this.token = relayToken(this.secret, ticket)
  }

  /** With this address's cookie unless another is given. */
  bind(from: UdpEndpoint, cookie = this.#desk.cookie(from), counter = ++this.counter): Uint8Array {
    return this.#claim('bind', counter, cookie, this.ticket)
  }

  rebind(cookie: Uint8Array = ZEROS, counter = ++this.counter): Uint8Array {
    return this.#claim('rebind', counter, cookie, NOTHING)
  }

  data(text: string): Uint8Array {
    const packet = Buffer.from(text)
    const frame = new Uint8Array(RELAY_DATA_HEAD_BYTES + packet.length)
    writeRelayDataHead(frame, this.token, frame.length)
    frame.set(packet, RELAY_DATA_HEAD_BYTES)
    return frame
  }

  #claim(kind: 'bind' | 'rebind', counter: number, cookie: Uint8Array, ticket: Uint8Array): Uint8Array {
    const claim = { kind, token: this.token, counter, cookie, ticket }
    return encodeRelayClaim(claim, signed => relayMac(this.secret, signed))
  }
}

/** The texts among the answers, and where they went. */
export const texts = (answers: readonly Answer[]): readonly (readonly [to: string, text: string])[] =>
  answers
    .filter(({ bytes }) => bytes[0] === RELAY_FRAMES.data)
    .map(({ to, bytes }) => [
      `${to.address}:${to.port}`,
      Buffer.from(bytes.subarray(RELAY_DATA_HEAD_BYTES)).toString(),
    ])
