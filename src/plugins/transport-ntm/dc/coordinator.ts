/**
 * The Direction Coordinator as a machine: messages in, with the key of the tunnel they came through and the
 * address it was seen at; answers and writes out. It has no socket, disk or clock of its own.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { encodeEndpoint, normalEndpoint } from '../../../wire/endpoint.ts'
import { decodeMessage } from '../signalling/codec.ts'
import { ANSWER_LIFETIME_MS } from '../signalling/limits.ts'
import {
  CAPABILITIES,
  type DirectionRequest,
  type KeepAlive,
  type Message,
  type MessageType,
  type NameRequest,
  type RegistrationRequest,
  type RelayReport,
  type SignallingError,
  type TransactionId,
} from '../signalling/messages.ts'
import { datagramsOf } from '../signalling/outputs.ts'
import { Assembler } from '../signalling/parts.ts'
import { AnswerCache } from '../signalling/transaction.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import { Authorisations } from './authorisations.ts'
import { Counters } from './counters.ts'
import { Directions, type Party, type Responder, type Telling } from './directions.ts'
import { KEYS } from './keys.ts'
import { ANSWERS_MAX_BYTES, CLAIMS_PENDING_MAX, SWEEP_MS } from './limits.ts'
import { type DcOutput, type DcTurn, type Entries, sendTo, tell } from './outputs.ts'
import { Recall } from './recall.ts'
import { type Grant, Registrar, type RegistrarParts } from './registrar.ts'
import { leaseOf, type Registration, Registrations } from './registrations.ts'
import { RelayDesk, type RelayDeskParts } from './relay-desk.ts'

/**
 * What an unknown node may ask; anything else from it is answered with nothing, being smaller than an error.
 */
const REQUESTS: readonly MessageType[] = [
  'keep-alive',
  'direction-request',
  'name-request',
  'authorisation-withdrawal',
  'relay-report',
]

/** A node that is answered once the disk has what the answer promises. */
type Waiting = {
  readonly from: TunnelKey
  readonly endpoint: UdpEndpoint
} & (
  | { readonly grant: Grant; readonly request: RegistrationRequest }
  | { readonly grant: undefined; readonly request: KeepAlive }
)

export type CoordinatorParts = RegistrarParts & RelayDeskParts

export class Coordinator {
  readonly counters = new Counters()
  readonly registrations = new Registrations()
  readonly recall = new Recall()
  readonly relayDesk: RelayDesk
  readonly #parts: CoordinatorParts
  readonly #registrar: Registrar
  readonly #authorisations = new Authorisations()
  readonly #directions: Directions
  readonly #assembler = new Assembler()
  readonly #answers = new AnswerCache(ANSWER_LIFETIME_MS, ANSWERS_MAX_BYTES)
  readonly #waiting = new Map<number, Waiting>()
  #tickets = 0
  #sweepMs = 0

  constructor(parts: CoordinatorParts) {
    this.#parts = parts
    this.#registrar = new Registrar(parts)
    this.relayDesk = new RelayDesk(parts)
    this.#directions = new Directions(this.#authorisations, this.relayDesk)
  }

  get directionsPending(): number {
    return this.#directions.size
  }

