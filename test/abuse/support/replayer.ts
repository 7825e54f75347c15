/**
 * Eve plays what was on the wire again: in whatever order, from whatever address. She is no fool: what is answered with
 * a cookie of WireGuard she sends once more with it, since for that nobody needs a key.
 */
import { idToBytes, type TunnelKey } from '../../../src/events/ids.ts'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import type { Packet } from '../../../src/kernel/testing/sim-segment.ts'
import { cookieKey, openCookieReply } from '../../../src/plugins/transport-ntm/tunnel/cookie.ts'
import { mac1Key, mac1Of, stampMacs } from '../../../src/plugins/transport-ntm/tunnel/mac.ts'
import {
  COOKIE_REPLY,
  INITIATION,
  messageType,
  RECEIVER_AT,
  RESPONSE,
  readUint32,
  senderOf,
} from '../../../src/plugins/transport-ntm/tunnel/messages.ts'
import type { Attacked } from './town.ts'
import { AT } from './town.ts'

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export const isHandshake = (bytes: Uint8Array): boolean =>
  [INITIATION, RESPONSE].includes(messageType(bytes)!)

export class Replayer {
  readonly #town: Attacked
  /** What she has sent, by the index that answers name. */
  readonly #handshakes = new Map<number, Uint8Array>()
  readonly #known = new Set<string>()
  cookiesUsed = 0

  constructor(town: Attacked) {
    this.#town = town
    town.eve.receive = (bytes, from) => this.#answered(bytes, from)
  }

  /** One packet after the other, a millisecond apart. */
  async play(packets: readonly Packet[], from: (packet: Packet, at: number) => UdpEndpoint | undefined) {
    const { world, eve } = this.#town
    for (const packet of packets) this.#known.add(hexOf(packet.bytes))
    for (const [at, packet] of packets.entries()) {
      if (isHandshake(packet.bytes)) this.#handshakes.set(senderOf(packet.bytes), packet.bytes)
      eve.send(packet.bytes, packet.to, from(packet, at))
      await world.run(1)
    }
    // The last one has arrived, and what was answered, too.
    await world.run(200)
  }

  /** Handshake messages among these that nobody played: somebody honest began anew. */
  fresh(packets: readonly Packet[]): number {
    const isFresh = ({ bytes }: Packet): boolean =>
      messageType(bytes) === INITIATION && !this.#known.has(hexOf(bytes))
    return packets.filter(isFresh).length
  }

  #answered(bytes: Uint8Array, from: UdpEndpoint): void {
    if (messageType(bytes) !== COOKIE_REPLY) return
    const message = this.#handshakes.get(readUint32(bytes, RECEIVER_AT))
    const key = idToBytes(this.#keyAt(from.address))
    const cookie = message && openCookieReply(bytes, cookieKey(key), mac1Of(message))
    if (message === undefined || cookie === undefined) return
    this.cookiesUsed += 1
    const stamped = message.slice()
    stampMacs(stamped, mac1Key(key), cookie)
    this.#known.add(hexOf(stamped))
    this.#town.eve.send(stamped, from)
  }

  #keyAt(address: string): TunnelKey {
    const { dc, rs, alice, bob } = this.#town
    const homes = { dc, rs, alice: alice.home, bob: bob.home }
    const [who] = Object.entries(AT).find(([, at]) => at === address)!
    return homes[who as keyof typeof homes].keys.keys.tunnelKey
  }
}
