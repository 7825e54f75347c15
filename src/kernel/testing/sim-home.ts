/**
 * One home of a world: a device with a disk in memory that can lose its power at any instant and be started
 * again. It is started as a real one is; only clock, chance, network and disk are the world's.
 */

import type { PersonId } from '../../events/ids.ts'
import { openStore } from '../../store/log-store.ts'
import { foundPerson } from '../../wire/person-proof.ts'
import { encodeSealed } from '../../wire/sealed-codec.ts'
import { keyPairFromSeed, signerOf } from '../../wire/signature.ts'
import { ChatError } from '../api/index.ts'
import { ClientLine } from '../client-line.ts'
import { parseConfig } from '../config.ts'
import { type Device, startDevice } from '../device.ts'
import type { PersonFile } from '../home.ts'
import { type DeviceKeys, deviceKeys, newSeed } from '../keys.ts'
import type { AnyPlugin } from '../loader.ts'
import { openVault } from '../vault.ts'
import { MemoryDisk, type MemoryDiskFaults } from './memory-disk.ts'
import { MemoryFileDisk } from './memory-file-disk.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimHost } from './sim-host.ts'
import type { SimNetwork } from './sim-network.ts'
import type { Attachment, Gateway } from './sim-segment.ts'
import { HomeClock, type VirtualClock } from './virtual-clock.ts'

export interface HomeSpec {
  /** The FQDN of its person; for a coordinator any name. */
  readonly name: string
  readonly address: string
  readonly plugins: readonly AnyPlugin[]
  /** As in `config.json`; the name is filled in. */
  readonly config?: object
  /** A coordinator is nobody's home. Default: a person is founded. */
  readonly isCoordinator?: boolean
  readonly gateway?: Gateway
  /** Where its host is on the network. Default: at `address`, behind `gateway`. */
  readonly attachments?: readonly Attachment[]
  /** How wrong its wall clock is. */
  readonly skewMs?: number
  readonly diskFaults?: MemoryDiskFaults
  /** How long its disk takes to sync. Default: no time, so that no crash falls between a write and its sync. */
  readonly syncMs?: readonly [least: number, most: number]
}

/** What a home needs of its world. */
export interface WorldParts {
  readonly clock: VirtualClock
  readonly network: SimNetwork
  readonly random: SeededRandom
  /** Told of every event that a home has synced. */
  appended(home: SimHome, id: string): void
}

export class SimHome {
  readonly spec: HomeSpec
  readonly keys: DeviceKeys
  readonly person: PersonFile | undefined
  /** Its machine, running or not. */
  readonly host: SimHost
  /** Its file system. What was written there outlives a crash, as it does when a process is killed. */
  readonly files = new MemoryFileDisk()
  readonly #world: WorldParts
  readonly #dataKey: Uint8Array
  readonly #random: SeededRandom
  #disk: MemoryDisk
  #clock: HomeClock
  #device: Device | undefined

  constructor(spec: HomeSpec, world: WorldParts) {
    this.spec = spec
    this.#world = world
    this.#random = world.random.fork()
    this.host = world.network.host(spec.attachments ?? spec.address, spec.gateway)
    this.#clock = new HomeClock(world.clock, spec.skewMs)
    this.#disk = new MemoryDisk({ ...spec.diskFaults, ...this.#slowness() })
    this.keys = deviceKeys(newSeed(this.#random))
    this.#dataKey = newSeed(this.#random)
    this.person = spec.isCoordinator === true ? undefined : this.#foundPerson()
  }

  get isRunning(): boolean {
    return this.#device !== undefined
  }

  /** The running device. Throws NOT_RUNNING while the home is down. */
  get device(): Device {
    if (this.#device === undefined) throw new ChatError('NOT_RUNNING', `${this.spec.name} is down`)
    return this.#device
  }

  get personId(): PersonId | undefined {
    return this.person?.person
  }

  /** Change what its disk does wrong; holds over crashes. */
  get diskFaults(): MemoryDiskFaults {
    return this.#disk.faults
  }

  /** Starts the home on what its disk has. The world's clock must run for it to finish. */
  async start(): Promise<void> {
    const { name, plugins, config, skewMs } = this.spec
    this.#clock = new HomeClock(this.#world.clock, skewMs)
    const vault = openVault(this.#dataKey, this.#random)
    const device = await startDevice({
      clock: this.#clock,
      random: this.#random,
      network: this.host,
      files: this.files.at(this.#clock),
      store: await openStore({ disk: this.#disk, vault }),
      keys: this.keys,
      person: this.person,
      plugins,
      config: parseConfig(JSON.stringify(this.person === undefined ? { ...config } : { ...config, name })),
    })
    device.path.log.appended$.subscribe(({ event }) => this.#world.appended(this, event.id))
    this.#device = device
  }

  /** Stops the home as `ntm down` does. */
  async stop(): Promise<void> {
    const { device } = this
    this.#device = undefined
    await device.stop()
    this.#cutOff()
    this.#disk = this.#disk.reopen()
  }

  /**
   * Cuts the power: nothing that was planned happens, and of what was written and not synced only the oldest
   * `survivors` batches had reached the platter.
   */
  crash(survivors = 0): void {
    this.#device = undefined
    this.#disk = this.#disk.crash(survivors)
    this.#cutOff()
  }

  /** Its machine stands still until `wake`: it neither hears nor does anything. */
  sleep(): void {
    this.#clock.sleep()
    this.host.sleep()
  }

  wake(): void {
    this.#clock.wake()
    this.host.wake()
  }

  /** Calls a method as a command would. */
  call(method: string, params: unknown): Promise<unknown> {
    return this.device.house.call(method, params, new ClientLine())
  }

  /** Somebody who calls methods and may go before they are answered. */
  line(): { call(method: string, params: unknown): Promise<unknown>; hangUp(): void } {
    const line = new ClientLine()
    const { house } = this.device
    return { call: (method, params) => house.call(method, params, line), hangUp: () => line.hangUp() }
  }

  #slowness(): MemoryDiskFaults {
    const { syncMs } = this.spec
    if (syncMs === undefined) return {}
    const [least, most] = syncMs
    const { clock } = this.#world
    const random = this.#random.fork()
    const slowSync = (): Promise<void> =>
      new Promise(resolve => clock.after(least + (most - least) * random.next(), resolve))
    return { slowSync }
  }

  #cutOff(): void {
    this.#clock.kill()
    this.host.silence()
  }

  #foundPerson(): PersonFile {
    const random = (count: number): Uint8Array => this.#random.bytes(count)
    const recovery = signerOf(keyPairFromSeed(newSeed(this.#random))).device
    const { signer, keys } = this.keys
    const environment = { now: () => this.#clock.now(), random }
    const { person, founding } = foundPerson({ signer, tunnelKey: keys.tunnelKey, recovery }, environment)
    return { person, proof: [encodeSealed(founding)] }
  }
}
