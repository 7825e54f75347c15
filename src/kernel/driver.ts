/**
 * The one driver of every protocol machine. It alone performs what machines ask for: sends, timers, handing runs
 * to the gate, reading the log; and it brings the answers back as inputs. Machines come and go with their plugins.
 */
import type { Subscription } from 'rxjs'
import type { Opened, Recorded } from '../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import { RUN_MAX_EVENTS } from '../wire/limits.ts'
import {
  ChatError,
  type Clock,
  type Gate,
  type Journal,
  type Keyspace,
  type Link,
  type Output,
  type Protocols,
  type Random,
} from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'
import type { OwnLog } from './log.ts'
import { type Deed, MachineSeat } from './machine-seat.ts'
import type { PeerSwitch } from './peers.ts'
import { causeOf } from './sentence.ts'

interface DriverParts {
  readonly clock: Clock
  readonly random: Random
  readonly contributions: LiveContributions
  readonly peers: Pick<PeerSwitch, 'bind' | 'send' | 'reach' | 'links' | 'link$'>
  readonly gate: Gate
  readonly log: Pick<OwnLog, 'appended$' | 'chain' | 'find'>
  readonly journal: Pick<Journal, 'note'>
  keyspace(plugin: string): Pick<Keyspace, 'put'>
}

/** Most events that one `fetch` brings, whatever it asks for. */
const FETCH_MAX = 1024
/** Most events that one `find` looks up. */
const FIND_MAX = 8

type Fetch = Extract<Output, { kind: 'fetch' }>
type Find = Extract<Output, { kind: 'find' }>
type Ingest = Extract<Output, { kind: 'ingest' }>

