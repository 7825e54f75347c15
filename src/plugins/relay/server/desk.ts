/**
 * Where strangers become holders: probes, tickets and claims. Nothing that an unproven address sends is answered
 * with more bytes than it brought, and no signature is looked at before the address is proven.
 */
import { type DeviceId, idToBytes } from '../../../events/ids.ts'
import type { Clock, Keys, Outlet, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import {
  decodeRelayFrame,
  encodeRelayChallenge,
  encodeRelayClaim,
  encodeRelayProbeAck,
  encodeRelayRefusal,
  RELAY_MAC_BYTES,
  type RelayClaim,
  type RelayRefusal,
} from '../../../wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayMac, relayMacHolds, relayToken } from '../../../wire/relay-proof.ts'
import { type RelayTicket, readRelayTicket, verifyRelayTicket } from '../../../wire/relay-ticket.ts'
import { Cookies } from './cookies.ts'
import { Moments } from './moments.ts'
import { Slot } from './slot.ts'
import type { Slots } from './slots.ts'
import { Sources } from './sources.ts'
import type { Drop, Tally } from './tally.ts'

export interface DeskParts {
  readonly clock: Clock
  readonly random: Random
  readonly keys: Keys
  readonly outlet: Outlet
  /** Whose tickets count; undefined until it is known. */
  readonly issuer: () => DeviceId | undefined
}

/** An authentic and new claim, and what its address is worth. */
interface Admission {
  readonly slot: Slot
  readonly counter: number
  readonly isProven: boolean
}

const NO_TICKET = new Uint8Array(0)
const NO_MAC = new Uint8Array(RELAY_MAC_BYTES)

/** What of the reasons for which nobody is bound the bringer of a ticket hears. */
const REFUSALS: Partial<Record<Drop, RelayRefusal>> = {
  'ticket-malformed': 'foreign',
  'ticket-foreign': 'foreign',
  'ticket-forged': 'foreign',
  'issuer-unknown': 'foreign',
  'ticket-expired': 'expired',
  'slots-full': 'full',
  'share-full': 'full',
}

export class Desk {
  readonly #parts: DeskParts
  readonly #slots: Slots
  readonly #tally: Tally
  readonly #cookies: Cookies
  readonly #sources = new Sources()
  readonly #challenged = new Moments()
  readonly #acknowledged = new Moments()
  readonly #onHere: (slot: Slot) => void

  /** `onHere`: something authentic came from this slot's holder. */
  constructor(parts: DeskParts, slots: Slots, tally: Tally, onHere: (slot: Slot) => void) {
    this.#parts = parts
    this.#slots = slots
    this.#tally = tally
    this.#cookies = new Cookies(parts)
    this.#onHere = onHere
  }

  /** Any frame but data. Tells why nothing came of it. */
  receive(bytes: Uint8Array, from: UdpEndpoint): Drop | undefined {
    const frame = decodeRelayFrame(bytes)
    if (!frame.ok) return 'malformed'
    const { value } = frame
    if (value.kind === 'probe') return this.#acknowledge(value.nonce, from)
    if (value.kind !== 'bind' && value.kind !== 'rebind') return 'unexpected'
    const judged = value.kind === 'bind' ? this.#bind(value, bytes, from) : this.#rebind(value, bytes, from)
    return typeof judged === 'object' ? this.#admit(judged, bytes.length, from) : judged
  }

  /** Asks whoever sends under this token to claim it from here. */
  challenge(token: Uint8Array, from: UdpEndpoint): Drop | undefined {
    const cookie = this.#cookies.of(from)
    if (cookie === undefined) return 'source-unnameable'
    if (!this.#challenged.take(from, this.#parts.clock.monotonicMs())) return 'too-many-answers'
    this.#tally.challenges += 1
    this.#parts.outlet.send(encodeRelayChallenge(token, cookie), from)
    return undefined
  }

  #acknowledge(nonce: string, from: UdpEndpoint): Drop | undefined {
    const cookie = this.#cookies.of(from)
    const answer = cookie && encodeRelayProbeAck(nonce, cookie, from)
    if (!answer?.ok) return 'source-unnameable'
    if (!this.#acknowledged.take(from, this.#parts.clock.monotonicMs())) return 'too-many-answers'
    this.#tally.probes += 1
    this.#parts.outlet.send(answer.value, from)
    return undefined
  }

  #rebind(claim: RelayClaim, bytes: Uint8Array, from: UdpEndpoint): Admission | Drop {
    const slot = this.#slots.find(claim.token, 0)
    if (slot === undefined) return this.challenge(claim.token, from) ?? 'token-unknown'
    return this.#again(slot, claim, bytes, this.#cookies.holds(claim.cookie, from))
  }

  #bind(claim: RelayClaim, bytes: Uint8Array, from: UdpEndpoint): Admission | Drop | undefined {
    if (!this.#cookies.holds(claim.cookie, from)) return this.challenge(claim.token, from)
    const ticket = readRelayTicket(claim.ticket)
    if (!ticket.ok) return this.#refuse(ticket.why, claim, from)
    const { pair, side, expires } = ticket.value
    const slot = this.#slots.named(pair, side)
    if (slot !== undefined && Buffer.compare(slot.ticketBytes, claim.ticket) === 0)
      return this.#again(slot, claim, bytes, true)
    const fresh = this.#check(ticket.value, claim, bytes, from)
    if (typeof fresh === 'string') return this.#refuse(fresh, claim, from)
    const { clock } = this.#parts
    if (expires <= clock.now()) return this.#refuse('ticket-expired', claim, from, fresh.secret)
    const isNewer = slot === undefined || expires > slot.ticket.expires
    if (!isNewer && claim.counter <= slot.counter) return 'claim-replayed'
    const noRoom = this.#slots.add(fresh, clock.monotonicMs())
    if (noRoom !== undefined) return this.#refuse(noRoom, claim, from, fresh.secret)
    this.#tally.binds += 1
    return { slot: fresh, counter: claim.counter, isProven: true }
  }

  /**
   * Says no, so that the bringer need not wait for what does not come. `secret`: the one shared with the holder, where
   * the coordinator's signature has shown that there is one.
   */
  #refuse(drop: Drop, claim: RelayClaim, from: UdpEndpoint, secret?: Uint8Array): Drop {
    const why = REFUSALS[drop]
    if (why === undefined) return drop
    const macOf = (signed: Uint8Array) => (secret === undefined ? NO_MAC : relayMac(secret, signed))
    this.#tally.refusals += 1
    this.#parts.outlet.send(encodeRelayRefusal(claim, why, macOf), from)
    return drop
  }

  /** The ticket was checked when it came first, and it counts for as long as its slot lives. */
  #again(slot: Slot, claim: RelayClaim, bytes: Uint8Array, isProven: boolean): Admission | Drop {
    if (!relayMacHolds(slot.secret, bytes)) return 'claim-forged'
    return claim.counter <= slot.counter ? 'claim-replayed' : { slot, counter: claim.counter, isProven }
  }

  /** What is cheap first; a signature and a key agreement only within the budget of the proven address. */
  #check(ticket: RelayTicket, claim: RelayClaim, bytes: Uint8Array, from: UdpEndpoint): Slot | Drop {
    const { keys, issuer, clock } = this.#parts
    const by = issuer()
    if (ticket.relay !== keys.tunnelKey) return 'ticket-foreign'
    if (by === undefined) return 'issuer-unknown'
    if (!this.#sources.mayCheck(from.address, clock.monotonicMs())) return 'too-many-checks'
    if (!verifyRelayTicket(claim.ticket, by)) return 'ticket-forged'
    const secret = keys.agree(RELAY_SECRET_LABEL, idToBytes(ticket.holder))
    const token = relayToken(secret, ticket)
    if (Buffer.compare(token, claim.token) !== 0 || !relayMacHolds(secret, bytes)) return 'claim-forged'
    return new Slot({ ticket, ticketBytes: new Uint8Array(claim.ticket), secret, token, from })
  }

  #admit({ slot, counter, isProven }: Admission, length: number, from: UdpEndpoint): Drop | undefined {
    const cookie = this.#cookies.of(from)
    if (cookie === undefined) return 'source-unnameable'
    const nowMs = this.#parts.clock.monotonicMs()
    slot.counter = counter
    this.#slots.heard(slot, nowMs)
    const bound = { kind: 'bound', token: slot.token, counter, cookie, ticket: NO_TICKET } as const
    const frame = encodeRelayClaim(bound, signed => relayMac(slot.secret, signed))
    if (slot.place.claim(from, length, frame.length, isProven, nowMs)) this.#tally.moves += 1
    this.#parts.outlet.send(frame, from)
    this.#onHere(slot)
    return undefined
  }
}
