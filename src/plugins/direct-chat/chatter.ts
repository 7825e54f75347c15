/**
 * A conversation as it happens, for one listener: new messages, how far own ones have come, and whether the
 * other person is there. Receipts are told for what was said since the listener came.
 */
import type { Opened } from '../../events/envelope.ts'
import type { EventId } from '../../events/ids.ts'
import { messageOf, type Teller } from './messages.ts'
import type { DeliveryStep } from './text/delivery-book.ts'

/** Own messages whose receipts are still to come; older ones are told no more. */
const UNREAD_MAX = 1_024

interface Said {
  readonly id: EventId
  readonly seq: number
  told: string
}

export class Chatter {
  readonly #teller: Teller
  readonly #emit: (item: unknown) => void
  #said: Said[] = []
  #isUp: boolean | undefined

  constructor(teller: Teller, emit: (item: unknown) => void) {
    this.#teller = teller
    this.#emit = emit
  }

  /** Tells an event of this conversation. Whether it was a message of the other person. */
  heard(event: Opened): boolean {
    if (event.envelope.stream !== this.#teller.stream) return false
    const message = messageOf(this.#teller, event)
    if (message === undefined) return false
    this.#emit({ type: 'message', ...message })
    const { author, seq } = event.envelope
    if (author !== this.#teller.self) return true
    this.#said.push({ id: event.id, seq, told: message.state })
    if (this.#said.length > UNREAD_MAX) this.#said.shift()
    return false
  }

  moved({ stream, below }: DeliveryStep): void {
    if (stream !== this.#teller.stream) return
    for (const said of this.#said) {
      if (said.seq >= below) break
      const { state } = this.#teller.book.of(stream, said.seq)
      if (state === said.told) continue
      said.told = state
      this.#emit({ type: 'receipt', id: said.id, state })
    }
    this.#said = this.#said.filter(({ told }) => told !== 'read')
  }

  linked(name: string, isUp: boolean): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    this.#emit({ type: 'presence', name, state: isUp ? 'up' : 'down' })
  }
}
