/**
 * What a plugin is given in place of the kernel's own clock, network, log, gate and keyspace, and of everything
 * that it can subscribe to. What it hands in to be called later runs inside its fence, and once it has left the
 * house its timers, sockets and subscriptions are gone and its handles refuse: a plugin that was withdrawn can
 * neither break the house nor write on.
 */
import type { Draft } from '../events/envelope.ts'
import { DEVICE_INTRODUCED } from '../events/person.ts'
import { ChatError } from './api/errors.ts'
import type { AnyToken, Manifest } from './api/plugin.ts'
import { Clock, Gate, Keyspace, Log, Network, Streams } from './api/tokens.ts'
import type { Fence } from './fence.ts'
import { NetworkFace } from './network-face.ts'
import { faceOfService } from './service-face.ts'
import { StreamsFace } from './streams-face.ts'

const TIMER = 'a timer of Clock.after'

/** Everything works until the plugin's `stop` has returned: it may need it to say goodbye. */
export class Faces {
  readonly #plugin: string
  readonly #owns: NonNullable<Manifest['owns']>
  readonly #fence: Fence
  readonly #timers = new Set<() => void>()
  readonly #networks: NetworkFace[] = []
  readonly #streams: StreamsFace[] = []
  #hasLeft = false

  constructor({ id, owns = {} }: Pick<Manifest, 'id' | 'owns'>, fence: Fence) {
    this.#plugin = id
    this.#owns = owns
    this.#fence = fence
  }

  /** The service as this plugin gets it. */
  of(token: AnyToken, service: unknown): unknown {
    if (service === undefined) return undefined
    switch (token.id) {
      case Clock.id:
        return this.#clock(service as Clock)
      case Network.id:
        return this.#network(service as Network)
      case Streams.id:
        return this.#streamsOf(service as Streams)
      case Log.id:
        return this.#log(service as Log)
      case Gate.id:
        return this.#gate(service as Gate)
      case Keyspace.id:
        return this.#keyspace(service as Keyspace)
      default:
        return faceOfService(service, (name, source) => this.#fence.observable(name, source))
    }
  }

  /** The plugin has left. Takes away its timers and sockets; its handles refuse from now on. */
  async end(): Promise<void> {
    this.#hasLeft = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    for (const face of this.#streams) face.end()
    await Promise.all(this.#networks.map(face => face.end()))
  }

  #clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => {
        if (this.#hasLeft) return () => undefined
        const stop = clock.after(delayMs, () => {
          this.#timers.delete(cancel)
          this.#fence.shield(TIMER, run)
        })
        const cancel = (): void => {
          this.#timers.delete(cancel)
          stop()
        }
        this.#timers.add(cancel)
        return cancel
      },
    }
  }

  #network(network: Network): Network {
    const face = new NetworkFace(network, this.#fence, () => this.#gone())
    this.#networks.push(face)
    return face.network
  }

  #streamsOf(streams: Streams): Streams {
    const face = new StreamsFace(streams, this.#fence, () => this.#gone())
    this.#streams.push(face)
    return face.streams
  }

  #log(log: Log): Log {
    return {
      appended$: this.#fence.observable('appended$', log.appended$),
      submit: async (stream, drafts) => {
        this.#mustBeHere()
        for (const draft of drafts) this.#mustOwn(draft)
        return log.submit(stream, drafts)
      },
      find: async id => {
        this.#mustBeHere()
        return log.find(id)
      },
      read: query => this.#reading(() => log.read(query)),
      tips: async stream => {
        this.#mustBeHere()
        return log.tips(stream)
      },
      authors: async stream => {
        this.#mustBeHere()
        return log.authors(stream)
      },
      streams: async () => {
        this.#mustBeHere()
        return log.streams()
      },
    }
  }

  #gate(gate: Gate): Gate {
    return {
      ingest: async (run, from) => {
        this.#mustBeHere()
        return gate.ingest(run, from)
      },
    }
  }

  /** What is put is promised to nobody, so that a put that comes too late is lost in silence. */
  #keyspace(keyspace: Keyspace): Keyspace {
    return {
      get: async key => {
        this.#mustBeHere()
        return keyspace.get(key)
      },
      list: prefix => this.#reading(() => keyspace.list(prefix)),
      write: async entries => {
        this.#mustBeHere()
        for (const [key, value] of entries) checkEntry(key, value)
        return keyspace.write(entries)
      },
      put: (key, value) => {
        checkEntry(key, value)
        if (!this.#hasLeft) keyspace.put(key, value)
      },
    }
  }

  async *#reading<T>(read: () => AsyncIterable<T>): AsyncGenerator<T> {
    this.#mustBeHere()
    yield* read()
  }

  /** A house in which one could speak in another's name would have no owners of event types. */
  #mustOwn({ type, rev }: Draft): void {
    // Whoever opens or enters a stream introduces itself there, by whichever plugin it speaks.
    if (type === DEVICE_INTRODUCED || (Object.hasOwn(this.#owns, type) && this.#owns[type] === rev)) return
    throw new ChatError(
      'PLUGIN_CONFLICT',
      `${this.#plugin} does not own the event type ${type} at rev ${rev}`,
    )
  }

  #mustBeHere(): void {
    if (this.#hasLeft) throw this.#gone()
  }

  #gone(): ChatError {
    return new ChatError('PLUGIN_FAILED', `${this.#plugin} is withdrawn and may not use this any more`)
  }
}

/** What is not bytes would make the whole commit fail that it joins, at the cost of everybody in it. */
function checkEntry(key: unknown, value: unknown): void {
  if (typeof key === 'string' && (value === undefined || value instanceof Uint8Array)) return
  throw new ChatError('BUG', 'a keyspace keeps bytes under a text')
}
