/**
 * The Relay Server's core: frames in, frames out. It knows nobody; it believes its coordinator's signature on a
 * ticket and the proof of the key that the ticket names, and it can read nothing of what it passes on. A packet
 * costs it a look into a map and eight bytes rewritten in place.
 */
import { TokenBucket, type UdpEndpoint } from '../../../kernel/api/index.ts'
import {
  encodeRelayRefusal,
  RELAY_CHALLENGE_BYTES,
  RELAY_DATA_HEAD_BYTES,
  RELAY_FRAMES,
  RELAY_TOKEN_BYTES,
  relayFrameLength,
  rewriteRelayToken,
} from '../../../wire/relay-frame.ts'
import { relayMac } from '../../../wire/relay-proof.ts'
import { Desk, type DeskParts } from './desk.ts'
import { STRAYS_PER_SECOND } from './limits.ts'
import type { Slot } from './slot.ts'
import { Slots } from './slots.ts'
import { type Drop, Tally } from './tally.ts'
import { WaitingRoom } from './waiting-room.ts'

export interface RelayServerParts extends DeskParts {
  readonly slotsMax: number
}

const TOKEN_AT = RELAY_DATA_HEAD_BYTES - RELAY_TOKEN_BYTES

export class RelayServer {
  readonly #parts: RelayServerParts
  readonly #slots: Slots
  readonly #desk: Desk
  readonly #strays = new TokenBucket(STRAYS_PER_SECOND, STRAYS_PER_SECOND)
  readonly #waiting = new WaitingRoom<Slot>()
  readonly #tally = new Tally()

  constructor(parts: RelayServerParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.slotsMax)
    this.#desk = new Desk(parts, this.#slots, this.#tally, slot => this.#welcome(slot))
  }

  /** One or more frames of one source, one behind the other. They may be changed in place. */
  receive(bytes: Uint8Array, from: UdpEndpoint): void {
    const nowMs = this.#parts.clock.monotonicMs()
    let at = 0
    while (at < bytes.length) {
      const length = relayFrameLength(bytes, at)
      if (length === 0) {
        this.#count('malformed')
        return
      }
      const frame = length === bytes.length ? bytes : bytes.subarray(at, at + length)
      const isData = frame[0] === RELAY_FRAMES.data
      const why = isData ? this.#forward(frame, from, nowMs) : this.#desk.receive(frame, from)
      if (why !== undefined) this.#count(why)
      at += length
    }
  }

  sweep(): void {
    this.#slots.sweep(this.#parts.clock.monotonicMs())
  }

  /** It ends: who has a slot need not find out by silence. */
  leave(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    for (const { token, counter, secret, place } of this.#slots.all()) {
      const frame = encodeRelayRefusal({ token, counter }, 'leaving', signed => relayMac(secret, signed))
      this.#parts.outlet.send(frame, place.target(frame.length, nowMs))
    }
  }

  stats() {
    const { packets, bytes, probes, challenges, binds, refusals, moves, drops } = this.#tally
    const { size: slots, pairs } = this.#slots
    const counts = { packets, bytes, probes, challenges, binds, refusals, moves }
    return { slots, pairs, ...counts, drops: { ...drops } }
  }

  #count(why: Drop): void {
    this.#tally.drops[why] += 1
  }

  #forward(frame: Uint8Array, from: UdpEndpoint, nowMs: number): Drop | undefined {
    const { length } = frame
    if (length < RELAY_DATA_HEAD_BYTES) return 'malformed'
    const slot = this.#slots.find(frame, TOKEN_AT)
    if (slot === undefined) return this.#doubt('token-unknown', frame, from, nowMs)
    if (!slot.place.accepts(from, length, nowMs)) return this.#doubt('source-foreign', frame, from, nowMs)
    if (!slot.budget.take(nowMs, length)) return 'rate-exceeded'
    if (slot.other === undefined)
      return this.#waiting.keep(slot, frame, nowMs) ? undefined : 'other-side-absent'
    this.#deliver(frame, slot.other, nowMs)
    return undefined
  }

  #deliver(frame: Uint8Array, to: Slot, nowMs: number): void {
    rewriteRelayToken(frame, to.token)
    this.#tally.packets += 1
    this.#tally.bytes += frame.length
    this.#parts.outlet.send(frame, to.place.target(frame.length, nowMs))
  }

  /** Data that fits no slot: the relay may have restarted, or a NAT has given its holder another address. */
  #doubt(why: Drop, frame: Uint8Array, from: UdpEndpoint, nowMs: number): Drop {
    if (frame.length >= RELAY_CHALLENGE_BYTES && this.#strays.take(nowMs))
      this.#desk.challenge(frame.subarray(TOKEN_AT, RELAY_DATA_HEAD_BYTES), from)
    return why
  }

  /** What the other side has sent already. */
  #welcome(slot: Slot): void {
    if (slot.other === undefined) return
    const nowMs = this.#parts.clock.monotonicMs()
    for (const frame of this.#waiting.take(slot.other, nowMs)) this.#deliver(frame, slot, nowMs)
  }
}
