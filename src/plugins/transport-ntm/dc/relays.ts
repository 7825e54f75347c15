/**
 * Which Relay Servers there are, and which of them lies best between two nodes. Soft state: whoever is in the table
 * has said so lately, and a coordinator that restarts has it full again after one keepalive. The list that nodes get
 * is the same for all, has those first whom the operator has listed by key, and of the others keeps whoever is there
 * longest, so that newcomers cannot push anybody out.
 */
import { idToBytes, type TunnelKey } from '../../../events/ids.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import { encodeEndpoint } from '../../../wire/endpoint.ts'
import { labelledHash } from '../../../wire/hash.ts'
import { RELAYS_MAX } from '../signalling/limits.ts'
import type { RelayRtt } from '../signalling/messages.ts'
import { RELAY_UNKNOWN_EXTRA_MS, RELAY_UNPROVED_STAYS_MS, RELAYS_REGISTERED_MAX } from './limits.ts'

const LIST_LABEL = 'ntm.dc.relays.1'

/** What a node said that it measured; undefined or empty: it has not measured anything. */
export type Rtts = readonly RelayRtt[] | undefined

interface Relay {
  readonly place: RelayPlace
  readonly expiresMs: number
  /** Whether the operator has listed it by its key. */
  readonly isListed: boolean
  readonly arrivedMs: number
}

export class Relays {
  /** In the order of arrival; who renews keeps its place. */
  readonly #byKey = new Map<TunnelKey, Relay>()
  readonly #own: () => RelayPlace | undefined
  /** What `#listed` was made with. */
  #listedOwn: RelayPlace | undefined
  #listed: readonly RelayPlace[] = []
  #number = 0

  /** `own`: the relay in this very process, the same object for as long as nothing about it changes. */
  constructor(own: () => RelayPlace | undefined = () => undefined) {
    this.#own = own
  }

  /** Those who registered, whether nodes are told of them or not; without endpoints while they were not found. */
  get registered(): readonly RelayPlace[] {
    return [...this.#byKey.values()].map(({ place }) => place)
  }

  /** What nodes are told: this process's own first, then the operator's, then who is there longest. */
  get places(): readonly RelayPlace[] {
    this.#refresh()
    return this.#listed
  }

  /** 32 bits that change whenever the list does; 0: it is empty. The same list has the same number for ever. */
  get number(): number {
    this.#refresh()
    return this.#number
  }

  /**
   * Whether it may enter. In a full table one that was not found gives way, to a stranger only after a while; to one
   * that the operator has listed also the newest that is not.
   */
  makeRoomFor(relay: TunnelKey, isListed: boolean, nowMs: number): boolean {
    if (this.#byKey.has(relay) || this.#byKey.size < RELAYS_REGISTERED_MAX) return true
    const strangers = [...this.#byKey.values()].filter(each => !each.isListed)
    const staysMs = isListed ? 0 : RELAY_UNPROVED_STAYS_MS
    const unproved = strangers.find(
      ({ place, arrivedMs }) => place.endpoints.length === 0 && nowMs - arrivedMs >= staysMs,
    )
    const leaving = unproved ?? (isListed ? strangers.at(-1) : undefined)
    if (leaving !== undefined) this.drop(leaving.place.relay)
    return leaving !== undefined
  }

  /** Enters or renews a relay that there is room for. */
  enter(place: RelayPlace, expiresMs: number, isListed = false, nowMs = 0): void {
    const before = this.#byKey.get(place.relay)
    this.#byKey.set(place.relay, { place, expiresMs, isListed, arrivedMs: before?.arrivedMs ?? nowMs })
    const isSame = before?.isListed === isListed && textOf(before.place) === textOf(place)
    if (!isSame) this.#list()
  }

  /** It is known now where it is. */
  found(place: RelayPlace): void {
    const known = this.#byKey.get(place.relay)
    if (known !== undefined) this.enter(place, known.expiresMs, known.isListed)
  }

  drop(relay: TunnelKey): void {
    if (this.#byKey.delete(relay)) this.#list()
  }

  /** Drops whoever was silent for too long. */
  sweep(nowMs: number): void {
    for (const [relay, { expiresMs }] of this.#byKey) if (expiresMs <= nowMs) this.drop(relay)
  }

  /**
   * The listed relay with the least sum of both round trips. A side that has measured others but not this one does
   * not reach it, so it comes last; what is not known counts as worse than all that is.
   */
  pick(one: Rtts, other: Rtts, nowMs: number): RelayPlace | undefined {
    const sides = [sideOf(one), sideOf(other)]
    const ranked = this.places
      .filter(({ relay }) => (this.#byKey.get(relay)?.expiresMs ?? Number.POSITIVE_INFINITY) > nowMs)
      .map(place => ({
        place,
        unreached: sides.filter(side => side.hasMeasured && !side.rtts.has(place.relay)).length,
        sumMs: sides.reduce((sum, { rtts, unknownMs }) => sum + (rtts.get(place.relay) ?? unknownMs), 0),
      }))
      .sort(
        (a, b) => a.unreached - b.unreached || a.sumMs - b.sumMs || (a.place.relay < b.place.relay ? -1 : 1),
      )
    return ranked[0]?.place
  }

  #refresh(): void {
    if (this.#own() !== this.#listedOwn) this.#list()
  }

  #list(): void {
    const own = this.#own()
    this.#listedOwn = own
    const found = [...this.#byKey.values()]
      .filter(({ place }) => place.endpoints.length > 0)
      .toSorted((a, b) => Number(b.isListed) - Number(a.isListed))
      .map(({ place }) => place)
    this.#listed = [...(own === undefined ? [] : [own]), ...found].slice(0, RELAYS_MAX)
    this.#number = numberOf(this.#listed)
  }
}

const sideOf = (measured: Rtts = []) => ({
  hasMeasured: measured.length > 0,
  rtts: new Map(measured.map(({ relay, rttMs }) => [relay, rttMs])),
  unknownMs: Math.max(0, ...measured.map(({ rttMs }) => rttMs)) + RELAY_UNKNOWN_EXTRA_MS,
})

const textOf = (place: RelayPlace): string => bytesOf(place).toString('latin1')

const bytesOf = ({ relay, endpoints }: RelayPlace): Buffer =>
  Buffer.concat([
    idToBytes(relay),
    ...endpoints.map(endpoint => {
      const encoded = encodeEndpoint(endpoint)
      return encoded.ok
        ? Buffer.concat([Uint8Array.of(encoded.value.length), encoded.value])
        : Buffer.alloc(1)
    }),
    Uint8Array.of(0xff),
  ])

const numberOf = (places: readonly RelayPlace[]): number => {
  if (places.length === 0) return 0
  const hash = labelledHash(LIST_LABEL, ...places.map(bytesOf))
  return Buffer.from(hash.buffer, hash.byteOffset, 4).readUInt32BE() || 1
}