export class Driver implements Protocols {
  readonly #parts: DriverParts
  readonly #random: () => number
  readonly #seats = new Map<Contributed<'protocol'>, { seat: MachineSeat; unbind: () => void }>()
  /** Devices with a path, and how often it has turned. */
  readonly #up = new Map<DeviceId, Link['turns']>()
  #subscriptions: Subscription[] = []

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#random = () => parts.random.next()
  }

  /** Seats the machines that are there and follows who comes and goes. Safe to call after the views are built. */
  start(): void {
    const { contributions, peers, log } = this.#parts
    this.#subscriptions = [
      peers.link$.subscribe(link => this.#linked(link)),
      log.appended$.subscribe(recorded => {
        for (const { seat } of this.#seats.values()) seat.feed({ kind: 'appended', recorded })
      }),
      contributions.changed$.subscribe(() => this.#follow()),
    ]
    for (const link of peers.links()) if (link.up) this.#up.set(link.device, link.turns)
    this.#follow()
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    for (const contributed of [...this.#seats.keys()]) this.#unseat(contributed)
  }

  command(protocol: string, command: unknown): void {
    const found = [...this.#seats.values()].find(({ seat }) => seat.protocol.name === protocol)
    if (found === undefined) throw new ChatError('NOT_FOUND', `no protocol named ${protocol} is running`)
    found.seat.feed({ kind: 'command', command })
  }

  #follow(): void {
    const present = new Set(this.#parts.contributions.owned('protocol'))
    for (const contributed of [...this.#seats.keys()])
      if (!present.has(contributed)) this.#unseat(contributed)
    for (const contributed of present) if (!this.#seats.has(contributed)) this.#seat(contributed)
  }

  #seat(contributed: Contributed<'protocol'>): void {
    const { clock, peers } = this.#parts
    const perform = (deed: Deed, at: MachineSeat): void => this.#perform(deed, at)
    const seat = new MachineSeat(contributed, { clock, random: this.#random, perform })
    const unbind = peers.bind(contributed.value.port, (from, bytes) =>
      // A copy: what a machine hands on to the gate outlives the transport's buffer.
      seat.feed({ kind: 'datagram', from, bytes: new Uint8Array(bytes) }),
    )
    this.#seats.set(contributed, { seat, unbind })
    for (const device of this.#up.keys()) seat.feed({ kind: 'link', device, up: true })
  }

  #unseat(contributed: Contributed<'protocol'>): void {
    const entry = this.#seats.get(contributed)
    this.#seats.delete(contributed)
    entry?.seat.leave()
    entry?.unbind()
  }

  #linked({ device, up, path, address, turns }: Link): void {
    const wasUp = this.#up.has(device)
    if (wasUp === up && (!up || this.#up.get(device) === turns)) return
    const where = address === undefined ? '' : ` at ${address}`
    if (wasUp !== up)
      this.#parts.journal.note(up ? `there is a ${path} path${where}` : 'there is no path any more', device)
    if (up) this.#up.set(device, turns)
    else this.#up.delete(device)
    for (const { seat } of this.#seats.values()) seat.feed({ kind: 'link', device, up })
  }

  #perform(deed: Deed, seat: MachineSeat): void {
    const { peers, journal, keyspace } = this.#parts
    switch (deed.kind) {
      case 'send':
        mustBeBytes(deed.bytes)
        peers.send(deed.to, seat.protocol.port, deed.bytes)
        return
      case 'ingest':
        void this.#ingest(deed, seat)
        return
      case 'fetch':
        void this.#fetch(deed, seat)
        return
      case 'find':
        void this.#find(deed, seat)
        return
      case 'reach':
        void peers.reach(deed.device)
        return
      case 'note':
        journal.note(deed.what, deed.about)
        return
      case 'keep':
        if (deed.value !== undefined) mustBeBytes(deed.value)
        keyspace(seat.contributed.plugin).put(deed.key, deed.value)
    }
  }

  /** No verdict comes back when the disk failed: nothing was kept, and the peer will try again. */
  async #ingest({ run, from }: Ingest, seat: MachineSeat): Promise<void> {
    try {
      const verdicts = await this.#parts.gate.ingest(run, from)
      seat.feed({ kind: 'ingested', from, verdicts })
    } catch (error) {
      this.#parts.journal.note(`a run could not be kept: ${causeOf(error)}`, from)
    }
  }

  async #fetch({ stream, author, fromSeq, limit }: Fetch, seat: MachineSeat): Promise<void> {
    const query = { stream, author, fromSeq, limit: Math.min(limit, FETCH_MAX) }
    try {
      const events: Recorded[] = []
      for await (const recorded of this.#parts.log.chain(query)) events.push(recorded)
      seat.feed({ kind: 'fetched', stream, author, fromSeq, events })
    } catch (error) {
      this.#parts.journal.note(`events could not be read: ${causeOf(error)}`, author)
    }
  }

  async #find({ device, stream, ids }: Find, seat: MachineSeat): Promise<void> {
    try {
      const runs: (readonly Opened[])[] = []
      for (const id of ids.slice(0, FIND_MAX)) {
        const run = await this.#runFrom(id, stream)
        if (run !== undefined) runs.push(run)
      }
      seat.feed({ kind: 'found', device, stream, runs })
    } catch (error) {
      this.#parts.journal.note(`events could not be read: ${causeOf(error)}`, device)
    }
  }

  /** The event and what follows it up to its signature; of a fork, on its own branch. */
  async #runFrom(id: EventId, stream: StreamId): Promise<readonly Opened[] | undefined> {
    const { log } = this.#parts
    const first = (await log.find(id))?.event
    if (first === undefined || first.envelope.stream !== stream) return undefined
    const run = [first]
    if (first.sig !== undefined) return run
    const { author, seq } = first.envelope
    for await (const { event } of log.chain({ stream, author, fromSeq: seq + 1, limit: RUN_MAX_EVENTS })) {
      if (event.envelope.prev === run.at(-1)!.id) run.push(event)
      if (run.at(-1)!.sig !== undefined) return run
    }
    return undefined
  }
}

/** Else the transport would be blamed for what the machine said, or a whole commit would fail. */
function mustBeBytes(value: unknown): void {
  if (!(value instanceof Uint8Array)) throw new TypeError('what it sends or keeps is not bytes')
}
