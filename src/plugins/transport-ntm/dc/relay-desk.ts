/**
 * Everything that a coordinator does about Relay Servers: who may be one, what nodes hear and say of them, and the
 * tickets for two nodes that are directed to each other (SPEC.md §6.7). A relay is known by the key of its tunnel and
 * by nothing that it says, so none can answer for another.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { packData } from '../../../wire/msgpack.ts'
import { encodeRelayGrant, SLOT_PAIR_BYTES, signRelayTicket } from '../../../wire/relay-ticket.ts'
import type { RelayRegistration, RelayReport, SignallingError } from '../signalling/messages.ts'
import { freshHex } from '../signalling/transaction.ts'
import { type Access, judgeAccess } from './access.ts'
import { KEYS } from './keys.ts'
import { CLAIMS_PENDING_MAX, RELAY_TICKET_LIFETIME_MS } from './limits.ts'
import { type DcOutput, type DcTurn, tell } from './outputs.ts'
import type { Countersigner } from './registrar.ts'
import { leaseOf } from './registrations.ts'
import { RelayProofs } from './relay-proofs.ts'
import { Relays, type Rtts } from './relays.ts'
import type { Tokens } from './tokens.ts'

export interface RelayDeskParts {
  readonly keys: Countersigner
  readonly tokens: Tokens
  access(): Access
  /** The relay in this very process. */
  ownRelay?(): RelayPlace | undefined
  /** What the holder of a ticket may send. */
  readonly relayBytesPerSecond?: number | undefined
}

const DEFAULT_BYTES_PER_SECOND = 12_500_000

/** A grant for each side, encoded; undefined while there is no relay. */
export interface Grants {
  readonly initiator: Uint8Array | undefined
  readonly responder: Uint8Array | undefined
}

/** One side of a direction, as far as relays matter. */
export interface Holder {
  readonly tunnelKey: TunnelKey
  readonly measured: Rtts
}

interface Waiting {
  readonly from: TunnelKey
  readonly observed: UdpEndpoint
  readonly request: RelayRegistration
  readonly token: string
}

export class RelayDesk {
  readonly relays: Relays
  /** Relays that came in by a token once: they need none again. */
  readonly admitted = new Set<TunnelKey>()
  readonly #parts: RelayDeskParts
  readonly #proofs = new RelayProofs()
  readonly #waiting = new Map<number, Waiting>()

  constructor(parts: RelayDeskParts) {
    this.#parts = parts
    this.relays = new Relays(parts.ownRelay)
  }

  /** Where a relay says that it is. */
  claimed(relay: TunnelKey): readonly UdpEndpoint[] {
    return this.#proofs.claimed(relay)
  }

  /** All that are here, this process's own first, each with where it was found. */
  get places(): readonly RelayPlace[] {
    const own = this.#parts.ownRelay?.()
    return [...(own === undefined ? [] : [own]), ...this.relays.registered]
  }

