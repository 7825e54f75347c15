/**
 * Join strings: where a coordinator is and which key it must have, in one line that a person can paste:
 * `HOST:PORT#KEY`. The key is what makes it safe; the host may be anything that leads there.
 */
import { ID_BYTES, idFromBytes, idToBytes, type TunnelKey } from '../../../events/ids.ts'
import { isDomain } from '../../../events/name.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import { formatAddress, parseAddress } from '../../../wire/ip-address.ts'
import { endpointText } from '../tunnel/endpoint.ts'

export interface Join {
  /** An IPv4 or IPv6 address, or a host name in lower-case A-labels. Without brackets. */
  readonly host: string
  readonly port: number
  /** The coordinator's X25519 key. */
  readonly key: TunnelKey
}

export type JoinFault = 'join-shape' | 'join-host' | 'join-port' | 'join-key'

const SHAPE = /^(?:\[([^\]#]+)\]|([^:#[\]]+)):(\d{1,5})#(.+)$/
/** Two hosts of 253 characters would not fit; a key has 43. */
const JOIN_MAX_CHARACTERS = 320

const REASONS: Readonly<Record<JoinFault, string>> = {
  'join-shape': 'it does not look like HOST:PORT#KEY',
  'join-host': 'its host is neither an address nor a host name',
  'join-port': 'its port is not between 1 and 65535',
  'join-key': 'its key is not 32 bytes in base64url',
}

/** A 32-byte key as base64url without padding: 43 characters. */
export const keyText = (key: string): string => Buffer.from(idToBytes(key)).toString('base64url')

/** The key in a text, or undefined. Only the one canonical spelling of a key is taken. */
export function parseKey<T extends string>(text: string): T | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === ID_BYTES && bytes.toString('base64url') === text ? idFromBytes<T>(bytes) : undefined
}

function parseHost(bracketed: string | undefined, plain: string | undefined): string | undefined {
  const address = parseAddress(bracketed ?? plain ?? '')
  const isIpv6 = address.ok && address.value.length > 4
  if (bracketed !== undefined) return isIpv6 ? formatAddress(address.value) : undefined
  if (address.ok) return formatAddress(address.value)
  return plain !== undefined && isDomain(plain) ? plain : undefined
}

/** A port as a stranger's text has it, or undefined. */
const parsePort = (text: string): number | undefined => {
  const port = Number(text)
  return port >= 1 && port <= 0xffff ? port : undefined
}

export function parseJoin(text: string): Result<Join, JoinFault> {
  const match = text.length > JOIN_MAX_CHARACTERS ? null : SHAPE.exec(text)
  if (match === null) return refuse('join-shape')
  const [, bracketed, plain, portText, keyPart] = match
  const host = parseHost(bracketed, plain)
  if (host === undefined) return refuse('join-host')
  const port = parsePort(portText!)
  if (port === undefined) return refuse('join-port')
  const key = parseKey<TunnelKey>(keyPart!)
  return key === undefined ? refuse('join-key') : ok({ host, port, key })
}

/** `HOST:PORT`. */
export const formatPlace = ({ host, port }: Pick<Join, 'host' | 'port'>): string =>
  endpointText({ address: host, port })

export const formatJoin = ({ host, port, key }: Join): string =>
  `${formatPlace({ host, port })}#${keyText(key)}`

/** For what a person typed: the join, or JOIN_INVALID with what is wrong. */
export function requireJoin(text: string): Join {
  const parsed = parseJoin(text.trim())
  if (parsed.ok) return parsed.value
  throw new ChatError('JOIN_INVALID', `the join string cannot be used: ${REASONS[parsed.why]}`)
}
