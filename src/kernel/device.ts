/**
 * One device, running: its store, its data path and its plugins. A node, a coordinator and every device of the
 * simulator are started here, with the same plugins; only clock, chance, network and disk differ.
 */
import { type Observable, ReplaySubject } from 'rxjs'
import type { PersonId } from '../events/ids.ts'
import type { LogStore } from '../store/log-store.ts'
import { openSealed } from '../wire/open.ts'
import { decodeSealed } from '../wire/sealed-codec.ts'
import { ChatError } from './api/errors.ts'
import { FileDisk } from './api/file-disk.ts'
import { Clock, Identity, Keys, Network, Random } from './api/tokens.ts'
import { boot, type House, shared } from './boot.ts'
import type { HomeConfig } from './config.ts'
import type { Binding } from './container.ts'
import type { LiveContributions } from './contributions.ts'
import { DataPath } from './data-path.ts'
import type { PersonFile } from './home.ts'
import type { DeviceKeys } from './keys.ts'
import type { AnyPlugin, Packages } from './loader.ts'
import type { Oversight } from './oversight.ts'

export interface DeviceParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  /** Absent: nothing is written beside the log, and plugins that need it are refused. */
  readonly files?: FileDisk
  /** Opened; the device closes it when it stops. */
  readonly store: LogStore
  readonly keys: DeviceKeys
  /** Undefined for a coordinator, which is nobody's. */
  readonly person: PersonFile | undefined
  readonly plugins: readonly AnyPlugin[]
  readonly config: HomeConfig
  readonly packages?: Packages
  readonly oversight?: Oversight | undefined
  /** Services of the process around it. */
  readonly services?: (path: DataPath) => readonly Binding[]
}

export interface Device {
  readonly house: House
  readonly path: DataPath
  /** One sentence for each thing that whoever runs this device should know, the last ones since the start too. */
  readonly notice$: Observable<string>
  /** Stops everything and closes the log; safe twice. */
  stop(): Promise<void>
}

/** Sentences remembered for who listens only once the device runs. */
const NOTICES_MAX = 100

const NOBODY = '0'.repeat(64) as PersonId

/** Resolves when every plugin runs or has said why not. Rejects with LOG_… and DISK_… errors, the store closed. */
export const startDevice = async (parts: DeviceParts): Promise<Device> => {
  const { store, plugins, config, packages, oversight, person } = parts
  const notices = new ReplaySubject<string>(NOTICES_MAX)
  const tell = (sentence: string): void => notices.next(sentence)
  let path: DataPath | undefined
  try {
    const house = await boot({
      ...{ plugins, config, oversight, tell },
      ...(packages === undefined ? {} : { packages }),
      services: contributions => {
        path = dataPathOf(parts, contributions, tell)
        return [...ownServices(parts), ...path.bindings(), ...(parts.services?.(path) ?? [])]
      },
      ready: async () => {
        await path?.start()
        if (person !== undefined) await path?.log.adopt(foundingOf(person))
      },
    })
    return runningDevice(house, path!, store, notices)
  } catch (error) {
    // What the disk says now is the consequence of what it said before.
    await path?.stop().catch(() => undefined)
    await store.close()
    throw error
  }
}

const dataPathOf = (
  { clock, random, store, keys, person }: DeviceParts,
  contributions: LiveContributions,
  tell: (sentence: string) => void,
): DataPath => {
  const owner = person?.person ?? NOBODY
  return new DataPath({ clock, random, store, contributions, person: owner, signer: keys.signer, tell })
}

const runningDevice = (
  house: House,
  path: DataPath,
  store: LogStore,
  notices: ReplaySubject<string>,
): Device => {
  let stopping: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await house.stop()
    try {
      await path.stop()
    } finally {
      await store.close()
      notices.complete()
    }
  }
  return {
    house,
    path,
    notice$: notices.asObservable(),
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

const ownServices = ({
  clock,
  random,
  network,
  files,
  keys,
  config,
  person,
}: DeviceParts): readonly Binding[] => {
  const { device, tunnelKey } = keys.keys
  const services = [
    shared(Clock, clock),
    shared(Random, random),
    shared(Network, network),
    shared(Keys, keys.keys),
    ...(files === undefined ? [] : [shared(FileDisk, files)]),
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
