/**
 * Runs what serves others in this process: a coordinator, a relay. Its home is made at the first start; its keys and
 * what it keeps live there, so that a restart on the same home is the same one.
 */
import { readdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ChatError } from '../api/errors.ts'
import { ClientLine } from '../client-line.ts'
import type { HomeConfig } from '../config.ts'
import { draftHome, type FoundedHome, openHome } from '../home-shell.ts'
import { systemRandom } from '../random.ts'
import { type HomeKind, kindOf } from './home-kind.ts'
import { passphraseOf, runHome, tellNotices } from './node-shell.ts'
import { startFailure } from './start-failure.ts'

export interface ServeHomeOptions {
  readonly home: string
  readonly passphraseFile: string | undefined
  readonly kind: Exclude<HomeKind, 'person'>
  /** What the command line says of plugins; it goes before what the home kept. */
  readonly plugins: HomeConfig['plugins']
  /** What a new home keeps of that. */
  readonly kept: HomeConfig['plugins']
  /** Throws when the home that was found is not the one that is meant. */
  readonly check?: (config: HomeConfig) => void
  /** Asked once it runs: what the ready line tells. */
  readonly method: string
}

export interface Served<T> {
  readonly told: T
  readonly stopped: Promise<void>
  stop(): Promise<void>
}

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/

/** What a person typed as HOST:PORT. Throws USAGE. */
export const hostPort = (text: string, portMin: number): { host: string; port: number } => {
  const match = HOST_PORT.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < portMin || port > 0xffff)
    throw new ChatError('USAGE', `"${text}" is not HOST:PORT`, {
      hint: 'for example 0.0.0.0:4500 or [::]:4500',
    })
  return { host: match[1] ?? match[2] ?? '', port }
}

/** The same as an address that a socket can be bound to. */
export const listenAt = (text: string): { address: string; port: number } => {
  const { host, port } = hostPort(text, 0)
  return { address: host === 'localhost' ? '127.0.0.1' : host, port }
}

/** How TCP is listened on, as the command line says it. */
export interface StreamOptions {
  /** HOST:PORT, besides the ports of the sockets. */
  readonly tcp?: readonly string[] | undefined
  readonly tlsCert?: string | undefined
  readonly tlsKey?: string | undefined
}

/** The same as settings of the plugin that listens. Throws USAGE. */
export const streamConfig = ({ tcp = [], tlsCert, tlsKey }: StreamOptions) => {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new ChatError('USAGE', 'a certificate needs its key, and a key its certificate', {
      hint: 'give both --tls-cert and --tls-key',
    })
  const tls = tlsCert && tlsKey ? { tls: { certFile: resolve(tlsCert), keyFile: resolve(tlsKey) } } : {}
  return { ...(tcp.length === 0 ? {} : { tcp: tcp.map(listenAt) }), ...tls }
}

const isThere = async (home: string): Promise<boolean> => (await readdir(home).catch(() => [])).length > 0

const foundServingHome = async (
  home: string,
  plugins: HomeConfig['plugins'],
  passphrase: string | undefined,
) => {
  const draft = await draftHome(home, systemRandom, passphrase === undefined ? undefined : { passphrase })
  try {
    await (await draft.openLog()).close()
    await draft.found({ plugins })
  } catch (error) {
    await draft.discard()
    throw error
  }
}

const WHAT: Readonly<Record<HomeKind, string>> = { person: 'a person', coordinator: 'a DC', relay: 'a relay' }

/** TCP is switched off in the config of a home, and no command line says it again. */
const keepSwitch = (kept: HomeConfig['plugins'], said: HomeConfig['plugins']): HomeConfig['plugins'] => {
  const withSwitch = ([id, choice]: [string, HomeConfig['plugins'][string]]) => {
    const before = kept[id]
    const { streams } = (before === false ? {} : (before?.config ?? {})) as { streams?: unknown }
    if (choice === false || streams === undefined) return [id, choice]
    return [id, { ...choice, config: { ...(choice?.config as object), streams } }]
  }
  return Object.fromEntries(Object.entries(said).map(withSwitch))
}

/** `takeBack` takes away what was founded here, if it never comes to serve: the next try may be for another domain. */
const openServingHome = async (options: ServeHomeOptions) => {
  const { home: place, passphraseFile, kind, plugins, kept, check } = options
  const passphrase = passphraseOf(passphraseFile)
  const isNew = !(await isThere(place))
  if (isNew) await foundServingHome(place, kept, passphrase)
  const home = await openHome(place, systemRandom, passphrase)
  const found = kindOf(home)
  if (found !== kind)
    throw new ChatError('HOME_IN_USE', `${place} is the home of ${WHAT[found]}, not of ${WHAT[kind]}`)
  check?.(home.config)
  const merged = { ...home.config.plugins, ...keepSwitch(home.config.plugins, plugins) }
  return {
    home: { ...home, config: { ...home.config, plugins: merged } },
    takeBack: async (): Promise<void> => {
      if (isNew) await rm(home.directory, { recursive: true, force: true })
    },
  }
}

/** What serves goes on without it. */
const isThirdParty = ({ config: { plugins } }: FoundedHome, id: string): boolean => {
  const choice = plugins[id]
  return choice !== undefined && choice !== false && choice.package !== undefined
}

/** Rejects with USAGE, HOME_IN_USE, PORT_IN_USE and the like. */
export const serveHome = async <T>(options: ServeHomeOptions): Promise<Served<T>> => {
  const { home, takeBack } = await openServingHome(options)
  const node = await runHome(home, { runs: 'up' })
  try {
    const failed = node.device.house.health
      .plugins()
      .find(({ id, state }) => state !== 'running' && state !== 'off' && !isThirdParty(home, id))
    if (failed !== undefined) throw startFailure(failed)
    const told = (await node.device.house.call(options.method, {}, new ClientLine())) as T
    await tellNotices(node)
    return { told, stopped: node.stopped, stop: () => node.stop() }
  } catch (error) {
    await node.stop().catch(() => undefined)
    await takeBack()
    throw error
  }
}
