/**
 * Meets people of the contact book on the own link, without any coordinator: says at times that somebody is here
 * and at which port, and calls whoever of its contacts may be behind what others say. Who it really is, the
 * handshake finds out. A stranger's announcement is answered by nothing.
 */
import type { DeviceId, TunnelKey } from '../../../events/ids.ts'
import type {
  Clock,
  Keys,
  LanChannel,
  LanNotice,
  Network,
  PeerCard,
  Random,
  UdpEndpoint,
} from '../../../kernel/api/index.ts'
import { TokenBucket } from '../../../kernel/api/index.ts'
import { HINTS_BYTES, HINTS_MAX, LanHints } from './lan-hints.ts'
import {
  LAN_CALL_PAUSE_MS,
  LAN_CALLED_MAX,
  LAN_CONTACTS_MAX,
  LAN_FIRST_SAID_AFTER_MS,
  LAN_HEARD_BURST,
  LAN_HEARD_PER_SECOND,
  LAN_PLACE_LIVES_MS,
  LAN_PLACES_MAX,
  LAN_SAID_EVERY_MS,
} from './limits.ts'
import { ProbeBudget } from './probe-budget.ts'

export interface LanParts {
  readonly clock: Clock
  readonly random: Random
  readonly keys: Pick<Keys, 'agree'>
  readonly network: Pick<Network, 'lan' | 'localAddresses'>
  readonly isWanted: boolean
  /** Where the sockets are bound. */
  readonly locals: () => readonly UdpEndpoint[]
  /** Devices of the contact book; who is sought most comes first. */
  readonly contacts: () => readonly PeerCard[]
  /** Whether this device is met directly, and nothing speaks against that. It is left in peace then. */
  readonly isMet: (card: PeerCard) => boolean
  readonly call: (card: PeerCard, place: UdpEndpoint) => void
  readonly count: (why: string) => void
}

const INSTANCE_BYTES = 16
const INSTANCE = /^[0-9a-f]{32}$/

const isIpv6 = (address: string): boolean => address.includes(':')
const WILDCARDS = ['0.0.0.0', '::']

interface Place {
  readonly endpoint: UdpEndpoint
  readonly heardMs: number
  readonly calledMs: number
}

export class Lan {
  readonly #parts: LanParts
  readonly #hints: LanHints
  readonly #heard = new TokenBucket(LAN_HEARD_PER_SECOND, LAN_HEARD_BURST)
  readonly #budget = new ProbeBudget()
  #channel: LanChannel | undefined
  /** What was said last. */
  #own: LanNotice | undefined
  /** Which sixty of many contacts are spoken to next. */
  #firstHinted = 0
  #said = 0
  #cancel = (): void => {}
  readonly #places = new Map<DeviceId, Place>()

  constructor(parts: LanParts) {
    this.#parts = parts
    this.#hints = new LanHints(parts.keys)
  }

  start(): void {
    const { network, isWanted, locals } = this.#parts
    const port = isWanted ? portOn(locals(), network.localAddresses()) : undefined
    if (port === undefined) return
    this.#channel = network.lan?.((notice, address) => this.#hear(notice, address))
    if (this.#channel !== undefined) this.#say(port)
  }

  /** The link may be another one: a new name there, and nothing known of it. */
  moved(): void {
    this.stop()
    this.start()
  }

  stop(): void {
    this.#cancel()
    this.#channel?.close()
    this.#channel = undefined
    this.#own = undefined
    this.#said = 0
    this.#firstHinted = 0
    this.#places.clear()
  }

  /** Where a device was heard lately. */
  placesOf(device: DeviceId): readonly UdpEndpoint[] {
    const place = this.#places.get(device)
    const isOld = place === undefined || this.#parts.clock.monotonicMs() - place.heardMs > LAN_PLACE_LIVES_MS
    return isOld ? [] : [place.endpoint]
  }

  #say(port: number): void {
    this.#own = this.#notice(port)
    this.#channel?.announce(this.#own)
    const saidMs = LAN_FIRST_SAID_AFTER_MS[this.#said] ?? 0
    const nextMs = LAN_FIRST_SAID_AFTER_MS[this.#said + 1]
    this.#said += 1
    const afterMs = nextMs === undefined ? LAN_SAID_EVERY_MS : nextMs - saidMs
    this.#cancel = this.#parts.clock.after(afterMs, () => this.#say(port))
  }

  /** Under a new name each time, so that nobody sees which of the hints are of people, nor whether they are many. */
  #notice(port: number): LanNotice {
    const { random } = this.#parts
    const instance = Buffer.from(random.bytes(INSTANCE_BYTES)).toString('hex')
    const all = this.#contacts().map(({ tunnelKey }) => tunnelKey)
    const first = this.#firstHinted < all.length ? this.#firstHinted : 0
    this.#firstHinted = first + HINTS_MAX
    return { instance, port, hints: this.#hints.write(instance, all.slice(first), random) }
  }

  #contacts(): readonly PeerCard[] {
    return this.#parts.contacts().slice(0, LAN_CONTACTS_MAX)
  }

  #hear(notice: LanNotice, address: string): void {
    const { clock, count } = this.#parts
    const { instance, hints, port } = notice
    if (instance === this.#own?.instance) return
    if (!isWellFormed(notice)) {
      count('lan-notice-malformed')
      return
    }
    if (!this.#heard.take(clock.monotonicMs())) {
      count('lan-notices-too-many')
      return
    }
    const cards = new Map<TunnelKey, PeerCard>(this.#contacts().map(card => [card.tunnelKey, card]))
    const found = this.#hints.read(instance, hints, [...cards.keys()]).slice(0, LAN_CALLED_MAX)
    for (const key of found) this.#found(cards.get(key)!, { address, port })
  }

  #found(card: PeerCard, endpoint: UdpEndpoint): void {
    const { clock, isMet, call, count } = this.#parts
    const nowMs = clock.monotonicMs()
    const before = this.#places.get(card.device)
    const isDue = nowMs - (before?.calledMs ?? Number.NEGATIVE_INFINITY) >= LAN_CALL_PAUSE_MS
    const isCalled = isDue && !isMet(card)
    this.#places.delete(card.device)
    const calledMs = isCalled ? nowMs : (before?.calledMs ?? Number.NEGATIVE_INFINITY)
    this.#places.set(card.device, { endpoint, heardMs: nowMs, calledMs })
    const [oldest] = this.#places.keys()
    if (this.#places.size > LAN_PLACES_MAX) this.#places.delete(oldest!)
    if (!isCalled) return
    if (this.#budget.take(endpoint.address, nowMs)) call(card, endpoint)
    else count('lan-calls-too-many')
  }
}

const isWellFormed = ({ instance, port, hints }: LanNotice): boolean =>
  INSTANCE.test(instance) &&
  hints.length === HINTS_BYTES &&
  Number.isInteger(port) &&
  port > 0 &&
  port <= 0xffff

/** The port that others on the link can reach, if any; sockets of both families have the same. */
const portOn = (locals: readonly UdpEndpoint[], hosts: readonly string[]): number | undefined =>
  locals.find(({ address }) =>
    WILDCARDS.includes(address)
      ? hosts.some(host => isIpv6(host) === isIpv6(address))
      : hosts.includes(address),
  )?.port