  /** Drops relays that the operator does not want any more. */
  judge(): void {
    for (const { relay } of this.relays.registered)
      if (judgeAccess(this.#parts.access(), relay) === 'refused') this.relays.drop(relay)
  }

  /** A relay answered a challenge that was sent to this place. */
  proved(relay: TunnelKey, endpoint: UdpEndpoint, nowMs: number): void {
    this.#proofs.answered(relay, endpoint, nowMs)
    this.relays.found({ relay, endpoints: this.#proofs.proved(relay, nowMs) })
  }

  /** Forgets who was silent for too long. */
  sweep(nowMs: number): void {
    this.relays.sweep(nowMs)
    this.#forgetGone()
  }

  /** `nextTicket` names a write, if one is needed before the answer; `written` follows it. */
  register(
    request: RelayRegistration,
    from: TunnelKey,
    observed: UdpEndpoint,
    nextTicket: () => number,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const { transaction } = request
    if ([...this.#waiting.values()].some(waiting => waiting.from === from)) return []
    const access = judgeAccess(this.#parts.access(), from)
    if (access === 'refused') return refusal(from, transaction, 'access-refused')
    if (access === 'allowed' || this.admitted.has(from)) return this.#welcome(from, observed, request, turn)
    if (this.#waiting.size >= CLAIMS_PENDING_MAX) return refusal(from, transaction, 'busy')
    const token =
      request.token === undefined ? undefined : this.#parts.tokens.reserve(request.token, turn.wallMs)
    if (token === undefined) return refusal(from, transaction, 'token-invalid')
    const ticket = nextTicket()
    this.#waiting.set(ticket, { from, observed, request, token })
    const entries = [
      [KEYS.relay(from), packData({ at: turn.wallMs })],
      [KEYS.token(token), undefined],
    ] as const
    return [{ kind: 'write', ticket, entries }]
  }

  /** Undefined: the write was not about a relay. */
  written(ticket: number, isWritten: boolean, turn: DcTurn): readonly DcOutput[] | undefined {
    const waiting = this.#waiting.get(ticket)
    if (waiting === undefined) return undefined
    this.#waiting.delete(ticket)
    const { from, observed, request, token } = waiting
    this.#parts.tokens.settle(token, isWritten)
    if (!isWritten) return refusal(from, request.transaction, 'failed')
    this.admitted.add(from)
    return this.#welcome(from, observed, request, turn)
  }

  /** A node says what it measured and hears of all relays. Returns what is worth keeping of it. */
  report(
    report: RelayReport,
    from: TunnelKey,
  ): { readonly measured: Rtts; readonly outputs: readonly DcOutput[] } {
    const { places, number } = this.relays
    const { transaction } = report
    // With the strings of the table, which all nodes share.
    const measured = places.flatMap(({ relay }) => {
      const said = report.measured.find(each => each.relay === relay)
      return said === undefined ? [] : [{ relay, rttMs: said.rttMs }]
    })
    const outputs = tell(from, { type: 'relay-list', transaction, relays: number, places })
    return { measured: measured.length === 0 ? undefined : measured, outputs }
  }

  /** Both sides of one new slot pair, at the relay that is best for the two. */
  grants(initiator: Holder, responder: Holder, turn: DcTurn): Grants {
    const place = this.relays.pick(initiator.measured, responder.measured, turn.nowMs)
    if (place === undefined) return { initiator: undefined, responder: undefined }
    const { relay, endpoints } = place
    const pair = freshHex(turn, SLOT_PAIR_BYTES)
    const { keys, relayBytesPerSecond: bytesPerSecond = DEFAULT_BYTES_PER_SECOND } = this.#parts
    const expires = turn.wallMs + RELAY_TICKET_LIFETIME_MS
    const grantTo = (side: 0 | 1, holder: TunnelKey): Uint8Array => {
      const says = { side, bytesPerSecond, pair, expires, relay, holder }
      return encodeRelayGrant({ ticket: signRelayTicket(says, keys.sign), endpoints })
    }
    return { initiator: grantTo(0, initiator.tunnelKey), responder: grantTo(1, responder.tunnelKey) }
  }

  #welcome(
    from: TunnelKey,
    observed: UdpEndpoint,
    request: RelayRegistration,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const { transaction, endpoints, keepAliveMs } = request
    const { nowMs } = turn
    const leaseMs = leaseOf(keepAliveMs)
    const isListed = this.#parts.access().allow.includes(from)
    if (!this.relays.makeRoomFor(from, isListed, nowMs)) return refusal(from, transaction, 'busy')
    this.#forgetGone()
    this.#proofs.claim(from, endpoints, isListed)
    const place = { relay: from, endpoints: this.#proofs.proved(from, nowMs) }
    this.relays.enter(place, nowMs + leaseMs, isListed, nowMs)
    const dcKey = this.#parts.keys.device
    const challenges = this.#proofs
      .toChallenge(from, nowMs)
      .map((endpoint): DcOutput => ({ kind: 'challenge', to: from, endpoint }))
    return [...tell(from, { type: 'relay-registered', transaction, dcKey, observed, leaseMs }), ...challenges]
  }

  /** What was claimed and proved by those who are not in the table any more. */
  #forgetGone(): void {
    this.#proofs.keep(new Set(this.relays.registered.map(({ relay }) => relay)))
  }
}

const refusal = (to: TunnelKey, transaction: string, code: SignallingError): readonly DcOutput[] =>
  tell(to, { type: 'error', transaction, code })