  /** When `woke` has something to do, monotonic ms. */
  get dueMs(): number {
    return Math.min(this.#sweepMs, this.#directions.dueMs ?? Infinity, this.recall.dueMs ?? Infinity)
  }

  /** One inner datagram. `bytes` is valid during the call only. */
  receive(from: TunnelKey, endpoint: UdpEndpoint, bytes: Uint8Array, turn: DcTurn): readonly DcOutput[] {
    const whole = this.#assembler.take(from, bytes, turn.nowMs)
    if (whole.ok && whole.value === undefined) return []
    const message = whole.ok ? decodeMessage(whole.value!) : whole
    const seenAt = normalEndpoint(endpoint)
    if (!message.ok || seenAt === undefined) {
      this.counters.drop(message.ok ? 'endpoint' : message.why)
      return []
    }
    this.counters.received[message.value.type] += 1
    return this.#count(this.#message(message.value, from, seenAt, turn))
  }

  /** A write has been synced, or has failed. */
  written(ticket: number, isWritten: boolean, turn: DcTurn): readonly DcOutput[] {
    const ofRelay = this.relayDesk.written(ticket, isWritten, turn)
    if (ofRelay !== undefined) return this.#count(ofRelay)
    const waiting = this.#waiting.get(ticket)
    if (waiting === undefined) return []
    this.#waiting.delete(ticket)
    if (waiting.grant !== undefined) this.#registrar.settle(waiting.grant, isWritten)
    return this.#count(this.#answer(waiting, isWritten, turn))
  }

  woke(turn: DcTurn): readonly DcOutput[] {
    const outputs = [...this.#tell(this.#directions.woke(turn.nowMs), turn), ...this.recall.woke(turn)]
    if (this.#sweepMs <= turn.nowMs) {
      this.#sweepMs = turn.nowMs + SWEEP_MS
      outputs.push(...this.drop(this.registrations.sweep(turn.nowMs)))
      this.relayDesk.sweep(turn.nowMs)
    }
    return this.#count(outputs)
  }

  /** Forgets devices: the operator says so, or they have been silent too long. */
  drop(tunnelKeys: readonly TunnelKey[]): readonly DcOutput[] {
    return tunnelKeys.map(tunnelKey => {
      this.registrations.drop(tunnelKey)
      return { kind: 'put', key: KEYS.endpoint(tunnelKey), value: undefined }
    })
  }

  #message(message: Message, from: TunnelKey, endpoint: UdpEndpoint, turn: DcTurn): readonly DcOutput[] {
    if (message.type === 'registration-request') return this.#register(message, from, endpoint, turn)
    if (message.type === 'relay-registration')
      return this.relayDesk.register(message, from, endpoint, () => this.#nextTicket(), turn)
    const registration = this.registrations.find(from)
    if (registration === undefined) {
      const isRequest = REQUESTS.includes(message.type)
      return isRequest ? this.#refuse(from, message.transaction, 'unknown-registration') : []
    }
    if (message.type === 'keep-alive') return this.#keepAlive(message, registration, endpoint, turn)
    if (message.type === 'authorisation-withdrawal') {
      this.#authorisations.withdraw(registration.person, message.person)
      return tell(from, { type: 'authorisation-withdrawn', transaction: message.transaction })
    }
    if (message.type === 'route-direction-confirmation')
      return this.#tell(this.#directions.confirm(from, told(registration), message), turn)
    if (message.type === 'relay-report') return this.#report(message, registration, turn)
    if (message.type !== 'direction-request' && message.type !== 'name-request') return []
    return this.#asked(message, registration, turn)
  }

  #report(message: RelayReport, registration: Registration, turn: DcTurn): readonly DcOutput[] {
    const from = registration.tunnelKey
    if (!this.registrations.allows(registration, turn.nowMs))
      return this.#refuse(from, message.transaction, 'busy')
    const { measured, outputs } = this.relayDesk.report(message, from)
    registration.measured = measured
    return outputs
  }

  #asked(
    message: DirectionRequest | NameRequest,
    registration: Registration,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const from = registration.tunnelKey
    const said = this.#answers.find(`${from}/${message.transaction}`, turn.nowMs)
    if (said !== undefined) return sendTo(from, said)
    if (!this.registrations.allows(registration, turn.nowMs))
      return this.#refuse(from, message.transaction, 'busy')
    const held = this.#parts.names.held(message.name)
    if (held === undefined) return this.#refuse(from, message.transaction, 'unknown-name')
    if (message.type === 'name-request')
      return tell(from, { type: 'name-response', transaction: message.transaction, record: held.bytes })
    const responder = this.#responder(message, from, held)
    return this.#tell(this.#directions.begin(this.#party(registration), message, responder, turn), turn)
  }

