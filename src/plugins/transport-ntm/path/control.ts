/**
 * What two nodes say to each other about their tunnel, on the control port inside it: a hello when it opens (what
 * each can do, and which name record it used for the other), challenges that prove a path before it is used
 * (SPEC.md §3), where a node is now, and where to look for it behind a NAT that gives every flow another port.
 * A plain WireGuard peer does not answer any of it.
 */

import { ok, type Result, refuse } from '../../../events/result.ts'
import { isBytes } from '../../../events/shape.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { type Candidate, readCandidates, writeCandidates } from '../signalling/candidates.ts'

const CONTROL_VERSION = 1
export const CHALLENGE_BYTES = 8
const HASH_BYTES = 32
const VERSION_MAX = 255
const CAPABILITIES_MAX = 0xffff_ffff

/** In wire order, from 0: what a node takes its own NAT for. `open`: none; `hard`: every flow gets another port. */
export const NAT_KINDS = ['unknown', 'open', 'easy', 'hard'] as const
export type NatKind = (typeof NAT_KINDS)[number]

/** Answered with the same token by `pong`; `token` is 8 random bytes. */
export type Control =
  | {
      readonly kind: 'hello'
      readonly token: Uint8Array
      /** Bits for what later versions can do; unknown bits are ignored. */
      readonly capabilities: number
      /** Hash of the name record that the sender used for the receiver; undefined if it used none. */
      readonly record: Uint8Array | undefined
    }
  | { readonly kind: 'ping'; readonly token: Uint8Array }
  | { readonly kind: 'pong'; readonly token: Uint8Array }
  | {
      readonly kind: 'candidates'
      readonly token: Uint8Array
      readonly nat: NatKind
      /** All places of the sender. */
      readonly candidates: readonly Candidate[]
    }
  | {
      readonly kind: 'punch'
      readonly token: Uint8Array
      /** The sender has opened its NAT from many sockets: at `first`, `first + step`, …, `count` ports in all. */
      readonly first: number
      readonly step: number
      readonly count: number
    }

export type ControlFault = 'control-malformed' | 'control-unknown'

/** In wire order, from 1. */
const KINDS = ['hello', 'ping', 'pong', 'candidates', 'punch'] as const

const fieldsOf = (control: Control): readonly unknown[] => {
  if (control.kind === 'hello') return [control.capabilities, control.record ?? null]
  if (control.kind === 'candidates')
    return [NAT_KINDS.indexOf(control.nat), writeCandidates(control.candidates)]
  return control.kind === 'punch' ? [control.first, control.step, control.count] : []
}

export const encodeControl = (control: Control): Uint8Array =>
  packData([CONTROL_VERSION, KINDS.indexOf(control.kind) + 1, control.token, ...fieldsOf(control)])

const isCount = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most

const PORT_MAX = 0xffff

/** Later versions may add fields behind the known ones. What is read shares memory with `bytes`. */
export const decodeControl = (bytes: Uint8Array): Result<Control, ControlFault> => {
  const data = readData(bytes)
  if (!data.ok || !Array.isArray(data.value)) return refuse('control-malformed')
  const [version, type, token, ...fields] = data.value as unknown[]
  const kind = typeof type === 'number' ? KINDS[type - 1] : undefined
  if (!isCount(version, CONTROL_VERSION, VERSION_MAX) || kind === undefined) return refuse('control-unknown')
  if (!isBytes(token, CHALLENGE_BYTES)) return refuse('control-malformed')
  const control = readFields(kind, token, fields)
  return control === undefined ? refuse('control-malformed') : ok(control)
}

const readFields = (
  kind: Control['kind'],
  token: Uint8Array,
  [one, two, three]: readonly unknown[],
): Control | undefined => {
  if (kind === 'ping' || kind === 'pong') return { kind, token }
  if (kind === 'hello') {
    if (!isCount(one, 0, CAPABILITIES_MAX) || (two !== null && !isBytes(two, HASH_BYTES))) return undefined
    return { kind, token, capabilities: one, record: two ?? undefined }
  }
  if (kind === 'candidates') {
    const candidates = two instanceof Uint8Array ? readCandidates(two) : undefined
    if (!isCount(one, 0, NAT_KINDS.length - 1) || candidates === undefined) return undefined
    return { kind, token, nat: NAT_KINDS[one]!, candidates }
  }
  const isSpan = isCount(one, 1, PORT_MAX) && isCount(two, 1, PORT_MAX) && isCount(three, 1, PORT_MAX)
  return isSpan ? { kind, token, first: one, step: two, count: three } : undefined
}
