/**
 * One device, running: its store, its data path and its plugins. A node, a coordinator and every device of the
 * simulator are started here, with the same plugins; only clock, chance, network and disk differ.
 */
import type { PersonId } from '../events/ids.ts'
import type { LogStore } from '../store/log-store.ts'
import { openSealed } from '../wire/open.ts'
import { decodeSealed } from '../wire/sealed-codec.ts'
import { ChatError } from './api/errors.ts'
import { Clock, Identity, Keys, Network, Random } from './api/tokens.ts'
import { boot, type House, shared } from './boot.ts'
import type { HomeConfig } from './config.ts'
import type { Binding } from './container.ts'
import { DataPath } from './data-path.ts'
import type { PersonFile } from './home.ts'
import type { DeviceKeys } from './keys.ts'
import type { AnyPlugin, Packages } from './loader.ts'

export interface DeviceParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** Opened; the device closes it when it stops. */
  readonly store: LogStore
  readonly keys: DeviceKeys
  /** Undefined for a coordinator, which is nobody's. */
  readonly person: PersonFile | undefined
  readonly plugins: readonly AnyPlugin[]
  readonly config: HomeConfig
  readonly packages?: Packages
  /** Services of the process around it. */
  readonly services?: (path: DataPath) => readonly Binding[]
}

export interface Device {
  readonly house: House
  readonly path: DataPath
  /** Stops everything and closes the log; safe twice. */
  stop(): Promise<void>
}

const NOBODY = '0'.repeat(64) as PersonId

/** Resolves when every plugin runs or has said why not. Rejects with LOG_… and DISK_… errors. */
export const startDevice = async (parts: DeviceParts): Promise<Device> => {
  const { clock, random, store, keys, person, plugins, config, packages } = parts
  let made: DataPath | undefined
  const house = await boot({
    plugins,
    config,
    ...(packages === undefined ? {} : { packages }),
    services: contributions => {
      const owner = person?.person ?? NOBODY
      made = new DataPath({ clock, random, store, contributions, person: owner, signer: keys.signer })
      return [...ownServices(parts), ...made.bindings(), ...(parts.services?.(made) ?? [])]
    },
    ready: async () => {
      await made?.start()
      if (person !== undefined) await made?.log.adopt(foundingOf(person))
    },
  })
  const path = made!
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await house.stop()
    await path.stop()
    await store.close()
  }
  return {
    house,
    path,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

const ownServices = ({ clock, random, network, keys, config, person }: DeviceParts): readonly Binding[] => {
  const { device, tunnelKey } = keys.keys
  const services = [
    shared(Clock, clock),
    shared(Random, random),
    shared(Network, network),
    shared(Keys, keys.keys),
  ]
  if (person === undefined || config.name === undefined) return services
  return [...services, shared(Identity, { name: config.name, ...person, device, tunnelKey })]
}

const foundingOf = ({ proof }: PersonFile) => {
  const sealed = decodeSealed(proof[0]!)
  const event = sealed.ok ? openSealed(sealed.value) : sealed
  if (event.ok) return event.value
  throw new ChatError('LOG_DAMAGED', `the founding event of this person does not read back: ${event.why}`)
}
