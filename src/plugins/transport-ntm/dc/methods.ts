/** What an operator can ask of a running coordinator, over the local socket. */
import { type DeviceId, isId, type TunnelKey } from '../../../events/ids.ts'
import { isDomain, isName } from '../../../events/name.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import type { Method } from '../../../kernel/api/points.ts'
import { parseKey } from '../signalling/join.ts'
import { ACCESS_MODES, type Access, isAccessMode, isPattern, withoutPattern, withPattern } from './access.ts'
import type { DcService } from './service.ts'

const fieldOf = (params: unknown, key: string): unknown =>
  typeof params === 'object' && params !== null ? (params as Record<string, unknown>)[key] : undefined

function nameOf(params: unknown): string {
  const name = fieldOf(params, 'name')
  if (typeof name === 'string' && isName(name)) return name
  throw new ChatError('NAME_INVALID', 'the name to release is no domain name')
}

function patternOf(params: unknown): string {
  const pattern = fieldOf(params, 'pattern')
  if (typeof pattern === 'string' && isPattern(pattern)) return pattern
  throw new ChatError('USAGE', 'a pattern is a name, `*.domain`, the key of a relay or `*`')
}

function lifetimeOf(params: unknown): number | undefined {
  const lifetimeMs = fieldOf(params, 'lifetimeMs')
  if (lifetimeMs === undefined) return undefined
  if (Number.isSafeInteger(lifetimeMs) && (lifetimeMs as number) > 0) return lifetimeMs as number
  throw new ChatError('USAGE', 'the lifetime of a token is a number of milliseconds above zero')
}

function modeOf(params: unknown): Access['mode'] {
  const mode = fieldOf(params, 'mode')
  if (isAccessMode(mode)) return mode
  throw new ChatError('USAGE', `the access mode is one of ${ACCESS_MODES.join(', ')}`)
}

function placeOf(params: unknown): { readonly host: string; readonly port: number } {
  const [host, port] = [fieldOf(params, 'host'), fieldOf(params, 'port')]
  const isPort = Number.isInteger(port) && (port as number) > 0 && (port as number) <= 0xffff
  if (typeof host === 'string' && isDomain(host) && isPort) return { host, port: port as number }
  throw new ChatError('USAGE', 'an SRV record needs a host name and a port')
}

function keyOf<T extends string>(params: unknown, field: string): T {
  const text = fieldOf(params, field)
  const key = typeof text === 'string' ? parseKey<T>(text) : undefined
  if (key !== undefined) return key
  throw new ChatError('USAGE', `the ${field} of the successor is 32 bytes in base64url`)
}

function relayOf(params: unknown): TunnelKey {
  const relay = fieldOf(params, 'relay')
  if (typeof relay === 'string' && isId(relay)) return relay as TunnelKey
  throw new ChatError('USAGE', 'the key of a relay is 64 hexadecimal digits')
}

const method = (name: string, call: (params: unknown) => Promise<unknown>): Method => ({ name, call })

/**
 * - `dc.name.ls` -> { names: [{ name, person, state }] }
 * - `dc.name.release` { name }
 * - `dc.token.new` { lifetimeMs? } -> { token, expires }
 * - `dc.access.show`, `dc.access.set` { mode }, `dc.access.allow`, `dc.access.deny` and `dc.access.forget` { pattern }
 *   -> { mode, allow, deny }
 * - `dc.relay.ls` -> { relays: [{ relay, endpoints, state }] }, `dc.relay.remove` { relay }
 * - `dc.dns` { host, port } -> { service, srv, txt }
 * - `dc.succession` { key, identity } -> { txt }
 * - `dc.stats`
 */
export const dcMethods = (service: DcService): readonly Method[] => [
  method('dc.name.ls', async () => ({ names: service.listNames() })),
  method('dc.name.release', async params => service.releaseName(nameOf(params))),
  method('dc.token.new', async params => service.issueToken(lifetimeOf(params))),
  method('dc.access.show', async () => service.access),
  method('dc.access.set', async params => service.setAccess({ ...service.access, mode: modeOf(params) })),
  method('dc.access.allow', async params =>
    service.setAccess(withPattern(service.access, 'allow', patternOf(params))),
  ),
  method('dc.access.deny', async params =>
    service.setAccess(withPattern(service.access, 'deny', patternOf(params))),
  ),
  method('dc.access.forget', async params =>
    service.setAccess(withoutPattern(service.access, patternOf(params))),
  ),
  method('dc.relay.ls', async () => ({ relays: service.listRelays() })),
  method('dc.relay.remove', async params => service.removeRelay(relayOf(params))),
  method('dc.dns', async params => {
    const { host, port } = placeOf(params)
    return service.dnsRecords(host, port)
  }),
  method('dc.succession', async params =>
    service.succession(keyOf<TunnelKey>(params, 'key'), keyOf<DeviceId>(params, 'identity')),
  ),
  method('dc.stats', async () => service.stats()),
]