  /** A member's record is the one countersigned last, a guest's its own. */
  #party(registration: Registration): Party {
    const { tunnelKey, person, name, guestRecord, measured } = registration
    const record = guestRecord ?? this.#parts.names.held(name)?.bytes ?? new Uint8Array()
    return { tunnelKey, person, record, endpoint: told(registration), measured }
  }

  /** The device asked for, or the one of that name registered last; never the asker itself. */
  #responder(
    { name, device }: DirectionRequest,
    asker: TunnelKey,
    held: { readonly person: Party['person'] },
  ): Responder {
    const here = this.registrations.under(name).filter(key => key !== asker)
    const chosen = device === undefined ? here[0] : here.find(key => key === device)
    const registration = chosen === undefined ? undefined : this.registrations.find(chosen)
    return registration === undefined
      ? { person: held.person, tunnelKey: undefined }
      : this.#party(registration)
  }

  #keepAlive(
    request: KeepAlive,
    registration: Registration,
    endpoint: UdpEndpoint,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const from = registration.tunnelKey
    registration.expiresMs = turn.nowMs + leaseOf(request.keepAliveMs)
    const isGuest = registration.guestRecord !== undefined
    return this.#whenKept({ grant: undefined, request, from, endpoint }, isGuest, turn)
  }

  #register(
    request: RegistrationRequest,
    from: TunnelKey,
    endpoint: UdpEndpoint,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const claim = this.#registrar.claim(request, from, endpoint, turn)
    if (!claim.ok) {
      if (claim.why === 'waiting') return []
      return this.#refuse(from, request.transaction, claim.why)
    }
    return this.#whenKept({ grant: claim.value, request, from, endpoint }, request.isGuest, turn)
  }

  /**
   * Answers once everything is on the disk that must be known after a crash: what was granted, and where the node
   * is, so that it can be called back.
   */
  #whenKept(waiting: Waiting, isGuest: boolean, turn: DcTurn): readonly DcOutput[] {
    const { grant, from, endpoint } = waiting
    const place = isGuest || this.#isPlaceKept(from, endpoint) ? [] : placeEntries(from, endpoint)
    const entries = [...(grant?.entries ?? []), ...place]
    if (entries.length === 0) return this.#answer(waiting, true, turn)
    if (this.#waiting.size >= CLAIMS_PENDING_MAX) {
      if (grant !== undefined) this.#registrar.settle(grant, false)
      return this.#refuse(from, waiting.request.transaction, 'busy')
    }
    const ticket = this.#nextTicket()
    this.#waiting.set(ticket, waiting)
    return [{ kind: 'write', ticket, entries }]
  }

  #nextTicket(): number {
    this.#tickets += 1
    return this.#tickets
  }

  #isPlaceKept(from: TunnelKey, endpoint: UdpEndpoint): boolean {
    const kept = this.registrations.find(from)?.endpoint ?? this.recall.endpointOf(from)
    return kept !== undefined && sameEndpoint(kept, endpoint)
  }

  /** A grant stands on the disk or not at all; where a node is, the coordinator knows even if its disk is full. */
  #answer(waiting: Waiting, isWritten: boolean, turn: DcTurn): readonly DcOutput[] {
    const { grant, from, endpoint } = waiting
    const { transaction } = waiting.request
    if (grant === undefined) {
      const registration = this.registrations.find(from)
      if (registration !== undefined) registration.endpoint = endpoint
      return tell(from, {
        type: 'keep-alive-ack',
        transaction,
        observed: endpoint,
        relays: this.relayDesk.relays.number,
      })
    }
    if (isWritten || grant.entries.length === 0) return this.#welcome(grant, waiting, turn)
    return this.#refuse(from, transaction, 'failed')
  }

  #welcome(
    grant: Grant,
    {
      request,
      from,
      endpoint,
    }: Pick<Waiting & { request: RegistrationRequest }, 'request' | 'from' | 'endpoint'>,
    turn: DcTurn,
  ): readonly DcOutput[] {
    const { record, virtualIpv4, countersignature } = grant
    const { transaction, keepAliveMs, isGuest, capabilities } = request
    const leaseMs = leaseOf(keepAliveMs)
    const isEntered = this.registrations.enter({
      tunnelKey: from,
      name: record.name,
      person: record.person,
      guestRecord: isGuest ? record.bytes : undefined,
      endpoint,
      expiresMs: turn.nowMs + leaseMs,
      isRelayOnly: (capabilities & CAPABILITIES.relayOnly) !== 0,
      measured: this.registrations.find(from)?.measured,
      budget: undefined,
    })
    if (!isEntered) return this.#refuse(from, transaction, 'busy')
    this.recall.settle(from)
    const isListed = (key: TunnelKey) => record.devices.some(({ tunnelKey }) => tunnelKey === key)
    const unlisted = this.registrations.under(record.name).filter(key => !isListed(key))
    const dcKey = this.#parts.keys.device
    const response = { transaction, virtualIpv4, observed: endpoint, dcKey, countersignature, leaseMs }
    const { number: relays } = this.relayDesk.relays
    const welcome = tell(from, { type: 'registration-response', ...response, capabilities: 0, relays })
    if (isGuest) return welcome
    const arrived = this.#directions.arrived(record.name, this.#party(this.registrations.find(from)!), turn)
    return [...welcome, ...this.drop(unlisted), ...this.#tell(arrived, turn)]
  }

  #refuse(to: TunnelKey, transaction: TransactionId, code: SignallingError): readonly DcOutput[] {
    return sendTo(to, datagramsOf({ type: 'error', transaction, code }))
  }

  #tell(tellings: readonly Telling[], turn: DcTurn): readonly DcOutput[] {
    return tellings.flatMap(({ to, datagrams, answers }) => {
      if (answers !== undefined) this.#answers.remember(`${to}/${answers}`, datagrams, turn.nowMs)
      return sendTo(to, datagrams)
    })
  }

  #count(outputs: readonly DcOutput[]): readonly DcOutput[] {
    for (const output of outputs) if (output.kind === 'send') this.counters.sent += 1
    return outputs
  }
}

/** Where a node is, if others may know it. */
const told = ({ isRelayOnly, endpoint }: Registration): UdpEndpoint | undefined =>
  isRelayOnly ? undefined : endpoint

function placeEntries(tunnelKey: TunnelKey, endpoint: UdpEndpoint): Entries {
  const encoded = encodeEndpoint(endpoint)
  return encoded.ok ? [[KEYS.endpoint(tunnelKey), encoded.value]] : []
}
