/**
 * Directing two nodes to each other. The responder hears first and decides; only then is the initiator told,
 * or at once if the responder authorised that person before. To a stranger, a responder that refuses and one
 * that is not there look alike: the same bytes, after the same time (SPEC.md §6.2).
 */
import type { PersonId, TunnelKey } from '../../../events/ids.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { REQUEST_TRIES } from '../signalling/limits.ts'
import type {
  DirectionRequest,
  Message,
  RouteDirectionConfirmation,
  TransactionId,
} from '../signalling/messages.ts'
import { datagramsOf } from '../signalling/outputs.ts'
import { freshTransaction, patienceMs } from '../signalling/transaction.ts'
import { Deadlines, type Waiter } from '../tunnel/deadlines.ts'
import type { Authorisations } from './authorisations.ts'
import { DIRECTION_DEADLINE_MS, DIRECTIONS_PENDING_MAX, DIRECTIONS_PENDING_PER_NODE } from './limits.ts'
import type { DcTurn } from './outputs.ts'
import type { Grants, Holder, RelayDesk } from './relay-desk.ts'

/** One side: a device that is registered, or for the responder perhaps none (`tunnelKey` undefined). */
export interface Party extends Holder {
  readonly person: PersonId
  readonly record: Uint8Array
  /** Undefined: nobody may be told. */
  readonly endpoint: UdpEndpoint | undefined
}
export type Responder = Party | (Pick<Party, 'person'> & { readonly tunnelKey: undefined })

/** Something to tell. `answers` names the initiator's transaction, so that the answer is remembered. */
export interface Telling {
  readonly to: TunnelKey
  readonly datagrams: readonly Uint8Array[]
  readonly answers: TransactionId | undefined
}

interface Pending extends Waiter {
  readonly key: string
  readonly initiator: Party
  readonly request: DirectionRequest
  readonly responder: Responder
  /** The coordinator's own transaction with the responder. */
  readonly question: TransactionId
  readonly datagrams: readonly Uint8Array[]
  readonly deadlineMs: number
  readonly isToldAtOnce: boolean
  readonly grants: Grants
  tries: number
  isRefused: boolean
}

const NO_GRANTS: Grants = { initiator: undefined, responder: undefined }

const pendingKey = (initiator: TunnelKey, transaction: TransactionId): string => `${initiator}/${transaction}`

const answer = (to: TunnelKey, message: Message): Telling => ({
  to,
  datagrams: datagramsOf(message),
  answers: message.transaction,
})

const routeToInitiator = (
  { initiator, request, grants }: Pick<Pending, 'initiator' | 'request' | 'grants'>,
  responder: Party,
  candidates: Uint8Array | undefined,
): Telling =>
  answer(initiator.tunnelKey, {
    type: 'route-direction',
    transaction: request.transaction,
    role: 'initiator',
    record: responder.record,
    device: responder.tunnelKey,
    observed: responder.endpoint,
    candidates,
    relay: grants.initiator,
  })

export class Directions {
  readonly #authorisations: Authorisations
  readonly #relays: Pick<RelayDesk, 'grants'>
  readonly #byKey = new Map<string, Pending>()
  readonly #byQuestion = new Map<TransactionId, Pending>()
  /** By the name that they ask for. */
  readonly #sought = new Map<string, Set<Pending>>()
  readonly #perInitiator = new Map<TunnelKey, number>()
  readonly #deadlines = new Deadlines<Pending>()

  constructor(authorisations: Authorisations, relays: Pick<RelayDesk, 'grants'>) {
    this.#authorisations = authorisations
    this.#relays = relays
  }

  get size(): number {
    return this.#byKey.size
  }

  get dueMs(): number | undefined {
    return this.#deadlines.next
  }

