/**
 * A street of real houses: kernel, log, gate and the plugins for people and talking, over disks in memory, a
 * directory of signed records and a cable between every two. Time passes only when told.
 */

import { Subject } from 'rxjs'
import type { DeviceId } from '../../../src/events/ids.ts'
import {
  Clock,
  definePlugin,
  Identity,
  type Link,
  type LookupFailure,
  type NameRecord,
  People,
  Random,
  type Transport,
} from '../../../src/kernel/api/index.ts'
import { boot, type House, shared } from '../../../src/kernel/boot.ts'
import { ClientLine } from '../../../src/kernel/client-line.ts'
import { parseConfig } from '../../../src/kernel/config.ts'
import { DataPath } from '../../../src/kernel/data-path.ts'
import { MemoryDisk } from '../../../src/kernel/testing/memory-disk.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { directChat } from '../../../src/plugins/direct-chat/plugin.ts'
import { people } from '../../../src/plugins/people/plugin.ts'
import { openStore } from '../../../src/store/log-store.ts'
import { readNameRecord } from '../../../src/wire/name-record.ts'
import { signerOf } from '../../../src/wire/signature.ts'
import { type NamedPerson, namedPerson } from '../../support/named-person.ts'
import { testVault } from '../../support/test-vault.ts'

const DELAY_MS = 5

export function recordOf(who: NamedPerson, more: Parameters<NamedPerson['record']>[0] = {}): NameRecord {
  const read = readNameRecord(who.record(more))
  if (!read.ok) throw new Error(read.why)
  return read.value
}

export class Street {
  readonly clock = new VirtualClock()
  /** What the directory says of a name. */
  readonly directory = new Map<string, NameRecord>()
  readonly neighbours = new Map<DeviceId, Neighbour>()
  lookups = 0

  async moveIn(what: string, name = `${what}.example`): Promise<Neighbour> {
    const who = namedPerson(what, name)
    this.directory.set(name, recordOf(who))
    const neighbour = new Neighbour(this, who)
    this.neighbours.set(neighbour.device, neighbour)
    await neighbour.open()
    return neighbour
  }

  /** Lets virtual time pass, with everything that falls due in it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms
    do await settle()
    while (this.clock.step(untilMs))
    await settle()
  }

  lookup(name: string): NameRecord | LookupFailure {
    this.lookups += 1
    return this.directory.get(name) ?? 'unknown'
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn += 1) await new Promise(done => setImmediate(done))
}

export class Neighbour {
  readonly who: NamedPerson
  readonly device: DeviceId
  disk = new MemoryDisk()
  house!: House
  path!: DataPath
  isOpen = false
  /** Devices with which this house has a tunnel. */
  readonly up = new Set<DeviceId>()
  readonly link$ = new Subject<Link>()
  receive: ((from: DeviceId, bytes: Uint8Array) => void) | undefined
  readonly sent: Uint8Array[] = []
  readonly #street: Street
  #close: () => Promise<void> = async () => undefined

  constructor(street: Street, who: NamedPerson) {
    this.#street = street
    this.who = who
    this.device = who.devices[0]!.device
  }

  get people(): People {
    return this.house.get(People)
  }

  async open(): Promise<void> {
    const { clock } = this.#street
    const { who, device } = this
    const store = await openStore({ disk: this.disk, vault: testVault() })
    const random = new SeededRandom(1)
    const identity: Identity = {
      name: who.name,
      person: who.person,
      device,
      tunnelKey: who.devices[0]!.tunnelKey,
      proof: who.proof,
    }
    const signer = signerOf(who.devices[0]!.pair)
    this.house = await boot({
      services: contributions => {
        this.path = new DataPath({ clock, random, signer, person: who.person, store, contributions })
        return [
          shared(Clock, clock),
          shared(Random, random),
          shared(Identity, identity),
          ...this.path.bindings(),
        ]
      },
      ready: () => this.path.start(),
      plugins: [this.#cable(), people, directChat],
      config: parseConfig('{}'),
    })
    this.isOpen = true
    this.#close = async () => {
      await this.house.stop()
      await this.path.stop()
      await store.close()
      this.disk = this.disk.reopen()
    }
  }

  /** Stops the house; its disk stays. */
  async close(): Promise<void> {
    this.isOpen = false
    this.receive = undefined
    for (const device of [...this.up]) this.#street.neighbours.get(device)?.unlink(this.device)
    this.up.clear()
    await this.#close()
  }

  /** Calls a method as a command would; a rejection is the ChatError's code with its fields. */
  // biome-ignore lint/suspicious/noExplicitAny: each method answers in its own shape.
  async call(method: string, params: object, line = new ClientLine()): Promise<any> {
    try {
      return await this.house.call(method, params, line)
    } catch (error) {
      const { code, exitCode, fields, message } = error as Error & Record<string, unknown>
      return { error: code, exitCode, message, ...(fields as object) }
    }
  }

  link(device: DeviceId): void {
    this.up.add(device)
    this.link$.next(linkOf(device, true))
  }

  unlink(device: DeviceId): void {
    if (this.up.delete(device)) this.link$.next(linkOf(device, false))
  }

  #cable() {
    const street = this.#street
    return definePlugin({
      manifest: { id: 'test.cable', version: '1.0.0', api: '^1.0.0' },
      needs: {},
      setup: () => ({
        contributes: {
          transport: [this.#transport()],
          directory: [{ id: 'test.directory', lookup: async name => street.lookup(name) }],
        },
      }),
    })
  }

  #transport(): Transport {
    const street = this.#street
    const unused = () => {
      throw new Error('nobody here uses streams')
    }
    return {
      id: 'test.cable',
      datagram: {
        maxBytes: 1_200,
        bind: (_port, receive) => {
          this.receive = receive
          return () => undefined
        },
        send: (to, _port, bytes) => {
          if (!this.up.has(to)) return false
          this.sent.push(bytes.slice())
          street.clock.after(DELAY_MS, () => street.neighbours.get(to)?.receive?.(this.device, bytes))
          return true
        },
      },
      stream: { connect: unused, listen: unused },
      reach: async card => this.#reach(card.device),
      links: () => [...this.up].map(device => linkOf(device, true)),
      link$: this.link$,
      ping: async () => undefined,
    }
  }

  /** As signalling would: the responder learns who knocks before anything else. */
  async #reach(device: DeviceId): Promise<{ up: boolean; reason?: string }> {
    const peer = this.#street.neighbours.get(device)
    if (peer === undefined || !peer.isOpen) return { up: false, reason: 'nobody is there' }
    if (this.up.has(device)) return { up: true }
    await peer.people.learn(recordOf(this.who))
    this.link(device)
    peer.link(this.device)
    return { up: true }
  }
}

const linkOf = (device: DeviceId, up: boolean): Link => ({
  device,
  up,
  path: up ? 'direct' : undefined,
  address: '127.0.0.1:1',
  rttMs: undefined,
  mtu: 1_200,
  lastSeenMs: undefined,
})
