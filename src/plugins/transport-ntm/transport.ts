/**
 * The transport that chat runs on: a device is named, a tunnel to it is built with or without a coordinator's
 * help, and datagrams go through it. Only devices whose keys a person's own events prove get a tunnel;
 * a blocked person's never do.
 */
import type { Observable } from 'rxjs'
import { type DeviceId, idToBytes, type PersonId, type TunnelKey } from '../../events/ids.ts'
import {
  type Clock,
  type DatagramTransport,
  type Identity,
  type Link,
  type PeerCard,
  type People,
  type StreamTransport,
  standingOf,
  type Transport,
} from '../../kernel/api/index.ts'
import type { Carrier } from './carrier.ts'
import type { Coordinators } from './coordinators.ts'
import type { NamesInDoubt } from './names-in-doubt.ts'
import type { Neighbour } from './neighbour.ts'
import { virtualIpv6 } from './net/address.ts'
import type { Places } from './path/entry.ts'
import type { Links } from './path/links.ts'
import type { Pathfinder } from './path/pathfinder.ts'
import type { Directed, RequestFailure } from './signalling/outputs.ts'
import { TcpStreams } from './tcp-streams.ts'

export interface TransportParts {
  readonly clock: Clock
  readonly carrier: Carrier
  readonly identity: Identity
  readonly people: Pick<People, 'card' | 'cardOfTunnelKey' | 'cards' | 'contact' | 'learn'>
  readonly links: Links
  /** Where a device may be, as this node itself knows. */
  readonly known: (card: PeerCard) => Required<Pick<Places, 'nearby' | 'remembered'>>
  /** It must not be known any more where a device is. */
  readonly forget: (device: DeviceId) => void
  readonly paths: Pick<Pathfinder, 'open' | 'forget'>
  readonly coordinators: Pick<Coordinators, 'direct'>
  readonly namesInDoubt: Pick<NamesInDoubt, 'doubt'>
}

/** A handshake over any path takes a few round trips; a coordinator's help a few more. */
const REACH_TIMEOUT_MS = 10_000
/** Whoever was reached before is looked for there, before a coordinator is troubled. */
const KNOWN_FIRST_MS = 100
/** Persons whose records are being learnt because a coordinator directed us to each other. */
export const INTRODUCTIONS_MAX = 64
/** What a coordinator says of a device that is away, and of one that the name does not stand for any more. */
const NOT_FOUND: readonly RequestFailure[] = ['unreachable', 'unknown-name']

type Reached = Awaited<ReturnType<Transport['reach']>>
const UP: Reached = { up: true }
const STOPPED: Reached = { up: false, reason: 'this node has stopped' }

export class NtmTransport implements Transport {
  readonly id = 'ntm'
  readonly datagram: DatagramTransport
  readonly stream: StreamTransport
  readonly link$: Observable<Link>
  readonly #parts: TransportParts
  /** One search for a device at a time. */
  readonly #searches = new Map<DeviceId, Promise<Reached>>()
  readonly #introductions = new Map<TunnelKey, Promise<unknown>>()
  readonly #streams: TcpStreams
  /** Ends each wait as if its time were over. */
  readonly #waits = new Set<() => void>()
  #isClosed = false
  #pingId = 0

  constructor(parts: TransportParts) {
    this.#parts = parts
    this.link$ = parts.links.link$
    this.datagram = this.#datagrams()
    this.#streams = new TcpStreams(parts)
    this.stream = this.#streams
  }

  links(): readonly Link[] {
    return this.#parts.links.all()
  }

