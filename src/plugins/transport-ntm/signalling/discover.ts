/**
 * Finding the coordinator of a domain, and holding on to its key. DNS says where (`_ntm._udp.DOMAIN`, SRV and
 * TXT), but DNS is not trusted twice: a key once seen is pinned, and another one is followed only if the old
 * identity signed it (SPEC.md §5). A join string needs none of this.
 */
import { type DeviceId, idToBytes, type TunnelKey } from '../../../events/ids.ts'
import { isDomain } from '../../../events/name.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import type { Network, SrvRecord } from '../../../kernel/api/tokens.ts'
import { SIGNATURE_BYTES } from '../../../wire/limits.ts'
import { verifyLabelled } from '../../../wire/signature.ts'
import { type Join, keyText, parseKey } from './join.ts'

export const SUCCESSION_LABEL = 'ntm.sig.dc-succession.1'

/** What is remembered of a domain's coordinator. `identity` is known after the first registration. */
export interface DcPin {
  readonly tunnelKey: TunnelKey
  readonly identity: DeviceId | undefined
}

/** What DNS says: where, which key, and why to believe it if the key is not the pinned one. */
export interface Found extends Join {
  readonly identity: DeviceId | undefined
  /** By the former identity, over domain, new tunnel key and new identity. */
  readonly succession: Uint8Array | undefined
}

export type DiscoveryFault = 'no-srv' | 'no-key' | 'several-keys' | 'key-malformed' | 'domain-invalid'

const RECORDS_MAX = 16
const TXT_MAX_CHARACTERS = 255
const TXT_VERSION = 'ntm1'

/**
 * `ntm1 key=… [id=… sig=…]`: the key, and when it follows another, the new identity and the old one's
 * signature.
 */
export function formatTxt(found: Pick<Found, 'key' | 'identity' | 'succession'>): string {
  const { key, identity, succession } = found
  const words = [TXT_VERSION, `key=${keyText(key)}`]
  if (identity !== undefined) words.push(`id=${keyText(identity)}`)
  if (succession !== undefined) words.push(`sig=${Buffer.from(succession).toString('base64url')}`)
  return words.join(' ')
}

type TxtKeys = Pick<Found, 'key' | 'identity' | 'succession'>

function parseTxt(text: string): TxtKeys | undefined {
  const values = new Map<string, string>()
  for (const word of text.split(/\s+/).slice(1)) {
    const at = word.indexOf('=')
    if (at > 0) values.set(word.slice(0, at), word.slice(at + 1))
  }
  const key = parseKey<TunnelKey>(values.get('key') ?? '')
  if (key === undefined) return undefined
  const signature = Buffer.from(values.get('sig') ?? '', 'base64url')
  return {
    key,
    identity: parseKey<DeviceId>(values.get('id') ?? ''),
    succession: signature.length === SIGNATURE_BYTES ? new Uint8Array(signature) : undefined,
  }
}

function keysOf(texts: readonly string[]): Result<TxtKeys, DiscoveryFault> {
  const ours = texts
    .slice(0, RECORDS_MAX)
    .filter(text => text.length <= TXT_MAX_CHARACTERS && text.split(/\s+/)[0] === TXT_VERSION)
  if (ours.length === 0) return refuse('no-key')
  if (ours.length > 1) return refuse('several-keys')
  const keys = parseTxt(ours[0]!)
  return keys === undefined ? refuse('key-malformed') : ok(keys)
}

const isUsable = ({ host, port }: SrvRecord): boolean =>
  isDomain(withoutDot(host)) && Number.isInteger(port) && port > 0 && port <= 0xffff
const withoutDot = (host: string): string => host.toLowerCase().replace(/\.$/, '')

/** RFC 2782: the lowest priority; among equals by weight, `chance` in [0, 1). */
function choose(records: readonly SrvRecord[], chance: number): SrvRecord | undefined {
  const usable = records.slice(0, RECORDS_MAX).filter(isUsable)
  const best = Math.min(...usable.map(record => record.priority))
  const equals = usable.filter(record => record.priority === best)
  const total = equals.reduce((sum, record) => sum + record.weight, 0)
  let left = chance * total
  for (const record of equals) {
    left -= record.weight
    if (left < 0) return record
  }
  return equals[0]
}

/** Asks DNS for the coordinator of a domain. `chance` in [0, 1) chooses among servers of equal priority. */
export async function discoverDc(
  network: Pick<Network, 'srv' | 'txt'>,
  domain: string,
  chance: number,
): Promise<Result<Found, DiscoveryFault>> {
  if (!isDomain(domain)) return refuse('domain-invalid')
  const service = `_ntm._udp.${domain}`
  const [servers, texts] = await Promise.all([network.srv(service), network.txt(service)])
  const server = choose(servers, chance)
  if (server === undefined) return refuse('no-srv')
  const keys = keysOf(texts)
  return keys.ok ? ok({ host: withoutDot(server.host), port: server.port, ...keys.value }) : keys
}

/** What the former identity signs to name its successor. */
export const successionMessage = (domain: string, tunnelKey: TunnelKey, identity: DeviceId): Uint8Array =>
  Buffer.concat([idToBytes(tunnelKey), idToBytes(identity), Buffer.from(domain, 'latin1')])

/** What a found key is to the pinned one. */
export function judgeDcKey(
  domain: string,
  pin: DcPin | undefined,
  found: Pick<Found, 'key' | 'identity' | 'succession'>,
): 'same' | 'first' | 'changed-with-proof' | 'changed' {
  if (pin === undefined) return 'first'
  if (pin.tunnelKey === found.key) return 'same'
  const { key, identity, succession } = found
  if (pin.identity === undefined || identity === undefined || succession === undefined) return 'changed'
  const message = successionMessage(domain, key, identity)
  const isSigned = verifyLabelled(SUCCESSION_LABEL, message, succession, idToBytes(pin.identity))
  return isSigned ? 'changed-with-proof' : 'changed'
}

/** For a key that changed without proof: what the person sees. */
export const dcKeyChanged = (domain: string): ChatError =>
  new ChatError('DC_KEY_CHANGED', `the coordinator of ${domain} shows another key than the one pinned here`)
