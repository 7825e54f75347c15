/**
 * A notice of the own link as records of DNS-SD (RFC 6763), and back: what arrives is a stranger's packet that a
 * library has taken apart, and anything may be missing in it or be something else.
 */
import type { LanNotice } from './api/index.ts'

const SERVICE = '_ntm._udp.local'
const TTL_S = 120
/** Of a stranger's packet. */
const RECORDS_MAX = 32
const HINTS_MAX_BYTES = 255

export const recordsOf = ({ instance, port, hints }: LanNotice) => {
  const name = `${instance}.${SERVICE}`
  const target = `${instance}.local`
  return [
    { type: 'PTR' as const, name: SERVICE, ttl: TTL_S, data: name },
    { type: 'SRV' as const, name, ttl: TTL_S, data: { port, target, priority: 0, weight: 0 } },
    { type: 'TXT' as const, name, ttl: TTL_S, data: [Buffer.from(hints)] },
  ]
}

interface Foreign {
  readonly type?: unknown
  readonly name?: unknown
  readonly data?: unknown
}

const nameOf = (record: Foreign): string => (typeof record.name === 'string' ? record.name.toLowerCase() : '')

/** Undefined if there is none; of one that there is only the form is looked at. */
export function noticeIn(records: readonly Foreign[]): LanNotice | undefined {
  const looked = records.slice(0, RECORDS_MAX)
  const srv = looked.find(record => record.type === 'SRV' && nameOf(record).endsWith(`.${SERVICE}`))
  if (srv === undefined) return undefined
  const name = nameOf(srv)
  const { port } = (srv.data ?? {}) as { readonly port?: unknown }
  const text = looked.find(record => record.type === 'TXT' && nameOf(record) === name)?.data
  const hints: unknown = Array.isArray(text) ? text[0] : text
  if (typeof port !== 'number' || !(hints instanceof Uint8Array) || hints.length > HINTS_MAX_BYTES)
    return undefined
  return { instance: name.slice(0, -SERVICE.length - 1), port, hints }
}
