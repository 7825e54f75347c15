/**
 * One device, running: its store, its data path and its plugins. A node, a coordinator and every device of the
 * simulator are started here, with the same plugins; only clock, chance, network and disk differ.
 */
import type { Opened } from '../events/envelope.ts'
import type { PersonId } from '../events/ids.ts'
import type { Disk } from '../store/disk.ts'
import { type LogStore, openStore } from '../store/log-store.ts'
import type { Vault } from '../store/vault.ts'
import { openSealed } from '../wire/open.ts'
import { decodeSealed, encodeSealed } from '../wire/sealed-codec.ts'
import { ChatError } from './api/errors.ts'
import { Clock, Identity, Keys, Network, Random } from './api/tokens.ts'
import { boot, type House, shared } from './boot.ts'
import type { HomeConfig } from './config.ts'
import type { Binding } from './container.ts'
import { DataPath } from './data-path.ts'
import type { DeviceKeys } from './keys.ts'
import type { AnyPlugin, Packages } from './loader.ts'
import { storeFailure } from './store-failure.ts'

export interface DeviceParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly disk: Disk
  readonly vault: Vault
  readonly keys: DeviceKeys
  /** The person's founding event, when this device is just being made. */
  readonly founding?: Opened
  readonly plugins: readonly AnyPlugin[]
  readonly config: HomeConfig
  readonly packages?: Packages
  /** Services of the process around it. */
  readonly services?: (device: { readonly path: DataPath; readonly store: LogStore }) => readonly Binding[]
}

export interface Device {
  readonly house: House
  readonly path: DataPath
  readonly store: LogStore
  /** Stops everything and closes the disk; safe twice. */
  stop(): Promise<void>
}

const KERNEL = 'ntm.kernel'
const FOUNDING = 'founding'
/** A coordinator belongs to nobody. */
const NOBODY = '0'.repeat(64) as PersonId

/** Resolves when every plugin runs or has said why not. Rejects with LOG_… and DISK_… errors. */
export const startDevice = async (parts: DeviceParts): Promise<Device> => {
  const store = await opened(parts)
  const founding = parts.founding ?? (await keptFounding(store))
  if (parts.founding !== undefined) await keepFounding(store, parts.founding)
  let path: DataPath | undefined
  const house = await boot({
    plugins: parts.plugins,
    config: parts.config,
    ...(parts.packages === undefined ? {} : { packages: parts.packages }),
    services: contributions => {
      const { clock, random } = parts
      const person = (founding?.id as string as PersonId | undefined) ?? NOBODY
      path = new DataPath({ clock, random, store, contributions, person, signer: parts.keys.signer })
      return [
        ...ownServices(parts, founding),
        ...path.bindings(),
        ...(parts.services?.({ path, store }) ?? []),
      ]
    },
    ready: async () => {
      await path?.start()
      if (founding !== undefined) await path?.log.adopt(founding)
    },
  })
  const dataPath = path!
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await house.stop()
    await dataPath.stop()
    await store.close()
  }
  return {
    house,
    path: dataPath,
    store,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

const opened = async ({ disk, vault }: DeviceParts): Promise<LogStore> => {
  try {
    return await openStore({ disk, vault })
  } catch (error) {
    throw storeFailure(error)
  }
}

const ownServices = (parts: DeviceParts, founding: Opened | undefined): readonly Binding[] => {
  const { clock, random, network, keys, config } = parts
  const services = [
    shared(Clock, clock),
    shared(Random, random),
    shared(Network, network),
    shared(Keys, keys.keys),
  ]
  if (founding === undefined || config.name === undefined) return services
  const { device, tunnelKey } = keys.keys
  const person = founding.id as string as PersonId
  const identity: Identity = { name: config.name, person, device, tunnelKey, proof: [encodeSealed(founding)] }
  return [...services, shared(Identity, identity)]
}

const keepFounding = (store: LogStore, founding: Opened): Promise<void> =>
  store.write([{ kind: 'own', plugin: KERNEL, key: FOUNDING, value: encodeSealed(founding) }], { sync: true })

const keptFounding = async (store: LogStore): Promise<Opened | undefined> => {
  const bytes = await store.own(KERNEL).get(FOUNDING)
  if (bytes === undefined) return undefined
  const sealed = decodeSealed(bytes)
  const event = sealed.ok ? openSealed(sealed.value) : sealed
  if (event.ok) return event.value
  throw new ChatError('LOG_DAMAGED', `the founding event of this person does not read back: ${event.why}`)
}
