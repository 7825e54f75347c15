/**
 * How this node stands to its own domain: registered or not, with which virtual IPv4, and under which identity of
 * the coordinator. That identity is pinned the first time; another one is refused loudly (FORMATS §1.6).
 */
import { type Observable, Subject } from 'rxjs'
import { type DeviceId, idFromBytes, idToBytes } from '../../events/ids.ts'
import { ChatError, type Clock, type Journal, type Keyspace } from '../../kernel/api/index.ts'
import { parseAddress, type VirtualAddress } from './net/address.ts'
import { formatJoin, type Join } from './signalling/join.ts'
import type { DcState, Registered, RequestFailure } from './signalling/outputs.ts'

interface Parts {
  readonly keyspace: Keyspace
  readonly journal: Journal
  readonly clock: Clock
  readonly setIpv4: (address: VirtualAddress | undefined) => void
}

const IDENTITY = 'dc-identity/'

const refusal = (join: Join, why: RequestFailure): ChatError => {
  if (why === 'name-taken')
    return new ChatError('NAME_TAKEN', 'the name belongs to another person at this DC')
  if (why === 'token-invalid')
    return new ChatError('TOKEN_INVALID', 'the DC gives names only for a valid invite token')
  return new ChatError('DC_REFUSED', `the DC at ${formatJoin(join)} refuses the registration: ${why}`)
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
      const subscription = this.#changes.subscribe(settle)
      settle()
    })
  }

  changed(state: DcState): void {
    this.#state = state
    this.#changes.next()
  }

  refused(join: Join, why: RequestFailure): void {
    this.#refusal = refusal(join, why)
    this.#parts.journal.note(this.#refusal.message)
    this.#changes.next()
  }

  registered(join: Join, registered: Registered): void {
    if (registered.virtualIpv4 === undefined) return
    const address = parseAddress(registered.virtualIpv4)
    this.#virtualIpv4 = registered.virtualIpv4
    this.#refusal = undefined
    if (address.ok) this.#parts.setIpv4(address.value)
    this.#pin(join, registered.dcKey).catch(() => undefined)
  }

  async #pin(join: Join, identity: DeviceId): Promise<void> {
    const { keyspace, journal } = this.#parts
    const pinned = await keyspace.get(IDENTITY + join.key)
    if (pinned === undefined) return keyspace.write([[IDENTITY + join.key, idToBytes(identity)]])
    if (idFromBytes<DeviceId>(pinned) === identity) return
    this.#refusal = new ChatError(
      'DC_KEY_CHANGED',
      `the DC at ${formatJoin(join)} shows another identity than the one pinned`,
    )
    this.#state = 'down'
    journal.note(this.#refusal.message)
    this.#changes.next()
  }
}
