/**
 * A home's node in this process: opens the home, starts its device on the machine's own clock, network and disk,
 * and listens on the local socket. Commands run one for a moment, `ntm up` for as long as it is wanted.
 */
import { readFileSync } from 'node:fs'
import { placeOf } from '../../client/place-shell.ts'
import { ChatError } from '../api/errors.ts'
import type { NodeRuns } from '../api/local-socket.ts'
import type { AnyPlugin, PluginHealth } from '../api/plugin.ts'
import type { House } from '../boot.ts'
import { systemClock } from '../clock.ts'
import type { HomeConfig } from '../config.ts'
import { shared } from '../container.ts'
import { type Device, startDevice } from '../device.ts'
import { systemFileDisk } from '../file-disk-shell.ts'
import { type FoundedHome, openHome } from '../home-shell.ts'
import { installedPackages } from '../packages-shell.ts'
import { systemRandom } from '../random.ts'
import { kindOf, nameOf } from './home-kind.ts'
import { type Listening, listenLocally } from './listen-shell.ts'
import { NodeControl } from './methods/node-control.ts'
import { nodePlugin } from './methods/plugin.ts'
import { oversee } from './oversight-shell.ts'
import { ownNetwork } from './own-network-shell.ts'
import { startFailure } from './start-failure.ts'
import { callAtHome } from './whose-home.ts'

/** How a node runs. */
export interface Runs {
  readonly runs: NodeRuns
  /** Whether it makes a TUN device for the programs of this machine, whatever the home says. */
  readonly tun?: boolean
}

export interface NodeOptions extends Runs {
  readonly home: string
  readonly passphraseFile: string | undefined
}

export interface RunningNode {
  readonly name: string
  readonly device: Device
  /** Calls a method of this home, for whoever runs the node. */
  readonly call: House['call']
  /** Resolves when the node has stopped, whoever asked for it. */
  readonly stopped: Promise<void>
  /** Ends what visitors are waiting for and stops. */
  stop(): Promise<void>
  /** Stops as soon as the last visitor is served. */
  finish(): Promise<void>
}

/** The passphrase from the file, or from the environment, or none. */
export const passphraseOf = (file: string | undefined): string | undefined => {
  if (file === undefined) return process.env.NTM_PASSPHRASE
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw new ChatError('PASSPHRASE', `the passphrase file ${file} cannot be read`, { cause })
  }
}

/** Gives the transport what the home says about coordinator and socket. */
const settled = (config: HomeConfig, runs: NodeRuns, tun: boolean): HomeConfig => {
  const own = config.plugins['ntm.transport']
  if (runs === 'offline' || own === false)
    return { ...config, plugins: { ...config.plugins, 'ntm.transport': false } }
  const given = (own?.config ?? {}) as { readonly tun?: unknown }
  // A node that runs for the length of a command makes no device for it.
  const hasTun = runs === 'up' ? tun || given.tun : false
  const settings = {
    dc: config.dc,
    listen: config.listen,
    ...given,
    ...(hasTun !== given.tun && { tun: hasTun }),
  }
  return { ...config, plugins: { ...config.plugins, 'ntm.transport': { ...own, config: settings } } }
}

// Each kind of home loads only its own.
const nodePlugins = async () => (await import('../../plugins/first-party.ts')).NODE_PLUGINS
const relayPlugins = async () => (await import('../../plugins/first-party-relay.ts')).RELAY_PLUGINS
const coordinatorPlugins = async ({ plugins }: HomeConfig) => {
  const lists = await import('../../plugins/first-party-coordinator.ts')
  const tunnel = plugins['ntm.dc-tunnel']
  const { relay } = ((tunnel !== false && tunnel?.config) || {}) as { readonly relay?: unknown }
  return relay === true ? lists.COORDINATOR_RELAY_PLUGINS : lists.COORDINATOR_PLUGINS
}
const pluginsOf = (home: FoundedHome): Promise<readonly AnyPlugin[]> => {
  const kind = kindOf(home)
  if (kind === 'person') return nodePlugins()
  return kind === 'relay' ? relayPlugins() : coordinatorPlugins(home.config)
}

const deviceOf = async (
  home: FoundedHome,
  { runs, tun = false }: Runs,
  stop: () => void,
): Promise<Device> => {
  const network = ownNetwork()
  const store = await (runs === 'offline' ? home.readLog() : home.openLog())
  const isPerson = home.person !== undefined
  const name = nameOf(home)
  return startDevice({
    ...{ clock: systemClock, random: systemRandom, network, files: systemFileDisk, store },
    keys: home.keys,
    person: home.person,
    plugins: [nodePlugin, ...(await pluginsOf(home))],
    config: isPerson ? settled(home.config, runs, tun) : home.config,
    packages: installedPackages(home.directory),
    oversight: await oversee(home),
    services: path => [
      shared(NodeControl, {
        ...{ name, runs, atRest: home.atRest, stop },
        events: () => store.lastPosition,
        disk: () => (store.damage === undefined ? path.disk.current : 'damaged'),
        verify: () => store.verify(),
        replay: () => path.replay(),
      }),
    ],
  })
}

/** Runs the node of a home that is opened already. Rejects with LOG_LOCKED while another process has its log. */
export const runHome = async (home: FoundedHome, how: Runs): Promise<RunningNode> => {
  let listening: Listening | undefined
  let ended = () => {}
  const stopped = new Promise<void>(done => {
    ended = done
  })
  const device = await deviceOf(home, how, () => setImmediate(() => end(false)))
  const end = async (isPatient: boolean): Promise<void> => {
    await listening?.close(isPatient)
    await device.stop().finally(ended)
  }
  const name = nameOf(home)
  const call: House['call'] = (...asked) => callAtHome(device.house, home, ...asked)
  listening = await listenLocally(placeOf(home.directory), {
    about: { pid: process.pid, name, runs: how.runs },
    call,
  })
  return { name, device, call, stopped, stop: () => end(false), finish: () => end(true) }
}

/** Tells of everything since the start, too. Only once the node stays: a failed start is one sentence and no log. */
export const tellNotices = async ({ name, device }: RunningNode): Promise<void> =>
  (await import('./notices-shell.ts')).logNotices(name, device)

/** A transport that only lacks another plugin is told of like any other; the rest of the node is of use without. */
const failedTransport = ({ device }: RunningNode): PluginHealth | undefined =>
  device.house.health
    .plugins()
    .find(
      ({ id, state, code }) =>
        id === 'ntm.transport' &&
        (state === 'quarantined' || state === 'refused') &&
        code !== 'PLUGIN_NEEDS_MISSING',
    )

/** Rejects with HOME_EMPTY, PASSPHRASE, LOG_LOCKED and the like, and with what keeps the transport from running. */
export const runNode = async (options: NodeOptions): Promise<RunningNode> => {
  const home = await openHome(options.home, systemRandom, passphraseOf(options.passphraseFile))
  const node = await runHome(home, options)
  const failed = failedTransport(node)
  if (failed === undefined) {
    if (options.runs === 'up') await tellNotices(node)
    return node
  }
  // What the disk says now is the consequence of what it said before.
  await node.stop().catch(() => undefined)
  throw startFailure(failed)
}
