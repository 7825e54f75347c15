/**
 * The node's part in being directed to others. As initiator it asks the coordinator for the way to a name; as
 * responder it is asked first, decides whether the requester may know its addresses, and learns the
 * requester's in the same message, so that both begin to open the path (SPEC.md §6.2).
 */
import type { DeviceId, Millis, PersonId, TunnelKey } from '../../../events/ids.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import {
  readNameRecord,
  type SignedNameRecord,
  verifyCountersignature,
  verifyNameRecord,
} from '../../../wire/name-record.ts'
import type { Candidate, CandidateSealer } from './candidates.ts'
import {
  ANSWER_LIFETIME_MS,
  NODE_ANSWERS_MAX_BYTES,
  REQUESTS_MAX,
  WITHDRAWALS_AT_ONCE,
  WITHDRAWALS_MAX,
} from './limits.ts'
import type { Message, RouteDirection, TransactionId } from './messages.ts'
import {
  type Directed,
  datagramsOf,
  type NodeOutput,
  type RequestFailure,
  sendAll,
  wakeAt,
} from './outputs.ts'
import { AnswerCache, freshTransaction, Requests } from './transaction.ts'

/** `accept`: now, and at once the next time; `accept-once`: ask again next time. */
export type Decision = 'accept' | 'accept-once' | 'refuse'

export interface DirectionEnvironment {
  readonly sealer: CandidateSealer
  /** This node's own addresses, as far as it wants peers to know them. */
  candidates(): readonly Candidate[]
  /** May this person, proven by the record, learn where this node is? */
  decide(requester: SignedNameRecord): Decision
  /** The coordinator's identity, once known: records that it directs to must bear its signature. */
  dcKey(): DeviceId | undefined
  /** Peers may not learn where this node is: only relays lead to it. */
  readonly relayOnly: boolean
  /** The date: records expire by it. */
  wallMs(): Millis
}

export type DirectionInput =
  /** `device` once it is known: then own candidates can be sealed to it. */
  | { readonly kind: 'direct'; readonly name: string; readonly device: TunnelKey | undefined }
  /** This person is not welcome any more. */
  | { readonly kind: 'withdraw'; readonly person: PersonId }
  /** The node has just registered: withdrawals that never got through are sent again. */
  | { readonly kind: 'registered' }
  | { readonly kind: 'received'; readonly message: Message }
  | { readonly kind: 'woke' }

interface Wanted {
  readonly name: string
  readonly device: TunnelKey | undefined
}
type Purpose = { readonly wanted: Wanted } | { readonly withdraw: PersonId }

export class Direction {
  readonly #environment: DirectionEnvironment
  readonly #requests = new Requests<Purpose>()
  /** What is being asked for: nothing is asked for twice at a time. */
  readonly #asked = new Set<string>()
  /** Answered lately: the coordinator may add the peer's candidates to what it said at once. */
  readonly #answered = new Map<TransactionId, Wanted>()
  /** Persons who are not welcome any more and of whom the coordinator has not confirmed it. */
  readonly #withdrawals = new Set<PersonId>()
  /** Those of them that it is being told of. */
  readonly #withdrawing = new Set<PersonId>()
  readonly #confirmations = new AnswerCache(ANSWER_LIFETIME_MS, NODE_ANSWERS_MAX_BYTES)

  constructor(environment: DirectionEnvironment) {
    this.#environment = environment
  }

  step(input: DirectionInput, turn: Turn): readonly NodeOutput[] {
    const outputs = this.#take(input, turn)
    return [...outputs, wakeAt('directions', this.#requests.dueMs, turn.nowMs)]
  }

  #take(input: DirectionInput, turn: Turn): NodeOutput[] {
    if (input.kind === 'direct') return this.#direct({ name: input.name, device: input.device }, turn)
    if (input.kind === 'withdraw') return this.#withdraw(input.person, turn)
    if (input.kind === 'registered') return this.#tellWithdrawals(turn)
    return input.kind === 'received' ? this.#received(input.message, turn) : this.#woke(turn)
  }

  #ask(message: Message, purpose: Purpose, turn: Turn): NodeOutput[] {
    const datagrams = datagramsOf(message)
    this.#requests.begin(message.transaction, datagrams, purpose, turn.nowMs)
    return sendAll(datagrams)
  }

