/**
 * How this node stands to its own domain: registered or not, with which virtual IPv4, and why it was refused. A
 * coordinator with another identity than the one pinned is refused loudly (SPEC.md §5).
 */
import { type Observable, Subject } from 'rxjs'
import { ChatError, type Clock, type Journal } from '../../kernel/api/index.ts'
import { parseAddress } from '../../wire/ip-address.ts'
import { dcRefusal } from './dc-refusal.ts'
import type { VirtualAddress } from './net/address.ts'
import type { Join } from './signalling/join.ts'
import type { DcState, Registered, RequestFailure } from './signalling/outputs.ts'

interface Parts {
  /** The name that is registered. */
  readonly name: string
  readonly journal: Journal
  readonly clock: Clock
  readonly setIpv4: (address: VirtualAddress | undefined) => void
}

export class Membership {
  readonly #parts: Parts
  readonly #changes = new Subject<void>()
  readonly changed$: Observable<void> = this.#changes.asObservable()
  #state: DcState = 'down'
  #virtualIpv4: string | undefined
  #refusal: ChatError | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get state(): DcState {
    return this.#state
  }

  /** The last word of the coordinator, if it was a no. */
  get refusal(): ChatError | undefined {
    return this.#refusal
  }

  /** Resolves with the virtual IPv4 once registered; rejects with the DC's refusal or, too late, DC_UNREACHABLE. */
  registration(timeoutMs: number): Promise<string | undefined> {
    return new Promise((done, fail) => {
      const settle = (): void => {
        if (this.#refusal === undefined && this.#state !== 'up') return
        cancel()
        subscription.unsubscribe()
        if (this.#refusal === undefined) done(this.#virtualIpv4)
        else fail(this.#refusal)
      }
      const cancel = this.#parts.clock.after(timeoutMs, () => {
        subscription.unsubscribe()
        fail(new ChatError('DC_UNREACHABLE', 'the DC did not answer in time'))
      })
      const complete = (): void => {
        cancel()
        fail(new ChatError('NOT_RUNNING', 'this node has stopped'))
      }
      const subscription = this.#changes.subscribe({ next: settle, complete })
      settle()
    })
  }

  /** Nobody is waited for any more. */
  close(): void {
    this.#changes.complete()
  }

  changed(state: DcState): void {
    this.#state = state
    this.#changes.next()
  }

  refused(join: Join, why: RequestFailure): void {
    const { name, journal, setIpv4 } = this.#parts
    const before = this.#refusal?.message
    this.#refusal = dcRefusal(join, why, name)
    this.#virtualIpv4 = undefined
    setIpv4(undefined)
    if (this.#refusal.message !== before) journal.note(this.#refusal.message)
    this.#changes.next()
  }

  registered({ virtualIpv4 }: Registered): void {
    const address = virtualIpv4 === undefined ? undefined : parseAddress(virtualIpv4)
    this.#virtualIpv4 = virtualIpv4
    this.#refusal = undefined
    if (address?.ok) this.#parts.setIpv4(address.value)
  }
}
