/**
 * A Relay Server offers itself to a coordinator, again and again: the same message is the registration and the
 * keepalive, so that a coordinator that forgot everything has the relay back at the next one. The coordinator being
 * away is a state and no error: those who hold tickets are served all the same.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS, REFUSED_RETRY_MS, RENEW_AT_TRY } from '../signalling/limits.ts'
import type { Message, RelayRegistered } from '../signalling/messages.ts'
import { type DcState, datagramsOf, type RequestFailure } from '../signalling/outputs.ts'
import { freshTransaction, type Lapse, Requests } from '../signalling/transaction.ts'
import { OFFER_EVERY_MS } from './limits.ts'

export interface Offered {
  readonly endpoints: readonly UdpEndpoint[]
  /** Invite token of the domain. */
  readonly token: string | undefined
}

export type OfferInput =
  /** Also when the endpoints have changed: says so at once. */
  | { readonly kind: 'offer'; readonly offered: Offered }
  | { readonly kind: 'received'; readonly message: Message }
  | { readonly kind: 'stop' }
  | { readonly kind: 'woke' }

export type OfferOutput =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake'; readonly afterMs: number | undefined }
  /** The session to the coordinator seems dead: begin a new handshake. */
  | { readonly kind: 'renew' }
  | { readonly kind: 'state'; readonly state: DcState }
  /** The identity of the coordinator, whose tickets count. Said once for each. */
  | { readonly kind: 'identified'; readonly dcKey: DeviceId }
  /** The coordinator said no for a reason that waiting does not cure, or is another one than before. */
  | { readonly kind: 'refused'; readonly why: RequestFailure }

/** Refusals that the same offer will meet again. */
const LASTING: readonly RequestFailure[] = ['token-invalid', 'access-refused']

export class Offer {
  readonly #requests = new Requests<'offer'>()
  #pinned: DeviceId | undefined
  #offered: Offered | undefined
  #state: DcState = 'down'
  #backoffMs = BACKOFF_MIN_MS
  #nextMs: number | undefined

  /** `pinned`: the identity that the coordinator showed before; it must be the same (SPEC.md §5). */
  constructor(pinned: DeviceId | undefined) {
    this.#pinned = pinned
  }

  get state(): DcState {
    return this.#state
  }

  step(input: OfferInput, turn: Turn): readonly OfferOutput[] {
    const outputs = this.#take(input, turn)
    const dues = [this.#requests.dueMs, this.#nextMs].filter(due => due !== undefined)
    const afterMs = dues.length === 0 ? undefined : Math.max(0, Math.min(...dues) - turn.nowMs)
    return [...outputs, { kind: 'wake', afterMs }]
  }

  #take(input: OfferInput, turn: Turn): OfferOutput[] {
    if (input.kind === 'offer') {
      this.#offered = input.offered
      return [...this.#become(this.#state === 'up' ? 'up' : 'registering'), ...this.#send(turn)]
    }
    if (this.#offered === undefined) return []
    if (input.kind === 'received') return this.#received(input.message, turn)
    return input.kind === 'stop' ? this.#stop() : this.#woke(turn)
  }

  #stop(): OfferOutput[] {
    this.#offered = undefined
    this.#requests.clear()
    this.#nextMs = undefined
    return this.#become('down')
  }

  #become(state: DcState): OfferOutput[] {
    if (state === this.#state) return []
    this.#state = state
    return [{ kind: 'state', state }]
  }

  #send(turn: Turn): OfferOutput[] {
    const transaction = freshTransaction(turn)
    const says = { ...this.#offered!, transaction, keepAliveMs: OFFER_EVERY_MS }
    const datagrams = datagramsOf({ type: 'relay-registration', ...says })
    this.#requests.clear()
    this.#requests.begin(transaction, datagrams, 'offer', turn.nowMs)
    this.#nextMs = undefined
    return sends(datagrams)
  }

  #received(message: Message, turn: Turn): OfferOutput[] {
    if (this.#requests.about(message.transaction) === undefined) return []
    if (message.type === 'relay-registered') return this.#registered(message, turn)
    if (message.type !== 'error') return []
    return LASTING.includes(message.code) ? this.#giveUp(message.code, turn) : this.#backOff(turn)
  }

  #registered({ dcKey }: RelayRegistered, turn: Turn): OfferOutput[] {
    if (this.#pinned !== undefined && this.#pinned !== dcKey) return this.#giveUp('identity-changed', turn)
    this.#requests.clear()
    this.#backoffMs = BACKOFF_MIN_MS
    this.#nextMs = turn.nowMs + OFFER_EVERY_MS * (0.9 + turn.random() / 10)
    const identified: OfferOutput[] = this.#pinned === undefined ? [{ kind: 'identified', dcKey }] : []
    this.#pinned = dcKey
    return [...identified, ...this.#become('up')]
  }

  /** Waiting does not cure it; tries again after a long while all the same. */
  #giveUp(why: RequestFailure, turn: Turn): OfferOutput[] {
    this.#requests.clear()
    this.#nextMs = turn.nowMs + REFUSED_RETRY_MS
    return [{ kind: 'refused', why }, ...this.#become('down')]
  }

  /** The coordinator is away: wait, each time longer, never in step with others. */
  #backOff(turn: Turn): OfferOutput[] {
    this.#requests.clear()
    this.#nextMs = turn.nowMs + this.#backoffMs * (0.5 + turn.random() / 2)
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS)
    return this.#become('down')
  }

  #woke(turn: Turn): OfferOutput[] {
    const outputs: OfferOutput[] = []
    for (let lapse = this.#requests.lapse(turn.nowMs); lapse; lapse = this.#requests.lapse(turn.nowMs))
      outputs.push(...this.#lapsed(lapse, turn))
    if (this.#nextMs === undefined || this.#nextMs > turn.nowMs) return outputs
    return [...outputs, ...this.#send(turn)]
  }

  #lapsed(lapse: Lapse<'offer'>, turn: Turn): OfferOutput[] {
    if (lapse.kind === 'expired') return this.#backOff(turn)
    const renew: OfferOutput[] = lapse.tries === RENEW_AT_TRY ? [{ kind: 'renew' }] : []
    return [...renew, ...sends(lapse.datagrams)]
  }
}

const sends = (datagrams: readonly Uint8Array[]): OfferOutput[] =>
  datagrams.map(bytes => ({ kind: 'send', bytes }))