  #direct(wanted: Wanted, turn: Turn): NodeOutput[] {
    if (this.#asked.has(keyOf(wanted))) return []
    if (this.#requests.size >= REQUESTS_MAX) return [{ kind: 'failed', ...wanted, why: 'busy' }]
    this.#asked.add(keyOf(wanted))
    const transaction = freshTransaction(turn)
    const candidates = wanted.device === undefined ? undefined : this.#sealedTo(wanted.device)
    const { relayOnly } = this.#environment
    const request = { type: 'direction-request', transaction, ...wanted, candidates, relayOnly } as const
    return this.#ask(request, { wanted }, turn)
  }

  #withdraw(person: PersonId, turn: Turn): NodeOutput[] {
    if (this.#withdrawals.size < WITHDRAWALS_MAX) this.#withdrawals.add(person)
    return this.#tellWithdrawals(turn)
  }

  #tellWithdrawals(turn: Turn): NodeOutput[] {
    const outputs: NodeOutput[] = []
    for (const person of this.#withdrawals) {
      if (this.#withdrawing.size >= WITHDRAWALS_AT_ONCE) break
      if (this.#withdrawing.has(person)) continue
      this.#withdrawing.add(person)
      const transaction = freshTransaction(turn)
      const message = { type: 'authorisation-withdrawal', transaction, person } as const
      outputs.push(...this.#ask(message, { withdraw: person }, turn))
    }
    return outputs
  }

  #withdrawn(person: PersonId, turn: Turn): NodeOutput[] {
    this.#withdrawals.delete(person)
    this.#withdrawing.delete(person)
    return [{ kind: 'withdrawn', person }, ...this.#tellWithdrawals(turn)]
  }

  #sealedTo(device: TunnelKey): Uint8Array | undefined {
    const { sealer, relayOnly } = this.#environment
    return relayOnly ? undefined : sealer.seal(device, this.#environment.candidates())
  }

  #received(message: Message, turn: Turn): NodeOutput[] {
    if (message.type === 'route-direction')
      return message.role === 'responder' ? this.#asResponder(message, turn) : this.#asInitiator(message)
    const purpose = this.#requests.about(message.transaction)
    if (purpose === undefined) return []
    if (message.type === 'authorisation-withdrawn' && 'withdraw' in purpose) {
      this.#requests.settle(message.transaction)
      return this.#withdrawn(purpose.withdraw, turn)
    }
    if (message.type !== 'error' || !('wanted' in purpose)) return []
    // The node registers at once, and the request is repeated by its own timer.
    if (message.code === 'unknown-registration') return []
    this.#requests.settle(message.transaction)
    return this.#fail(purpose.wanted, message.code)
  }

  #fail(wanted: Wanted, why: RequestFailure): NodeOutput[] {
    this.#asked.delete(keyOf(wanted))
    return [{ kind: 'failed', ...wanted, why }]
  }

  #asInitiator(message: RouteDirection): NodeOutput[] {
    const { transaction } = message
    const purpose = this.#requests.about(transaction)
    const asked = purpose !== undefined && 'wanted' in purpose ? purpose.wanted : undefined
    const wanted = asked ?? this.#answered.get(transaction)
    if (wanted === undefined) return [{ kind: 'dropped', why: 'direction-unasked' }]
    this.#requests.settle(transaction)
    this.#asked.delete(keyOf(wanted))
    const directed = this.#readDirection(message)
    if (!directed.ok || !isWanted(wanted, directed.value) || !this.#isCountersigned(directed.value.record)) {
      const isExpired = !directed.ok && directed.why === 'record-expired'
      return asked === undefined ? [] : this.#fail(wanted, isExpired ? 'record-expired' : 'record-invalid')
    }
    this.#answered.delete(transaction)
    // A second answer is worth passing on only for the candidates that the first did not have.
    if (directed.value.candidates.length === 0) this.#rememberAnswered(transaction, wanted)
    if (asked === undefined && directed.value.candidates.length === 0) return []
    return [{ kind: 'directed', directed: directed.value }]
  }

  #rememberAnswered(transaction: TransactionId, wanted: Wanted): void {
    this.#answered.set(transaction, wanted)
    if (this.#answered.size <= REQUESTS_MAX) return
    const [oldest] = this.#answered.keys()
    this.#answered.delete(oldest!)
  }

  #isCountersigned(record: SignedNameRecord): boolean {
    const dcKey = this.#environment.dcKey()
    return dcKey === undefined || verifyCountersignature(record, dcKey).ok
  }

  #asResponder(message: RouteDirection, turn: Turn): NodeOutput[] {
    const { transaction } = message
    const said = this.#confirmations.find(transaction, turn.nowMs)
    if (said !== undefined) return sendAll(said)
    const directed = this.#readDirection(message)
    const decision = directed.ok ? this.#environment.decide(directed.value.record) : 'refuse'
    const accepts = decision !== 'refuse'
    const datagrams = datagramsOf({
      type: 'route-direction-confirmation',
      transaction,
      accepts,
      authorises: decision === 'accept',
      candidates: accepts ? this.#sealedTo(message.device) : undefined,
      relayOnly: this.#environment.relayOnly,
    })
    this.#confirmations.remember(transaction, datagrams, turn.nowMs)
    const learned: NodeOutput[] =
      directed.ok && accepts ? [{ kind: 'directed', directed: directed.value }] : []
    const dropped: NodeOutput[] = directed.ok ? [] : [{ kind: 'dropped', why: directed.why }]
    return [...sendAll(datagrams), ...learned, ...dropped]
  }

  /** What a direction says, if its record holds and names the device. Unreadable candidates count as none. */
  #readDirection(message: RouteDirection): Result<Directed, 'direction-record' | 'record-expired'> {
    const { role, device, observed, relay } = message
    const record = readNameRecord(message.record)
    if (!record.ok) return refuse('direction-record')
    if (record.value.expires <= this.#environment.wallMs()) return refuse('record-expired')
    if (!verifyNameRecord(record.value).ok) return refuse('direction-record')
    if (!record.value.devices.some(({ tunnelKey }) => tunnelKey === device)) return refuse('direction-record')
    const opened =
      message.candidates === undefined ? undefined : this.#environment.sealer.open(device, message.candidates)
    const candidates = opened?.ok ? opened.value : []
    return ok({ role, record: record.value, device, observed, candidates, relay })
  }

  #woke(turn: Turn): NodeOutput[] {
    const outputs: NodeOutput[] = []
    for (let lapse = this.#requests.lapse(turn.nowMs); lapse; lapse = this.#requests.lapse(turn.nowMs)) {
      if (lapse.kind === 'again') outputs.push(...sendAll(lapse.datagrams))
      else if ('wanted' in lapse.about) outputs.push(...this.#fail(lapse.about.wanted, 'timeout'))
      else this.#withdrawing.delete(lapse.about.withdraw)
    }
    return outputs
  }
}

const keyOf = ({ name, device }: Wanted): string => `${name}/${device ?? ''}`

const isWanted = ({ name, device }: Wanted, directed: Directed): boolean =>
  directed.record.name === name && (device === undefined || directed.device === device)