  async reach(card: PeerCard): Promise<Reached> {
    const { links, people } = this.#parts
    if (this.#isClosed) return STOPPED
    if (links.isFresh(card.device)) return UP
    if (!standingOf(people.contact(card.person)).mayBeHeard)
      return { up: false, reason: `${card.name} is blocked` }
    return this.#searches.get(card.device) ?? entered(this.#searches, card.device, this.#search(card))
  }

  /** Begins to open a tunnel to a proven device. Of two who are directed to each other the asker speaks first. */
  open(card: PeerCard, places: Places, speaksFirst = true): void {
    if (this.#isClosed) return
    const { carrier, paths, people } = this.#parts
    const transient = people.contact(card.person) === undefined
    const options = { endpoints: [], transient, challenged: true }
    paths.open(carrier.meet(card.tunnelKey, options), places, speaksFirst)
  }

  /**
   * A coordinator tells where a device is: it is believed about addresses, never about keys. Resolves with what
   * stood against it, or undefined when the tunnel is being opened.
   */
  async follow(directed: Directed): Promise<string | undefined> {
    const { people, carrier } = this.#parts
    const { role, record, device, observed, candidates, relay } = directed
    if (this.#introductions.size >= INTRODUCTIONS_MAX) return 'too many are being introduced'
    const learned = await entered(this.#introductions, device, people.learn(record))
    const card = people.cardOfTunnelKey(device)
    const isBlocked = card !== undefined && !standingOf(people.contact(card.person)).mayBeHeard
    if (learned === 'keys-changed') return isAnothers(record.name)
    if (learned === 'invalid' || card === undefined || isBlocked) {
      const neighbour = carrier.neighbour(device)
      if (neighbour !== undefined && (card === undefined || isBlocked)) this.#forget(neighbour)
      return isBlocked ? `${record.name} is blocked` : 'what the coordinator says does not prove itself'
    }
    const endpoints = candidates.map(({ endpoint }) => endpoint)
    this.open(card, { endpoints, attested: observed, grant: relay }, role === 'initiator')
    return undefined
  }

  /** The peer's first message can be faster than our disk: settles when we know whom the key belongs to. */
  introduction(device: TunnelKey): Promise<unknown> | undefined {
    return this.#introductions.get(device)
  }

  /** This person is not spoken to any more. */
  shutOut(person: PersonId): void {
    const { people, carrier, links, forget } = this.#parts
    for (const { device, tunnelKey } of people.cards(person)) {
      // Or it would go on where it was once they speak again.
      carrier.stack.tcp.forget(virtualIpv6(idToBytes(tunnelKey)))
      const neighbour = carrier.neighbour(tunnelKey)
      if (neighbour !== undefined) this.#forget(neighbour)
      links.forget(device)
      forget(device)
    }
  }

  /** Whoever waits for something hears that it did not come. */
  close(): void {
    this.#isClosed = true
    for (const end of this.#waits) end()
    this.#streams.close()
  }

  #forget(neighbour: Neighbour): void {
    this.#parts.paths.forget(neighbour)
    this.#parts.carrier.forget(neighbour)
  }

  /** A coordinator is asked for a way to a peer that was lost; what it says is followed. */
  async seek(card: PeerCard): Promise<void> {
    if (standingOf(this.#parts.people.contact(card.person)).mayBeHeard) await this.#askTheWay(card)
  }

  /** The same for who is written to by nobody: not to be found is no reason to doubt the name then. */
  async greet(card: PeerCard): Promise<void> {
    if (!standingOf(this.#parts.people.contact(card.person)).mayBeHeard) return
    const asked = await this.#parts.coordinators.direct(card.name, card.tunnelKey)
    if (typeof asked !== 'string') await this.follow(asked)
  }

  async #search(card: PeerCard): Promise<Reached> {
    const known = this.#parts.known(card)
    const isKnown = known.nearby.length + known.remembered.length > 0
    if (isKnown) {
      this.open(card, known)
      if (await this.#untilUp(card.device, KNOWN_FIRST_MS).isUp) return UP
      if (this.#isClosed) return STOPPED
    }
    const up = this.#untilUp(card.device, REACH_TIMEOUT_MS)
    const against = await Promise.race([up.isUp.then(() => undefined), this.#askTheWay(card)])
    if (against !== undefined && !isKnown) up.cancel()
    if (await up.isUp) return UP
    const why = against ?? 'nothing came back from its addresses'
    return { up: false, reason: `no path to ${card.name}: ${why}` }
  }

  async #askTheWay(card: PeerCard): Promise<string | undefined> {
    const { coordinators, links, namesInDoubt, people } = this.#parts
    const asked = await coordinators.direct(card.name, card.tunnelKey)
    if (typeof asked !== 'string') return this.follow(asked)
    const isWrittenTo = standingOf(people.contact(card.person)).mayBeTold
    const isLost = NOT_FOUND.includes(asked) && !links.isFresh(card.device)
    const learnt = isWrittenTo && isLost ? await namesInDoubt.doubt(card.name) : undefined
    return learnt === 'keys-changed' ? isAnothers(card.name) : `the coordinator says ${asked}`
  }

  #untilUp(device: DeviceId, timeoutMs: number): { readonly isUp: Promise<boolean>; cancel(): void } {
    let cancel = (): void => {}
    const isUp = new Promise<boolean>(done => {
      const settle = (up: boolean): void => {
        stopWaiting()
        subscription.unsubscribe()
        done(up)
      }
      const stopWaiting = this.#wait(timeoutMs, () => settle(false))
      const subscription = this.link$.subscribe(link => {
        if (link.device === device && link.up) settle(true)
      })
      cancel = () => settle(false)
    })
    return { isUp, cancel }
  }

  /** Calls when the time is over, or when this node stops. Returns how to stop waiting. */
  #wait(ms: number, over: () => void): () => void {
    const stop = (): void => {
      this.#waits.delete(end)
      cancel()
    }
    const end = (): void => {
      stop()
      over()
    }
    const cancel = this.#parts.clock.after(ms, end)
    this.#waits.add(end)
    return stop
  }

  async ping(device: DeviceId, timeoutMs: number): Promise<number | undefined> {
    const { carrier, clock, links } = this.#parts
    const neighbour = links.open(device)
    if (neighbour === undefined || this.#isClosed) return undefined
    const startedMs = clock.monotonicMs()
    return new Promise(done => {
      let stop = () => {}
      const settle = (rttMs: number | undefined) => {
        cancel()
        stop()
        if (rttMs !== undefined) links.measured(device, rttMs)
        done(rttMs)
      }
      const cancel = this.#wait(timeoutMs, () => settle(undefined))
      this.#pingId = (this.#pingId + 1) & 0xffff
      stop = carrier.echo(neighbour, this.#pingId, () => settle(clock.monotonicMs() - startedMs))
    })
  }

  #datagrams(): DatagramTransport {
    const { carrier, links, people } = this.#parts
    const deviceOf = (neighbour: Neighbour): DeviceId | undefined =>
      people.cardOfTunnelKey(neighbour.key)?.device
    return {
      maxBytes: carrier.stack.maxPayloadBytes(new Uint8Array(16)),
      bind: (port, receive) => {
        const bound = carrier.bind(port, (bytes, from) => {
          const device = deviceOf(from)
          if (device !== undefined) receive(device, bytes)
        })
        return () => bound.close()
      },
      send: (to, port, bytes) => {
        const neighbour = links.open(to)
        return neighbour !== undefined && carrier.send(port, neighbour, port, bytes).ok
      },
    }
  }
}

/** Under way in this table until it is settled; what was entered in its place meanwhile stays. */
const entered = <K, V>(table: Map<K, Promise<unknown>>, key: K, under: Promise<V>): Promise<V> => {
  table.set(key, under)
  return under.finally(() => table.get(key) === under && table.delete(key))
}

const isAnothers = (name: string): string => `${name} belongs to another person now`
