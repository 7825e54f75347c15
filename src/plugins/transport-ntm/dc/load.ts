/**
 * Reads back what a coordinator kept. An entry that cannot be read is counted and left alone, never fatal.
 */
import { isId, type TunnelKey } from '../../../events/ids.ts'
import type { Keyspace } from '../../../kernel/api/tokens.ts'
import { decodeEndpoint } from '../../../wire/endpoint.ts'
import { type Access, decodeAccess, OPEN_ACCESS } from './access.ts'
import type { Addresses } from './addresses.ts'
import { KEYS, PREFIXES } from './keys.ts'
import { decodeNameEntry, type Names } from './names.ts'
import type { Recall } from './recall.ts'
import type { Tokens } from './tokens.ts'

interface Stores {
  readonly names: Names
  readonly tokens: Tokens
  readonly addresses: Addresses
  readonly recall: Recall
  /** Relays that came in by a token. */
  readonly admitted: Set<TunnelKey>
}

/**
 * Rules that cannot be read let nobody in: a coordinator that was closed must not open because of a bad
 * sector.
 */
const NOBODY: Access = { mode: 'list', allow: [], deny: [] }

export async function loadKept(
  keyspace: Keyspace,
  { names, tokens, addresses, recall, admitted }: Stores,
): Promise<{ readonly access: Access; readonly damaged: number }> {
  let damaged = 0
  const each = async (prefix: string, take: (rest: string, kept: Uint8Array) => boolean) => {
    for await (const [key, kept] of keyspace.list(prefix))
      if (!take(key.slice(prefix.length), kept)) damaged += 1
  }
  await each(PREFIXES.name, (name, kept) => {
    const read = decodeNameEntry(kept)
    if (read?.name !== name) return false
    names.put(name, read.entry)
    return true
  })
  await each(PREFIXES.address, (owner, kept) => addresses.load(owner, kept))
  await each(PREFIXES.token, (hash, kept) => tokens.load(hash, kept))
  await each(PREFIXES.endpoint, (tunnelKey, kept) => {
    const endpoint = decodeEndpoint(kept)
    if (endpoint.ok) recall.load(tunnelKey as TunnelKey, endpoint.value)
    return endpoint.ok
  })
  await each(PREFIXES.relay, relay => {
    if (isId(relay)) admitted.add(relay as TunnelKey)
    return isId(relay)
  })
  const kept = await keyspace.get(KEYS.access)
  const access = kept === undefined ? OPEN_ACCESS : decodeAccess(kept)
  return { access: access ?? NOBODY, damaged: access === undefined ? damaged + 1 : damaged }
}
