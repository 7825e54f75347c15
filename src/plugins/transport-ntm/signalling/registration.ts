/**
 * Keeps one node registered at one coordinator: registers, stays in touch at a pace that adapts, and
 * registers again as soon as anything shows that the coordinator has forgotten it. Everything else of the
 * node works without a coordinator, so its absence is a state here and never an error.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { readNameRecord, verifyCountersignature, withCountersignature } from '../../../wire/name-record.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import { FIRST_PACE, nextPace } from './keepalive.ts'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS, REFUSED_RETRY_MS, RENEW_AT_TRY } from './limits.ts'
import type { Message, RegistrationResponse, SignallingError } from './messages.ts'
import {
  type DcState,
  datagramsOf,
  type NodeOutput,
  type Registered,
  type RequestFailure,
  sendAll,
  wakeAt,
} from './outputs.ts'
import { freshTransaction, type Lapse, Requests } from './transaction.ts'

/** What a node asks to be registered with. */
export interface Claim {
  /** Signed name record. */
  readonly record: Uint8Array
  readonly token: string | undefined
  /** At a coordinator of another domain: to ask for directions only. */
  readonly isGuest: boolean
  /** The identity that the coordinator showed before; it must be the same (SPEC.md §5). */
  readonly pinned?: DeviceId | undefined
}

export type RegistrationInput =
  /** Also when there is a newer record: registers at once. */
  | { readonly kind: 'start'; readonly claim: Claim }
  | { readonly kind: 'stop' }
  | { readonly kind: 'received'; readonly message: Message }
  /** The coordinator answered some other request with `unknown-registration`. */
  | { readonly kind: 'forgotten' }
  /** It is to be seen elsewhere from now on: this host has moved, or what it sends goes through TCP, or by UDP again. */
  | { readonly kind: 'rerouted' }
  /** Nothing is known to have changed here: asks at once where it is seen. */
  | { readonly kind: 'ask' }
  | { readonly kind: 'woke' }

/** Of the time between two keepalives. */
const TELLING_SHARE = 0.5

type Purpose = 'register' | 'keep-alive'

/** Refusals that the same request will meet again. */
const LASTING: readonly SignallingError[] = [
  'record-refused',
  'name-taken',
  'name-foreign',
  'token-invalid',
  'access-refused',
]

/** The countersigned record, or undefined if the coordinator's signature is not over what was asked. */
function countersigned(claim: Claim, response: RegistrationResponse): Uint8Array | undefined {
  if (claim.isGuest) return claim.record
  const asked = readNameRecord(claim.record)
  if (!asked.ok || response.countersignature === undefined) return undefined
  const by = { dcKey: response.dcKey, signature: response.countersignature }
  const signed = { ...asked.value, countersignature: by }
  return verifyCountersignature(signed, by.dcKey).ok ? withCountersignature(asked.value, by) : undefined
}

export class Registration {
  readonly #requests = new Requests<Purpose>()
  readonly #capabilities: number
  #claim: Claim | undefined
  #state: DcState = 'down'
  #pace = FIRST_PACE
  #backoffMs = BACKOFF_MIN_MS
  /** The next keepalive or attempt to register. */
  #nextMs: number | undefined
  #observed: UdpEndpoint | undefined
  #isRerouted = false
  /** When it was last answered, and silent from then on. */
  #silentFromMs = 0
  #isRefused = false

  constructor(capabilities = 0) {
    this.#capabilities = capabilities
  }

  get state(): DcState {
    return this.#state
  }

  get keepAliveMs(): number {
    return this.#pace.intervalMs
  }

  step(input: RegistrationInput, turn: Turn): readonly NodeOutput[] {
    const outputs = this.#take(input, turn)
    const dues = [this.#requests.dueMs, this.#nextMs].filter(due => due !== undefined)
    return [...outputs, wakeAt('registration', dues.length === 0 ? undefined : Math.min(...dues), turn.nowMs)]
  }

  #take(input: RegistrationInput, turn: Turn): NodeOutput[] {
    if (input.kind === 'start') {
      this.#claim = input.claim
      this.#backoffMs = BACKOFF_MIN_MS
      return [...this.#become(this.#state === 'up' ? 'up' : 'registering'), ...this.#register(turn)]
    }
    if (this.#claim === undefined) return []
    if (input.kind === 'stop') return this.#stop()
    if (input.kind === 'received') return this.#received(input.message, turn)
    if (input.kind === 'forgotten') return this.#again(turn)
    if (input.kind === 'rerouted') return this.#rerouted(turn)
    if (input.kind === 'ask') return this.#askNow(turn)
    return this.#woke(turn)
  }

  #stop(): NodeOutput[] {
    this.#claim = undefined
    this.#requests.clear()
    this.#nextMs = undefined
    return this.#become('down')
  }

  #become(state: DcState): NodeOutput[] {
    if (state === this.#state) return []
    this.#state = state
    // What it saw is of the past, and said anew when it is back.
    if (state === 'down') this.#observed = undefined
    return [{ kind: 'state', state }]
  }

  #ask(purpose: Purpose, message: Message, turn: Turn): NodeOutput[] {
    const datagrams = datagramsOf(message)
    this.#requests.clear()
    this.#requests.begin(message.transaction, datagrams, purpose, turn.nowMs)
    this.#nextMs = undefined
    return sendAll(datagrams)
  }

  #register(turn: Turn): NodeOutput[] {
    this.#isRefused = false
    const { keepAliveMs } = this
    const transaction = freshTransaction(turn)
    const request = { ...this.#claim!, transaction, keepAliveMs, capabilities: this.#capabilities }
    return this.#ask('register', { type: 'registration-request', ...request }, turn)
  }

