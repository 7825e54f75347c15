/**
 * What a node hears of its coordinator's relays, and what it says of them. The coordinator names a number with every
 * answer; when that is another one than the node has, the node asks for the list. It tells in the same message how
 * far the relays are, so that the one between two nodes can be chosen by whoever knows both distances.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import type { RelayMeasurement, RelayPlace } from '../../../kernel/api/relays.ts'
import {
  RELAYS_MAX,
  REPORT_EVERY_MS,
  REPORT_LOSS_EVERY_MS,
  REPORT_SETTLE_MS,
  RTT_MAX_MS,
  RTT_NOTABLE_MS,
  RTT_NOTABLE_SHARE,
} from './limits.ts'
import type { Message, RelayList as RelayListMessage, RelayRtt } from './messages.ts'
import { datagramsOf, type NodeOutput, sendAll, wakeAt } from './outputs.ts'
import { freshTransaction, Requests } from './transaction.ts'

/** As far as a report goes: of which relay, and how far. */
export type Measured = Pick<RelayMeasurement, 'relay' | 'rttMs'> & { readonly isRefusing?: boolean }

export type RelayListInput =
  /** All that was measured, of whichever relays; one that did not answer has no round trip. */
  | { readonly kind: 'measured'; readonly rtts: readonly Measured[] }
  /** While the node is registered only. */
  | { readonly kind: 'received'; readonly message: Message }
  | { readonly kind: 'stop' }
  | { readonly kind: 'woke' }

export class RelayList {
  readonly #requests = new Requests<'report'>()
  /** The coordinator's number, and the one of the list that is here. */
  #announced = 0
  #number = 0
  #places: readonly RelayPlace[] = []
  #measured: ReadonlyMap<TunnelKey, number> = new Map()
  /** Relays that had no slot for this node, as far as that was said. */
  #refusing: ReadonlySet<TunnelKey> = new Set()
  /** What was said last; undefined: the coordinator does not have it. */
  #reported: ReadonlyMap<TunnelKey, number> | undefined
  #reportedMs = Number.NEGATIVE_INFINITY
  /** The next report, when the measurements have settled. */
  #reportDueMs: number | undefined

  step(input: RelayListInput, turn: Turn): readonly NodeOutput[] {
    const outputs = this.#take(input, turn)
    const dues = [this.#requests.dueMs, this.#reportDueMs].filter(due => due !== undefined)
    return [...outputs, wakeAt('relays', dues.length === 0 ? undefined : Math.min(...dues), turn.nowMs)]
  }

  #take(input: RelayListInput, turn: Turn): NodeOutput[] {
    if (input.kind === 'received') return this.#received(input.message, turn)
    if (input.kind === 'woke') return this.#woke(turn)
    if (input.kind === 'stop') return this.#forget()
    this.#measured = leastOf(input.rtts)
    if (this.#isNewlyRefused(input.rtts) && this.#announced !== 0) return this.#report(turn)
    this.#plan(turn)
    return this.#reportIfDue(turn)
  }

  #received(message: Message, turn: Turn): NodeOutput[] {
    if (message.type === 'registration-response') {
      // A coordinator that lost its registrations lost what was reported, too.
      this.#reported = undefined
      return this.#hear(message.relays, turn)
    }
    if (message.type === 'keep-alive-ack') return this.#hear(message.relays, turn)
    if (this.#requests.about(message.transaction) === undefined) return []
    if (message.type === 'relay-list') return this.#list(message, turn)
    // Forgotten nodes register and ask again by themselves; who is busy now is asked after the next keepalive.
    if (message.type !== 'error' || message.code === 'unknown-registration') return []
    this.#requests.settle(message.transaction)
    this.#reported = undefined
    return []
  }

  #hear(announced: number, turn: Turn): NodeOutput[] {
    this.#announced = announced
    if (announced === 0) return this.#become(0, [])
    const isCurrent = announced === this.#number && this.#reported !== undefined
    return isCurrent || this.#requests.size > 0 ? [] : this.#report(turn)
  }

