/**
 * Runs a coordinator in this process. Its home is made at the first start; its names, tokens and keys live there,
 * so that a restart on the same home is the same coordinator.
 */

import { readdir, rm } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { isDomain } from '../../events/name.ts'
import { ChatError } from '../api/errors.ts'
import { ClientLine } from '../client-line.ts'
import type { HomeConfig } from '../config.ts'
import { draftHome, openHome } from '../home-shell.ts'
import { systemRandom } from '../random.ts'
import { passphraseOf, runHome, tellNotices } from './node-shell.ts'
import { startFailure } from './start-failure.ts'

export interface ServeDcOptions {
  readonly home: string
  readonly passphraseFile: string | undefined
  readonly domain: string
  /** HOST:PORT; port 0 picks one. */
  readonly listen: string
  readonly advertise: string | undefined
  readonly roles: readonly string[]
}

export interface ServedDc {
  readonly ready: {
    readonly type: 'ready'
    readonly domain: string
    readonly address: string
    readonly join: string
    readonly roles: readonly string[]
  }
  /** Roles asked for that this build does not have. */
  readonly missingRoles: readonly string[]
  readonly stopped: Promise<void>
  stop(): Promise<void>
}

const KNOWN_ROLES = ['relay', 'mailbox']
const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/

const hostPort = (text: string, portMin: number): { host: string; port: number } => {
  const match = HOST_PORT.exec(text)
  const port = Number(match?.[3])
  if (match === null || port < portMin || port > 0xffff)
    throw new ChatError('USAGE', `"${text}" is not HOST:PORT`, {
      hint: 'for example 0.0.0.0:4500 or [::]:4500',
    })
  return { host: match[1] ?? match[2] ?? '', port }
}

const checkRoles = (roles: readonly string[]): void => {
  const unknown = roles.find(role => !KNOWN_ROLES.includes(role))
  if (unknown !== undefined)
    throw new ChatError('USAGE', `there is no role "${unknown}"; known are ${KNOWN_ROLES.join(', ')}`)
}

const configOf = (options: ServeDcOptions): HomeConfig['plugins'] => {
  const { host, port } = hostPort(options.listen, 0)
  const listen = { address: host === 'localhost' ? '127.0.0.1' : host, port }
  const advertise = options.advertise === undefined ? {} : { advertise: hostPort(options.advertise, 1) }
  return {
    'ntm.dc-tunnel': { config: { listen, ...advertise } },
    'ntm.dc': { config: { domain: options.domain } },
  }
}

const isThere = async (home: string): Promise<boolean> => (await readdir(home).catch(() => [])).length > 0

const foundDcHome = async (home: string, plugins: HomeConfig['plugins'], passphrase: string | undefined) => {
  const draft = await draftHome(home, systemRandom, passphrase === undefined ? undefined : { passphrase })
  try {
    await (await draft.openLog()).close()
    await draft.found({ plugins })
  } catch (error) {
    await draft.discard()
    throw error
  }
}

/** `takeBack` takes away what was founded here, if it never comes to serve: the next try may be for another domain. */
const openDcHome = async (options: ServeDcOptions) => {
  const passphrase = passphraseOf(options.passphraseFile)
  const plugins = configOf(options)
  const isNew = !(await isThere(options.home))
  if (isNew) await foundDcHome(options.home, plugins, passphrase)
  const home = await openHome(options.home, systemRandom, passphrase)
  if (home.person !== undefined)
    throw new ChatError('HOME_IN_USE', `${options.home} is the home of a person, not of a DC`)
  const kept = home.config.plugins['ntm.dc']
  const keptDomain = kept === false ? undefined : (kept?.config as { domain?: string } | undefined)?.domain
  if (keptDomain !== options.domain)
    throw new ChatError(
      'HOME_IN_USE',
      `this home is the DC of ${keptDomain ?? 'no domain'}, not of ${options.domain}`,
    )
  return {
    home: { ...home, config: { ...home.config, plugins: { ...home.config.plugins, ...plugins } } },
    takeBack: async (): Promise<void> => {
      if (isNew) await rm(home.directory, { recursive: true, force: true })
    },
  }
}

/**
 * A coordinator keeps little for many and is idle most of the time. Left alone, V8 spends as much again as that on
 * room for garbage (32 MB for its young generation alone) and never gives it back.
 */
const preferMemoryToSpeed = (): void => setFlagsFromString('--optimize-for-size')

/** A coordinator goes on without it. */
const isThirdParty = ({ plugins }: HomeConfig, id: string): boolean => {
  const choice = plugins[id]
  return choice !== undefined && choice !== false && choice.package !== undefined
}

/** Rejects with USAGE, HOME_IN_USE, PORT_IN_USE and the like. */
export const serveDc = async (options: ServeDcOptions): Promise<ServedDc> => {
  preferMemoryToSpeed()
  checkRoles(options.roles)
  if (!isDomain(options.domain)) throw new ChatError('NAME_INVALID', `"${options.domain}" cannot be a domain`)
  const { home, takeBack } = await openDcHome(options)
  const node = await runHome(home, 'up')
  const caller = new ClientLine()
  try {
    const failed = node.device.house.health
      .plugins()
      .find(({ id, state }) => state !== 'running' && state !== 'off' && !isThirdParty(home.config, id))
    if (failed !== undefined) throw startFailure(failed)
    const address = (await node.device.house.call('dc.address', {}, caller)) as {
      address: string
      join: string
    }
    await tellNotices(node)
    return {
      ready: { type: 'ready', domain: options.domain, ...address, roles: ['dc'] },
      missingRoles: options.roles,
      stopped: node.stopped,
      stop: () => node.stop(),
    }
  } catch (error) {
    await node.stop().catch(() => undefined)
    await takeBack()
    throw error
  }
}
