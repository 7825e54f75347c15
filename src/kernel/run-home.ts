/**
 * A home becomes a running house: the kernel's services over its log and keys, then the plugins. Nodes, the DC
 * and simulated homes differ in nothing but the clock, chance, network and disk that they bring.
 */
import { type DeviceId, NO_STREAM, type PersonId } from '../events/ids.ts'
import type { LogStore } from '../store/log-store.ts'
import { openSealed } from '../wire/open.ts'
import { decodeSealed } from '../wire/sealed-codec.ts'
import { Clock, Identity, Keys, Network, Random } from './api/index.ts'
import { boot, type House, shared } from './boot.ts'
import type { HomeConfig } from './config.ts'
import type { Binding } from './container.ts'
import { DataPath } from './data-path.ts'
import type { PersonFile } from './home.ts'
import type { DeviceKeys } from './keys.ts'
import type { AnyPlugin, Packages } from './loader.ts'
import type { OwnLog } from './log.ts'

export interface HomeParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly keys: DeviceKeys
  /** Undefined for a coordinator: then nobody gets an `Identity`. */
  readonly person: PersonFile | undefined
  readonly config: HomeConfig
  /** Closed by `stop`, and when the house cannot be built. */
  readonly store: LogStore
  readonly plugins: readonly AnyPlugin[]
  readonly packages?: Packages
  /** Services of this process, such as its local socket's. */
  readonly services?: (path: DataPath) => readonly Binding[]
}

export interface RunningHome {
  readonly house: House
  readonly path: DataPath
  /** Stops the plugins, finishes what was asked for, closes the log. Resolves with complaints, as the house does. */
  stop(): Promise<readonly string[]>
}

const NOBODY = NO_STREAM as string as PersonId

export async function runHome(parts: HomeParts): Promise<RunningHome> {
  const { clock, random, keys, person, config, store, plugins, packages } = parts
  let path!: DataPath
  const house = await boot({
    services: contributions => {
      const { signer } = keys
      path = new DataPath({ clock, random, signer, person: person?.person ?? NOBODY, store, contributions })
      return [...ambient(parts), ...path.bindings(), ...(parts.services?.(path) ?? [])]
    },
    ready: async () => {
      await path.start()
      if (person !== undefined) await adoptFounding(path.log, person, keys.keys.device)
    },
    plugins,
    config,
    ...(packages && { packages }),
  }).catch(async error => {
    await store.close().catch(() => undefined)
    throw error
  })
  return {
    house,
    path,
    stop: async () => {
      const complaints = await house.stop()
      await path.stop()
      await store.close()
      return complaints
    },
  }
}

function ambient({ clock, random, network, keys: { keys }, person, config }: HomeParts): readonly Binding[] {
  const services = [
    shared(Clock, clock),
    shared(Random, random),
    shared(Network, network),
    shared(Keys, keys),
  ]
  if (person === undefined) return services
  const { device, tunnelKey } = keys
  return [...services, shared(Identity, { name: config.name ?? '', device, tunnelKey, ...person })]
}

/** The person's founding event lies in the log of the device that founded it. */
async function adoptFounding(log: OwnLog, { proof }: PersonFile, device: DeviceId): Promise<void> {
  const parts = decodeSealed(proof[0]!)
  const founding = parts.ok ? openSealed(parts.value) : parts
  if (founding.ok && founding.value.envelope.author === device) await log.adopt(founding.value)
}
