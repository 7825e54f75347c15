/**
 * A node's part in a direction with as little work as it can be done: it answers and asks in the real words but
 * checks nobody's signatures, so that thousands of nodes cost less than the coordinator that is measured.
 */
import { randomBytes } from 'node:crypto'
import type { TunnelKey } from '../../src/events/ids.ts'
import { decodeMessage } from '../../src/plugins/transport-ntm/signalling/codec.ts'
import type { Message, TransactionId } from '../../src/plugins/transport-ntm/signalling/messages.ts'
import { datagramsOf } from '../../src/plugins/transport-ntm/signalling/outputs.ts'
import { Assembler } from '../../src/plugins/transport-ntm/signalling/parts.ts'

type Send = (datagram: Uint8Array) => void

const TRANSACTION_BYTES = 8
const PATIENCE_MS = 2_000

export class Asker {
  readonly #send: Send
  readonly #assembler = new Assembler()
  readonly #asked = new Map<TransactionId, (answer: string) => void>()

  constructor(send: Send) {
    this.#send = send
  }

  /** Resolves with `directed`, or with why not. */
  ask(name: string, device: TunnelKey): Promise<string> {
    const transaction: TransactionId = randomBytes(TRANSACTION_BYTES).toString('hex')
    return new Promise(done => {
      const settle = (answer: string): void => {
        clearTimeout(patience)
        this.#asked.delete(transaction)
        done(answer)
      }
      const patience = setTimeout(() => settle('silence'), PATIENCE_MS)
      this.#asked.set(transaction, settle)
      const request: Message = {
        type: 'direction-request',
        transaction,
        name,
        device,
        candidates: undefined,
        relayOnly: false,
      }
      for (const datagram of datagramsOf(request)) this.#send(datagram)
    })
  }

  /** Whether the datagram belonged to a direction. */
  receive(bytes: Uint8Array, answer: Send): boolean {
    const whole = this.#assembler.take('', bytes, performance.now())
    const message = whole.ok && whole.value !== undefined ? decodeMessage(whole.value) : undefined
    if (message === undefined || !message.ok) return false
    const { value } = message
    if (value.type === 'error') this.#asked.get(value.transaction)?.(value.code)
    if (value.type !== 'route-direction') return false
    if (value.role === 'initiator') this.#asked.get(value.transaction)?.('directed')
    else for (const datagram of datagramsOf(confirming(value.transaction))) answer(datagram)
    return true
  }
}

const confirming = (transaction: TransactionId): Message => ({
  ...{ type: 'route-direction-confirmation', transaction },
  ...{ accepts: true, authorises: false, candidates: undefined, relayOnly: false },
})