  #list({ transaction, relays, places }: RelayListMessage, turn: Turn): NodeOutput[] {
    this.#requests.settle(transaction)
    this.#announced = relays
    const outputs = this.#become(relays, places)
    this.#plan(turn)
    return outputs
  }

  #become(number: number, places: readonly RelayPlace[]): NodeOutput[] {
    if (number === this.#number) return []
    this.#number = number
    this.#places = places
    return [{ kind: 'relays', places }]
  }

  /** A request for another way follows, and the coordinator should not name the same relay again. */
  #isNewlyRefused(rtts: readonly Measured[]): boolean {
    const before = this.#refusing
    const own = rtts.filter(({ relay }) => this.#places.some(place => place.relay === relay))
    this.#refusing = new Set(own.flatMap(({ relay, isRefusing }) => (isRefusing === true ? [relay] : [])))
    return [...this.#refusing].some(relay => !before.has(relay))
  }

  /** Of the relays of this coordinator only. */
  #own(): ReadonlyMap<TunnelKey, number> {
    const own = this.#places.flatMap(({ relay }) => {
      const rttMs = this.#measured.get(relay)
      return rttMs === undefined ? [] : [[relay, rttMs] as const]
    })
    return new Map(own.slice(0, RELAYS_MAX))
  }

  /** Says it again when it is another thing; not for every change, and a little later, when more has come. */
  #plan(turn: Turn): void {
    const isNews = this.#announced !== 0 && isNotable(this.#reported ?? new Map(), this.#own())
    if (!isNews) this.#reportDueMs = undefined
    else if (this.#hasLost())
      this.#reportDueMs = Math.max(turn.nowMs, this.#reportedMs + REPORT_LOSS_EVERY_MS)
    else this.#reportDueMs ??= Math.max(turn.nowMs + REPORT_SETTLE_MS, this.#reportedMs + REPORT_EVERY_MS)
  }

  /** Whether others are reached, and one that was said to be is not: without the others there is nothing to choose. */
  #hasLost(): boolean {
    const own = this.#own()
    return own.size > 0 && [...(this.#reported?.keys() ?? [])].some(relay => !own.has(relay))
  }

  #report(turn: Turn): NodeOutput[] {
    const own = this.#own()
    this.#reported = own
    // Who has just learnt of relays has measurements soon, and they are waited for.
    if (own.size > 0) this.#reportedMs = turn.nowMs
    this.#reportDueMs = undefined
    this.#requests.clear()
    const measured = [...own].map(([relay, rttMs]): RelayRtt => ({ relay, rttMs }))
    const transaction = freshTransaction(turn)
    const datagrams = datagramsOf({ type: 'relay-report', transaction, measured })
    this.#requests.begin(transaction, datagrams, 'report', turn.nowMs)
    return sendAll(datagrams)
  }

  #woke(turn: Turn): NodeOutput[] {
    const outputs: NodeOutput[] = []
    for (let lapse = this.#requests.lapse(turn.nowMs); lapse; lapse = this.#requests.lapse(turn.nowMs)) {
      if (lapse.kind === 'again') outputs.push(...sendAll(lapse.datagrams))
      else this.#reported = undefined
    }
    return [...outputs, ...this.#reportIfDue(turn)]
  }

  #reportIfDue(turn: Turn): NodeOutput[] {
    return this.#reportDueMs !== undefined && this.#reportDueMs <= turn.nowMs ? this.#report(turn) : []
  }

  #forget(): NodeOutput[] {
    this.#requests.clear()
    this.#announced = 0
    this.#reportDueMs = undefined
    this.#reported = undefined
    return this.#become(0, [])
  }
}

/** A relay may have been measured at several endpoints: the nearest counts. */
const leastOf = (rtts: readonly Measured[]): ReadonlyMap<TunnelKey, number> => {
  const least = new Map<TunnelKey, number>()
  for (const { relay, rttMs } of rtts) {
    if (rttMs === undefined) continue
    const whole = Math.min(Math.round(rttMs), RTT_MAX_MS)
    least.set(relay, Math.min(whole, least.get(relay) ?? RTT_MAX_MS))
  }
  return least
}

/** Other relays than before, or one that is notably nearer or farther. */
const isNotable = (before: ReadonlyMap<TunnelKey, number>, now: ReadonlyMap<TunnelKey, number>): boolean =>
  before.size !== now.size ||
  [...now].some(([relay, rttMs]) => {
    const old = before.get(relay)
    return old === undefined || Math.abs(rttMs - old) > Math.max(RTT_NOTABLE_MS, old * RTT_NOTABLE_SHARE)
  })