  #keepAlive(turn: Turn): NodeOutput[] {
    const { keepAliveMs } = this
    return this.#ask(
      'keep-alive',
      { type: 'keep-alive', transaction: freshTransaction(turn), keepAliveMs },
      turn,
    )
  }

  /** Registers at once, unless that is being done already or was refused for a reason that lasts. */
  #again(turn: Turn): NodeOutput[] {
    if (this.#isRefused || this.#requests.has('register')) return []
    return [...this.#become('registering'), ...this.#register(turn)]
  }

  #rerouted(turn: Turn): NodeOutput[] {
    this.#isRerouted = true
    this.#backoffMs = BACKOFF_MIN_MS
    return this.#state === 'up' ? this.#keepAlive(turn) : this.#register(turn)
  }

  /** A coordinator that is away gets one attempt out of turn, and the pauses go on as they were. */
  #askNow(turn: Turn): NodeOutput[] {
    if (this.#state === 'up') return this.#keepAlive(turn)
    return this.#isRefused || this.#requests.has('register') ? [] : this.#register(turn)
  }

  #received(message: Message, turn: Turn): NodeOutput[] {
    if (message.type === 'registration-recall') return this.#again(turn)
    const purpose = this.#requests.about(message.transaction)
    if (purpose === undefined) return []
    if (message.type === 'error') return this.#refused(message.code, turn)
    if (message.type === 'registration-response' && purpose === 'register')
      return this.#registered(message, turn)
    if (message.type !== 'keep-alive-ack' || purpose !== 'keep-alive') return []
    const isFirstTry = this.#requests.triesOf(message.transaction) === 1
    this.#requests.clear()
    const isRemapped = !this.#isRerouted && !this.#isObserved(message.observed)
    // What was asked out of turn says nothing about so long a silence, unless much of it had passed.
    const isTelling = turn.nowMs - this.#silentFromMs >= this.keepAliveMs * TELLING_SHARE
    if (isTelling)
      this.#pace = nextPace(this.#pace, isRemapped ? 'remapped' : isFirstTry ? 'answered' : 'lost')
    const seen = this.#see(message.observed)
    this.#rest(turn)
    return seen
  }

  #registered(response: RegistrationResponse, turn: Turn): NodeOutput[] {
    const { pinned } = this.#claim!
    if (pinned !== undefined && pinned !== response.dcKey) return this.#giveUp('identity-changed', turn)
    const record = countersigned(this.#claim!, response)
    if (record === undefined) return [{ kind: 'dropped', why: 'countersignature' }, ...this.#backOff(turn)]
    this.#requests.clear()
    this.#backoffMs = BACKOFF_MIN_MS
    this.#claim = { ...this.#claim!, token: undefined, pinned: response.dcKey }
    const { virtualIpv4, observed, dcKey, leaseMs } = response
    const registered: Registered = { virtualIpv4, observed, dcKey, record, leaseMs }
    const seen = this.#see(observed)
    this.#rest(turn)
    return [{ kind: 'registered', registered }, ...seen, ...this.#become('up')]
  }

  #refused(code: SignallingError, turn: Turn): NodeOutput[] {
    if (code === 'unknown-registration') {
      this.#requests.clear()
      return this.#again(turn)
    }
    return LASTING.includes(code) ? this.#giveUp(code, turn) : this.#backOff(turn)
  }

  /** Waiting does not cure it; tries again after a long while all the same. */
  #giveUp(code: RequestFailure, turn: Turn): NodeOutput[] {
    this.#requests.clear()
    this.#isRefused = true
    this.#nextMs = turn.nowMs + REFUSED_RETRY_MS
    return [{ kind: 'refused', code }, ...this.#become('down')]
  }

  #woke(turn: Turn): NodeOutput[] {
    const outputs: NodeOutput[] = []
    for (let lapse = this.#requests.lapse(turn.nowMs); lapse; lapse = this.#requests.lapse(turn.nowMs))
      outputs.push(...this.#lapsed(lapse, turn))
    if (this.#nextMs === undefined || this.#nextMs > turn.nowMs) return outputs
    return [...outputs, ...(this.#state === 'up' ? this.#keepAlive(turn) : this.#register(turn))]
  }

  #lapsed(lapse: Lapse<Purpose>, turn: Turn): NodeOutput[] {
    if (lapse.kind === 'expired') {
      if (lapse.about === 'keep-alive') this.#pace = nextPace(this.#pace, 'lost')
      return this.#backOff(turn)
    }
    const renew: NodeOutput[] = lapse.tries === RENEW_AT_TRY ? [{ kind: 'renew' }] : []
    return [...renew, ...sendAll(lapse.datagrams)]
  }

  /** The coordinator is away: wait, each time longer, never in step with others. */
  #backOff(turn: Turn): NodeOutput[] {
    this.#requests.clear()
    this.#nextMs = turn.nowMs + this.#backoffMs * (0.5 + turn.random() / 2)
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS)
    return this.#become('down')
  }

  /** Silent until the next keepalive; spread a little, so that nodes do not march in step. */
  #rest(turn: Turn): void {
    this.#isRerouted = false
    this.#silentFromMs = turn.nowMs
    this.#nextMs = turn.nowMs + this.keepAliveMs * (0.9 + turn.random() / 10)
  }

  #isObserved(endpoint: UdpEndpoint): boolean {
    return this.#observed !== undefined && sameEndpoint(this.#observed, endpoint)
  }

  #see(endpoint: UdpEndpoint): NodeOutput[] {
    if (this.#isObserved(endpoint)) return []
    this.#observed = endpoint
    return [{ kind: 'observed', endpoint }]
  }
}
