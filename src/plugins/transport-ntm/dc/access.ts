/**
 * Who may register here: anybody, holders of an invite token, or a list. A pattern is a name, `*.domain` for
 * everything under it, the key of a relay, or `*`. What is denied stays denied whatever else allows it.
 */
import { isId } from '../../../events/ids.ts'
import { isDomain, isName, isUnder } from '../../../events/name.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { PATTERNS_MAX } from './limits.ts'

export const ACCESS_MODES = ['open', 'tokens', 'list'] as const
export type AccessMode = (typeof ACCESS_MODES)[number]

export interface Access {
  readonly mode: AccessMode
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

export const OPEN_ACCESS: Access = { mode: 'open', allow: [], deny: [] }

export const isAccessMode = (value: unknown): value is AccessMode => ACCESS_MODES.some(mode => mode === value)

export const isPattern = (text: string): boolean =>
  text === '*' || isName(text) || isId(text) || (text.startsWith('*.') && isDomain(text.slice(2)))

const matches = (pattern: string, name: string): boolean =>
  pattern === '*' || pattern === name || (pattern.startsWith('*.') && isUnder(name, pattern.slice(2)))

/** Of a name, or of a relay's key. `token`: one that is not here yet needs an invite token. */
export function judgeAccess(access: Access, name: string): 'allowed' | 'token' | 'refused' {
  if (access.deny.some(pattern => matches(pattern, name))) return 'refused'
  if (access.allow.some(pattern => matches(pattern, name))) return 'allowed'
  return access.mode === 'open' ? 'allowed' : access.mode === 'tokens' ? 'token' : 'refused'
}

/** The pattern on no list: whom it named is judged as anybody is. */
export function withoutPattern(access: Access, pattern: string): Access {
  const others = (patterns: readonly string[]) => patterns.filter(known => known !== pattern)
  return { ...access, allow: others(access.allow), deny: others(access.deny) }
}

/** The pattern on one list, and on no other. */
export function withPattern(access: Access, list: 'allow' | 'deny', pattern: string): Access {
  const cleared = withoutPattern(access, pattern)
  return { ...cleared, [list]: [...cleared[list], pattern].slice(-PATTERNS_MAX) }
}

export const encodeAccess = ({ mode, allow, deny }: Access): Uint8Array =>
  packData({ mode, allow: [...allow], deny: [...deny] })

const isPatterns = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(pattern => typeof pattern === 'string' && isPattern(pattern))

/** What was kept, or undefined if it cannot be read. */
export function decodeAccess(bytes: Uint8Array): Access | undefined {
  const read = readData(bytes)
  const { mode, allow, deny } = (read.ok ? (read.value ?? {}) : {}) as Record<string, unknown>
  return isAccessMode(mode) && isPatterns(allow) && isPatterns(deny) ? { mode, allow, deny } : undefined
}
