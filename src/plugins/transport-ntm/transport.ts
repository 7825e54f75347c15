/**
 * The transport that chat runs on: a device is named, a tunnel to it is built with or without a coordinator's
 * help, and datagrams go through it. Only devices whose keys a person's own events prove get a tunnel
 * (FORMATS §1.3); a blocked person's never do.
 */
import type { Observable } from 'rxjs'
import { type DeviceId, idToBytes } from '../../events/ids.ts'
import {
  ChatError,
  type Clock,
  type DatagramTransport,
  type Identity,
  type Link,
  type PeerCard,
  type People,
  type Random,
  type StreamTransport,
  type Transport,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import type { Carrier, Neighbour, Port } from './carrier.ts'
import type { Coordinators } from './coordinators.ts'
import { virtualIpv6 } from './net/address.ts'
import { createMemoryStreams } from './net/stream.ts'
import type { AddressBook } from './path/address-book.ts'
import type { Links } from './path/links.ts'
import type { Directed } from './signalling/outputs.ts'

export interface TransportParts {
  readonly clock: Clock
  readonly random: Random
  readonly carrier: Carrier
  readonly identity: Identity
  readonly people: People
  readonly links: Links
  readonly addresses: AddressBook
  readonly coordinators: Coordinators
}

/** A handshake over any path takes a few round trips; a coordinator's help a few more. */
const REACH_TIMEOUT_MS = 10_000

export class NtmTransport implements Transport {
  readonly id = 'ntm'
  readonly datagram: DatagramTransport
  readonly stream: StreamTransport
  readonly link$: Observable<Link>
  readonly #parts: TransportParts

  constructor(parts: TransportParts) {
    this.#parts = parts
    this.link$ = parts.links.link$
    this.datagram = this.#datagrams()
    this.stream = memoryStreams(parts)
  }

  links(): readonly Link[] {
    return this.#parts.links.all()
  }

  async reach(card: PeerCard): Promise<{ readonly up: boolean; readonly reason?: string }> {
    const { links, people, addresses } = this.#parts
    if (links.isFresh(card.device)) return { up: true }
    if (people.contact(card.person)?.state === 'blocked')
      return { up: false, reason: `${card.name} is blocked` }
    const established = this.#nextEstablished(card.device)
    this.open(card, addresses.of(card.device))
    const asked = await this.#parts.coordinators.direct(card.name, card.tunnelKey)
    if (typeof asked !== 'string') await this.follow(asked)
    if (await established) return { up: true }
    const why =
      typeof asked === 'string' ? `the coordinator says ${asked}` : 'nothing came back from its addresses'
    return { up: false, reason: `no path to ${card.name}: ${why}` }
  }

  /** Begins to open a tunnel to a proven device at these places; the lower key speaks first (FORMATS §5.4). */
  open(card: PeerCard, endpoints: readonly UdpEndpoint[], bothOpen = false): void {
    const { carrier } = this.#parts
    const delayMs = bothOpen ? carrier.tunnel.bothOpenDelayMs(idToBytes(card.tunnelKey)) : 0
    const neighbour = carrier.meet(card.tunnelKey, { endpoints, initiateDelayMs: delayMs })
    const known = neighbour.peer.endpoints
    carrier.hint(
      neighbour,
      [...endpoints, ...known.filter(old => !endpoints.some(fresh => same(fresh, old)))].slice(0, 16),
    )
    if (delayMs === 0) carrier.renew(neighbour)
    else
      this.#parts.clock.after(
        delayMs,
        () => this.#parts.links.isFresh(card.device) || carrier.renew(neighbour),
      )
  }

  /** A coordinator tells where a device is: it is believed about addresses, never about keys. */
  async follow({ record, device, observed, candidates }: Directed): Promise<void> {
    const { people } = this.#parts
    const learned = await people.learn(record)
    if (learned === 'invalid' || learned === 'keys-changed') return
    const card = people.cardOfTunnelKey(device)
    if (card === undefined || people.contact(card.person)?.state === 'blocked') return
    const endpoints = [observed, ...candidates.map(({ endpoint }) => endpoint)]
    this.open(card, endpoints, true)
  }

  async ping(device: DeviceId, timeoutMs: number): Promise<number | undefined> {
    const { carrier, clock, links, random } = this.#parts
    const neighbour = links.open(device)
    if (neighbour === undefined) return undefined
    const startedMs = clock.monotonicMs()
    return new Promise(done => {
      let stop = () => {}
      const settle = (rttMs: number | undefined) => {
        cancel()
        stop()
        if (rttMs !== undefined) links.measured(device, rttMs)
        done(rttMs)
      }
      const cancel = clock.after(timeoutMs, () => settle(undefined))
      const id = Math.floor(random.next() * 0x10000)
      stop = carrier.echo(neighbour, id, () => settle(clock.monotonicMs() - startedMs))
    })
  }

  #nextEstablished(device: DeviceId): Promise<boolean> {
    return new Promise(done => {
      const settle = (up: boolean) => {
        cancel()
        subscription.unsubscribe()
        done(up)
      }
      const cancel = this.#parts.clock.after(REACH_TIMEOUT_MS, () => settle(false))
      const subscription = this.link$.subscribe(link => {
        if (link.device === device) settle(link.up)
      })
    })
  }

  #datagrams(): DatagramTransport {
    const { carrier, links, people } = this.#parts
    const ports = new Map<number, Port>()
    const deviceOf = (neighbour: Neighbour): DeviceId | undefined =>
      people.cardOfTunnelKey(neighbour.key)?.device
    return {
      maxBytes: carrier.stack.maxPayloadBytes(new Uint8Array(16)),
      bind: (port, receive) => {
        const bound = carrier.bind(port, (bytes, from) => {
          const device = deviceOf(from)
          if (device !== undefined) receive(device, bytes)
        })
        ports.set(port, bound)
        return () => {
          ports.delete(port)
          bound.close()
        }
      },
      send: (to, port, bytes) => {
        const neighbour = links.open(to)
        return neighbour !== undefined && ports.get(port)?.send(neighbour, port, bytes).ok === true
      },
    }
  }
}

const same = (a: UdpEndpoint, b: UdpEndpoint): boolean => a.address === b.address && a.port === b.port

/** Streams within one process only, until the stack has TCP: two nodes of a test meet here by their addresses. */
const IN_THIS_PROCESS = createMemoryStreams()

const memoryStreams = ({ identity, people, links }: TransportParts): StreamTransport => {
  const streams = IN_THIS_PROCESS.at(virtualIpv6(idToBytes(identity.tunnelKey)))
  return {
    connect: async (to, port) => {
      const card = people.card(to)
      if (card === undefined) throw new ChatError('UNKNOWN_PEER', `no device ${to} is known`)
      return streams.connect(virtualIpv6(idToBytes(card.tunnelKey)), port)
    },
    listen: (port, accept) =>
      streams.listen(port, (stream, from) => {
        const device = links.deviceAt(from)
        if (device === undefined) stream.destroy()
        else accept(device, stream)
      }),
  }
}
