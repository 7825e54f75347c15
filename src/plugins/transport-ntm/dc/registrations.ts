/**
 * Who is here now: devices, where they were last heard from, and until when that counts. Soft state: a
 * coordinator that restarts begins with an empty table and has it full again within half a minute.
 */
import type { PersonId, TunnelKey } from '../../../events/ids.ts'
import { TokenBucket } from '../../../kernel/api/token-bucket.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { KEEPALIVE_MAX_MS } from '../signalling/limits.ts'
import {
  DEVICES_PER_NAME_MAX,
  GUESTS_MAX,
  LEASE_INTERVALS,
  LEASE_SLACK_MS,
  REGISTRATIONS_MAX,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
} from './limits.ts'
import type { Rtts } from './relays.ts'

export interface Registration {
  readonly tunnelKey: TunnelKey
  readonly name: string
  readonly person: PersonId
  /** A guest's own record; members' records stand with their names. */
  readonly guestRecord: Uint8Array | undefined
  endpoint: UdpEndpoint
  expiresMs: number
  /** Nobody may be told where it is. */
  readonly isRelayOnly: boolean
  /** What it said of the relays. */
  measured: Rtts
  /** Made when the node first asks for something. */
  budget: TokenBucket | undefined
}

/** How long a node that means to speak every so often is believed to be there, ms. */
export const leaseOf = (keepAliveMs: number): number =>
  Math.min(keepAliveMs, KEEPALIVE_MAX_MS) * LEASE_INTERVALS + LEASE_SLACK_MS

export class Registrations {
  readonly #byKey = new Map<TunnelKey, Registration>()
  readonly #byName = new Map<string, TunnelKey[]>()
  #guests = 0

  get size(): number {
    return this.#byKey.size
  }

  get guests(): number {
    return this.#guests
  }

  find(tunnelKey: TunnelKey): Registration | undefined {
    return this.#byKey.get(tunnelKey)
  }

  /** Members' devices under a name, the one registered last first. */
  under(name: string): readonly TunnelKey[] {
    return this.#byName.get(name) ?? []
  }

  /** Enters a device, in place of what was known of it. False when there is no room. */
  enter(registration: Registration): boolean {
    const { tunnelKey, name, guestRecord } = registration
    const isGuest = guestRecord !== undefined
    const before = this.#byKey.get(tunnelKey)
    const members = this.#byKey.size - this.#guests
    const isFull = isGuest ? this.#guests >= GUESTS_MAX : members >= REGISTRATIONS_MAX
    if (before === undefined && isFull) return false
    if (before !== undefined) this.drop(tunnelKey)
    this.#byKey.set(tunnelKey, registration)
    if (isGuest) this.#guests += 1
    else this.#byName.set(name, [tunnelKey, ...this.under(name)].slice(0, DEVICES_PER_NAME_MAX))
    return true
  }

  drop(tunnelKey: TunnelKey): void {
    const found = this.#byKey.get(tunnelKey)
    if (found === undefined) return
    this.#byKey.delete(tunnelKey)
    if (found.guestRecord !== undefined) {
      this.#guests -= 1
      return
    }
    const others = this.under(found.name).filter(key => key !== tunnelKey)
    if (others.length === 0) this.#byName.delete(found.name)
    else this.#byName.set(found.name, others)
  }

  /** Drops whoever was silent for too long; returns their keys. */
  sweep(nowMs: number): readonly TunnelKey[] {
    const gone: TunnelKey[] = []
    for (const { tunnelKey, expiresMs } of this.#byKey.values()) if (expiresMs <= nowMs) gone.push(tunnelKey)
    for (const tunnelKey of gone) this.drop(tunnelKey)
    return gone
  }

  /** Keys of the registrations that match. */
  select(matches: (registration: Registration) => boolean): readonly TunnelKey[] {
    return [...this.#byKey.values()].filter(matches).map(({ tunnelKey }) => tunnelKey)
  }

  /** Whether a node may ask for one thing more now. */
  allows(registration: Registration, nowMs: number): boolean {
    registration.budget ??= new TokenBucket(REQUESTS_PER_SECOND, REQUESTS_BURST)
    return registration.budget.take(nowMs)
  }
}
