/**
 * Asking a coordinator who stands behind a name. It needs nobody's consent, because a record holds keys and
 * no address: this is how a message can be written to someone who is away.
 */
import type { DeviceId, Millis } from '../../../events/ids.ts'
import { type Result, refuse } from '../../../events/result.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import {
  readNameRecord,
  type SignedNameRecord,
  verifyCountersignature,
  verifyNameRecord,
} from '../../../wire/name-record.ts'
import { REQUESTS_MAX } from './limits.ts'
import type { Message } from './messages.ts'
import { datagramsOf, type NodeOutput, type RequestFailure, sendAll, wakeAt } from './outputs.ts'
import { freshTransaction, Requests } from './transaction.ts'

export type LookupInput =
  | { readonly kind: 'look-up'; readonly name: string }
  | { readonly kind: 'received'; readonly message: Message }
  | { readonly kind: 'woke' }

export class Lookup {
  readonly #requests = new Requests<string>()
  readonly #dcKey: () => DeviceId | undefined
  readonly #wallMs: () => Millis

  /** `dcKey`: the coordinator's identity, once known. `wallMs`: the date, by which records expire. */
  constructor(dcKey: () => DeviceId | undefined, wallMs: () => Millis) {
    this.#dcKey = dcKey
    this.#wallMs = wallMs
  }

  step(input: LookupInput, turn: Turn): readonly NodeOutput[] {
    const outputs = this.#take(input, turn)
    return [...outputs, wakeAt('lookups', this.#requests.dueMs, turn.nowMs)]
  }

  #take(input: LookupInput, turn: Turn): NodeOutput[] {
    if (input.kind === 'look-up') return this.#lookUp(input.name, turn)
    return input.kind === 'received' ? this.#received(input.message) : this.#woke(turn)
  }

  #lookUp(name: string, turn: Turn): NodeOutput[] {
    if (this.#requests.has(name)) return []
    if (this.#requests.size >= REQUESTS_MAX) return [{ kind: 'not-found', name, why: 'busy' }]
    const transaction = freshTransaction(turn)
    const datagrams = datagramsOf({ type: 'name-request', transaction, name })
    this.#requests.begin(transaction, datagrams, name, turn.nowMs)
    return sendAll(datagrams)
  }

  #received(message: Message): NodeOutput[] {
    const name = this.#requests.about(message.transaction)
    if (name === undefined) return []
    if (message.type === 'error') {
      if (message.code === 'unknown-registration') return []
      this.#requests.settle(message.transaction)
      return [{ kind: 'not-found', name, why: message.code }]
    }
    if (message.type !== 'name-response') return []
    this.#requests.settle(message.transaction)
    const record = this.#read(name, message.record)
    return record.ok
      ? [{ kind: 'found', name, record: record.value }]
      : [{ kind: 'not-found', name, why: record.why }]
  }

  #read(name: string, bytes: Uint8Array): Result<SignedNameRecord, RequestFailure> {
    const record = readNameRecord(bytes)
    if (!record.ok || record.value.name !== name) return refuse('record-invalid')
    if (record.value.expires <= this.#wallMs()) return refuse('record-expired')
    const dcKey = this.#dcKey()
    const holds =
      verifyNameRecord(record.value).ok &&
      (dcKey === undefined || verifyCountersignature(record.value, dcKey).ok)
    return holds ? record : refuse('record-invalid')
  }

  #woke(turn: Turn): NodeOutput[] {
    const outputs: NodeOutput[] = []
    for (let lapse = this.#requests.lapse(turn.nowMs); lapse; lapse = this.#requests.lapse(turn.nowMs)) {
      if (lapse.kind === 'again') outputs.push(...sendAll(lapse.datagrams))
      else outputs.push({ kind: 'not-found', name: lapse.about, why: 'timeout' })
    }
    return outputs
  }
}