  /** A request that is not being served yet. */
  begin(initiator: Party, request: DirectionRequest, responder: Responder, turn: DcTurn): readonly Telling[] {
    const { transaction } = request
    const key = pendingKey(initiator.tunnelKey, transaction)
    if (this.#byKey.has(key)) return []
    const ofInitiator = this.#perInitiator.get(initiator.tunnelKey) ?? 0
    if (this.#byKey.size >= DIRECTIONS_PENDING_MAX || ofInitiator >= DIRECTIONS_PENDING_PER_NODE)
      return [answer(initiator.tunnelKey, { type: 'error', transaction, code: 'busy' })]
    return this.#open({ key, initiator, request }, responder, turn, turn.nowMs + DIRECTION_DEADLINE_MS)
  }

  /**
   * Somebody has come under this name who was sought while away, or was asked where nobody is any more: the question is
   * put now.
   */
  arrived(name: string, responder: Party, turn: DcTurn): readonly Telling[] {
    const { tunnelKey, person } = responder
    const isMeant = ({ initiator, request: { device }, responder: sought, isRefused }: Pending): boolean =>
      sought.person === person &&
      initiator.tunnelKey !== tunnelKey &&
      !isRefused &&
      (sought.tunnelKey === undefined
        ? device === undefined || device === tunnelKey
        : sought.tunnelKey === tunnelKey)
    return [...(this.#sought.get(name) ?? [])].filter(isMeant).flatMap(pending => {
      if (pending.responder.tunnelKey !== undefined) return this.#again(pending, tunnelKey)
      this.#leave(pending)
      return this.#open(pending, responder, turn, pending.deadlineMs)
    })
  }

  /** `deadlineMs`: whoever comes late and refuses looks like who never came. */
  #open(
    { key, initiator, request }: Pick<Pending, 'key' | 'initiator' | 'request'>,
    responder: Responder,
    turn: DcTurn,
    deadlineMs: number,
  ): readonly Telling[] {
    const isAuthorised = this.#authorisations.has(responder.person, initiator.person)
    const isHere = responder.tunnelKey !== undefined
    const question = freshTransaction(turn)
    const grants = isHere ? this.#relays.grants(initiator, responder, turn) : NO_GRANTS
    const datagrams = isHere ? this.#questionTo(initiator, request, question, grants) : []
    const pending: Pending = {
      ...{ key, initiator, request, responder, question, datagrams, deadlineMs },
      isToldAtOnce: isAuthorised && isHere,
      grants,
      tries: 1,
      isRefused: false,
      wakeAt: 0,
      heapIndex: -1,
    }
    this.#enter(pending, turn.nowMs)
    if (!isHere) return []
    const asked: Telling = { to: responder.tunnelKey, datagrams, answers: undefined }
    return isAuthorised ? [asked, routeToInitiator(pending, responder, undefined)] : [asked]
  }

  /** The responder's word. `endpoint` is where it is seen now, undefined if nobody may be told. */
  confirm(
    from: TunnelKey,
    endpoint: UdpEndpoint | undefined,
    confirmation: RouteDirectionConfirmation,
  ): readonly Telling[] {
    const pending = this.#byQuestion.get(confirmation.transaction)
    const responder = pending?.responder
    if (pending === undefined || responder?.tunnelKey !== from || pending.isRefused) return []
    const { accepts, authorises, candidates, relayOnly } = confirmation
    if (accepts && authorises) this.#authorisations.allow(responder.person, pending.initiator.person)
    else this.#authorisations.withdraw(responder.person, pending.initiator.person)
    if (!accepts) {
      pending.isRefused = true
      return []
    }
    this.#leave(pending)
    if (pending.isToldAtOnce && candidates === undefined) return []
    return [
      routeToInitiator(pending, { ...responder, endpoint: relayOnly ? undefined : endpoint }, candidates),
    ]
  }

  /** What is due: questions repeated, and the silence of a responder told to the initiator. */
  woke(nowMs: number): readonly Telling[] {
    const tellings: Telling[] = []
    for (let pending = this.#deadlines.takeDue(nowMs); pending; pending = this.#deadlines.takeDue(nowMs)) {
      if (nowMs >= pending.deadlineMs) {
        this.#leave(pending)
        if (!pending.isToldAtOnce)
          tellings.push(this.#unreachable(pending.initiator.tunnelKey, pending.request.transaction))
        continue
      }
      const { responder, isRefused } = pending
      if (!isRefused && responder.tunnelKey !== undefined)
        tellings.push(...this.#again(pending, responder.tunnelKey))
      this.#schedule(pending, nowMs)
    }
    return tellings
  }

  /** Once more, but not for ever: whoever registers in a loop is not told more for that. */
  #again(pending: Pending, to: TunnelKey): readonly Telling[] {
    if (pending.tries >= REQUEST_TRIES) return []
    pending.tries += 1
    return [{ to, datagrams: pending.datagrams, answers: undefined }]
  }

  #questionTo(
    initiator: Party,
    request: DirectionRequest,
    question: TransactionId,
    grants: Grants,
  ): readonly Uint8Array[] {
    return datagramsOf({
      type: 'route-direction',
      transaction: question,
      role: 'responder',
      record: initiator.record,
      device: initiator.tunnelKey,
      observed: request.relayOnly ? undefined : initiator.endpoint,
      candidates: request.candidates,
      relay: grants.responder,
    })
  }

  #unreachable(initiator: TunnelKey, transaction: TransactionId): Telling {
    return answer(initiator, { type: 'error', transaction, code: 'unreachable' })
  }

  #enter(pending: Pending, nowMs: number): void {
    this.#byKey.set(pending.key, pending)
    this.#byQuestion.set(pending.question, pending)
    const { tunnelKey } = pending.initiator
    this.#perInitiator.set(tunnelKey, (this.#perInitiator.get(tunnelKey) ?? 0) + 1)
    const { name } = pending.request
    this.#sought.set(name, (this.#sought.get(name) ?? new Set()).add(pending))
    this.#schedule(pending, nowMs)
  }

  #schedule(pending: Pending, nowMs: number): void {
    this.#deadlines.wakeBy(pending, Math.min(nowMs + patienceMs(pending.tries), pending.deadlineMs))
  }

  #leave(pending: Pending): void {
    this.#byKey.delete(pending.key)
    this.#byQuestion.delete(pending.question)
    this.#deadlines.remove(pending)
    const { tunnelKey } = pending.initiator
    const left = (this.#perInitiator.get(tunnelKey) ?? 1) - 1
    if (left === 0) this.#perInitiator.delete(tunnelKey)
    else this.#perInitiator.set(tunnelKey, left)
    const { name } = pending.request
    const seekers = this.#sought.get(name)
    seekers?.delete(pending)
    if (seekers?.size === 0) this.#sought.delete(name)
  }
}
