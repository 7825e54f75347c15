/** Runs a coordinator in this process, and the other roles that it is to play there. */
import { isDomain } from '../../events/name.ts'
import { ChatError } from '../api/errors.ts'
import type { HomeConfig } from '../config.ts'
import { preferMemoryToSpeed, preferSpeedToMemory } from './memory-shell.ts'
import {
  hostPort,
  listenAt,
  type Served,
  type StreamOptions,
  serveHome,
  streamConfig,
} from './serve-home-shell.ts'

export interface ServeDcOptions extends StreamOptions {
  readonly home: string
  readonly passphraseFile: string | undefined
  readonly domain: string
  /** HOST:PORT, one for each address family; port 0 picks one. */
  readonly listen: readonly string[]
  /** HOST:PORT, several for several addresses; the first stands in the join string. */
  readonly advertise: readonly string[]
  readonly roles: readonly string[]
}

export interface ServedDc extends Pick<Served<unknown>, 'stopped' | 'stop'> {
  readonly ready: {
    readonly type: 'ready'
    readonly domain: string
    readonly address: string
    readonly join: string
    readonly roles: readonly string[]
  }
  /** Nobody said by which address others reach it: the join string names one of this host. */
  readonly isChosen: boolean
  /** Roles asked for that this build does not have. */
  readonly missingRoles: readonly string[]
}

const KNOWN_ROLES = ['relay', 'mailbox']
const ROLES_HERE = ['relay']

const checkRoles = (roles: readonly string[]): void => {
  const unknown = roles.find(role => !KNOWN_ROLES.includes(role))
  if (unknown !== undefined)
    throw new ChatError('USAGE', `there is no role "${unknown}"; known are ${KNOWN_ROLES.join(', ')}`)
}

const pluginsOf = (options: ServeDcOptions): HomeConfig['plugins'] => {
  const { listen, advertise, roles, domain } = options
  const places = { listen: listen.map(listenAt), advertise: advertise.map(text => hostPort(text, 1)) }
  const relay = roles.includes('relay')
  return {
    'ntm.dc-tunnel': { config: { ...places, relay, ...streamConfig(options) } },
    'ntm.dc': { config: { domain } },
  }
}

const checkDomain = ({ plugins }: HomeConfig, domain: string): void => {
  const kept = plugins['ntm.dc']
  const keptDomain = kept === false ? undefined : (kept?.config as { domain?: string } | undefined)?.domain
  if (keptDomain !== domain)
    throw new ChatError(
      'HOME_IN_USE',
      `this home is the DC of ${keptDomain ?? 'no domain'}, not of ${domain}`,
    )
}

/** Rejects with USAGE, HOME_IN_USE, PORT_IN_USE and the like. */
export const serveDc = async (options: ServeDcOptions): Promise<ServedDc> => {
  const { domain } = options
  checkRoles(options.roles)
  const roles = ROLES_HERE.filter(role => options.roles.includes(role))
  if (roles.length === 0) preferMemoryToSpeed()
  else preferSpeedToMemory()
  if (!isDomain(domain)) throw new ChatError('NAME_INVALID', `"${domain}" cannot be a domain`)
  const plugins = pluginsOf(options)
  const { told, stopped, stop } = await serveHome<{ address: string; join: string; isChosen: boolean }>({
    ...{ home: options.home, passphraseFile: options.passphraseFile, kind: 'coordinator' },
    ...{ plugins, kept: plugins, method: 'dc.address' },
    check: config => checkDomain(config, domain),
  })
  const { isChosen, ...place } = told
  return {
    ready: { type: 'ready', domain, ...place, roles: ['dc', ...roles] },
    isChosen,
    missingRoles: options.roles.filter(role => !ROLES_HERE.includes(role)),
    ...{ stopped, stop },
  }
}
