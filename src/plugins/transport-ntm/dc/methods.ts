/** What an operator can ask of a running coordinator, over the local socket. */
import { isName } from '../../../events/name.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import type { Method } from '../../../kernel/api/points.ts'
import { ACCESS_MODES, type Access, isAccessMode, isPattern, withPattern } from './access.ts'
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
  throw new ChatError('USAGE', 'a pattern is a name, `*.domain` or `*`')
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

const method = (name: string, call: (params: unknown) => Promise<unknown>): Method => ({ name, call })

/**
 * `dc.name.ls` -> { names: [{ name, person, state }] } · `dc.name.release` { name } · `dc.token.new`
 * { lifetimeMs? } -> { token, expires } · `dc.access.show` · `dc.access.set` { mode } · `dc.access.allow` and
 * `dc.access.deny` { pattern } -> { mode, allow, deny } · `dc.stats`.
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
  method('dc.stats', async () => service.stats()),
]
