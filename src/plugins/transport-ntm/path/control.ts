/**
 * What two nodes say to each other about their tunnel, on the control port inside it: a hello when it opens (what
 * each can do, and which name record it used for the other), echoes that measure the round trip, and challenges
 * that prove a new address before it is used (FORMATS §5.5). A plain WireGuard peer does not answer any of it.
 */

import { ok, type Result, refuse } from '../../../events/result.ts'
import { isBytes } from '../../../events/shape.ts'
import { packData, readData } from '../../../wire/msgpack.ts'

const CONTROL_VERSION = 1
export const CHALLENGE_BYTES = 8
const HASH_BYTES = 32
const VERSION_MAX = 255
const CAPABILITIES_MAX = 0xffff_ffff

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
  | { readonly kind: 'ping' | 'pong'; readonly token: Uint8Array }

export type ControlFault = 'control-malformed' | 'control-unknown'

/** In wire order, from 1. */
const KINDS = ['hello', 'ping', 'pong'] as const

export const encodeControl = (control: Control): Uint8Array => {
  const head = [CONTROL_VERSION, KINDS.indexOf(control.kind) + 1, control.token]
  return packData(control.kind === 'hello' ? [...head, control.capabilities, control.record ?? null] : head)
}

const isCount = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most

/** Later versions may add fields behind the known ones. What is read shares memory with `bytes`. */
export const decodeControl = (bytes: Uint8Array): Result<Control, ControlFault> => {
  const data = readData(bytes)
  if (!data.ok || !Array.isArray(data.value)) return refuse('control-malformed')
  const [version, type, token, capabilities, record] = data.value as unknown[]
  const kind = typeof type === 'number' ? KINDS[type - 1] : undefined
  if (!isCount(version, CONTROL_VERSION, VERSION_MAX) || kind === undefined) return refuse('control-unknown')
  if (!isBytes(token, CHALLENGE_BYTES)) return refuse('control-malformed')
  if (kind !== 'hello') return ok({ kind, token })
  if (!isCount(capabilities, 0, CAPABILITIES_MAX)) return refuse('control-malformed')
  if (record !== null && !isBytes(record, HASH_BYTES)) return refuse('control-malformed')
  return ok({ kind, token, capabilities, record: record ?? undefined })
}
