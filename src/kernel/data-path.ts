/**
 * The data path of one device, put together: store, gate, log, views, journal, peers and driver, as the services
 * that plugins ask for. A node, a DC and a simulated home all get theirs here.
 */
import { idFromBytes, type PersonId } from '../events/ids.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Signer } from '../wire/signature.ts'
import { Admission } from './admission.ts'
import {
  type Clock,
  Directory,
  EventData,
  Gate,
  Journal,
  Keyspace,
  Log,
  Peers,
  Protocols,
  type Random,
  Streams,
  Views,
} from './api/index.ts'
import { Appender } from './appender.ts'
import { Asides } from './asides.ts'
import { type Binding, perPlugin, shared } from './container.ts'
import type { LiveContributions } from './contributions.ts'
import { DirectorySwitch } from './directory.ts'
import { DiskState } from './disk-state.ts'
import { Driver } from './driver.ts'
import { EventTypes } from './event-types.ts'
import { EventGate, type GateParts, ownElsewhere } from './gate.ts'
import { journalOf } from './journal.ts'
import { keyspaceOf } from './keyspace.ts'
import { OwnLog } from './log.ts'
import { PeerSwitch } from './peers.ts'
import { type ReplayQuery, type ReplayResult, replay } from './replay.ts'
import { storeFailure } from './store-failure.ts'
import { StreamBook } from './stream-book.ts'
import { StreamSwitch } from './stream-switch.ts'
import { LiveViews } from './views.ts'

interface DataPathParts {
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  /** The person that this device belongs to. */
  readonly person: PersonId
  readonly store: LogStore
  readonly contributions: LiveContributions
  /** Hears one sentence for each thing that whoever runs this device should know. */
  readonly tell?: (sentence: string) => void
}

/** An event that this device signed and its log does not have: it writes no more, also after a restart. */
const WRITTEN_ELSEWHERE = 'written-elsewhere'

export class DataPath {
  readonly log: OwnLog
  readonly gate: EventGate
  readonly views: LiveViews
  readonly journal: Journal
  readonly peers: PeerSwitch
  readonly streams: StreamSwitch
  readonly directory: DirectorySwitch
  readonly driver: Driver
  readonly disk: DiskState
  readonly person: PersonId
  readonly #parts: DataPathParts
  readonly #asides: Asides
  /** What the kernel itself remembers beside the log. */
  readonly #own: Keyspace
  readonly #appender: Appender

  constructor(parts: DataPathParts) {
    const { clock, random, signer, person, store, contributions } = parts
    this.#parts = parts
    this.person = person
    const disk = new DiskState(parts.tell)
    this.disk = disk
    const asides = new Asides(clock, { write: (...asked) => disk.watch(store.write(...asked)) })
    const book = new StreamBook(store, signer.device)
    const admission = new Admission(contributions, person)
    this.views = new LiveViews(contributions, store)
    const appender = new Appender({
      store: { append: (...asked) => disk.watch(store.append(...asked)) },
      book,
      asides,
      publish: recorded => {
        this.views.apply(recorded)
        this.log.publish(recorded)
      },
    })
    this.#asides = asides
    this.#own = keyspaceOf('ntm.kernel', store, asides)
    this.#appender = appender
    this.journal = journalOf(clock, store, asides, parts.tell)
    this.log = new OwnLog({ clock, random, signer, store, book, admission, appender })
    const foundOwnElsewhere: GateParts['foundOwnElsewhere'] = event => {
      const reason = ownElsewhere(event.id)
      this.log.stopWriting(reason)
      this.#own.put(WRITTEN_ELSEWHERE, Buffer.from(event.id, 'hex'))
      parts.tell?.(`${reason.message}; ${reason.hint}.`)
      this.journal.note('this device signed it, but its log does not have it', event.id)
    }
    const { journal, log } = this
    this.gate = new EventGate({
      self: signer.device,
      clock,
      book,
      admission,
      appender,
      journal,
      foundOwnElsewhere,
    })
    this.peers = new PeerSwitch(contributions)
    this.streams = new StreamSwitch(contributions)
    this.directory = new DirectorySwitch(contributions, clock)
    const { gate, peers } = this
    const keyspace = (plugin: string): Keyspace => keyspaceOf(plugin, store, asides)
    this.driver = new Driver({ clock, random, contributions, peers, gate, log, journal, keyspace })
    contributions.changed$.subscribe(() => gate.lawsChanged())
  }

  /** Everything here that a plugin may ask for; keyspaces are each plugin's own. */
  bindings(): readonly Binding[] {
    const { store, contributions } = this.#parts
    return [
      shared(Log, this.log),
      shared(EventData, new EventTypes(contributions)),
      shared(Gate, this.gate),
      shared(Views, this.views),
      shared(Journal, this.journal),
      shared(Peers, this.peers),
      shared(Streams, this.streams),
      shared(Directory, this.directory),
      shared(Protocols, this.driver),
      perPlugin(Keyspace, plugin => keyspaceOf(plugin, store, this.#asides)),
    ]
  }

  /** Builds everything anew from the log and compares it with what is shown. */
  replay(query: ReplayQuery = {}): Promise<ReplayResult> {
    return replay({ ...this.#parts, views: this.views }, query)
  }

  /** After all plugins are set up and before any starts. */
  async start(): Promise<void> {
    const elsewhere = await this.#own.get(WRITTEN_ELSEWHERE)
    if (elsewhere !== undefined) this.log.stopWriting(ownElsewhere(idFromBytes(elsewhere)))
    await this.views.start()
    this.driver.start()
  }

  /**
   * After all plugins have stopped: finishes what was asked for and saves the views. The store stays open.
   * Rejects with LOG_DAMAGED, DISK_FULL and the like when what waited cannot be written.
   */
  async stop(): Promise<void> {
    this.driver.stop()
    try {
      await this.#appender.close()
      await this.#asides.close()
      await this.views.stop()
    } catch (error) {
      throw storeFailure(error)
    }
  }
}
