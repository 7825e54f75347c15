/**
 * Cutting a long frame into datagrams and joining it again. The joining side keeps half-sent frames of one
 * source within fixed bounds and forgets the one that waited longest; a forgotten frame is simply sent again.
 */
import type { Millis } from '../events/ids.ts'
import { encodeFrame, type FragmentAckFrame, type FragmentFrame, type IdPrefix } from './frame.ts'
import {
  FRAGMENT_BYTES,
  FRAGMENTS_MAX,
  FRAME_MAX_BYTES,
  TRANSFER_IDLE_MS,
  TRANSFER_MAX_BYTES,
  TRANSFERS_MAX,
} from './limits.ts'

interface Transfer {
  readonly pieces: readonly (Uint8Array | undefined)[]
  readonly bytes: number
  readonly touchedAt: Millis
}

/** Half-sent frames of one source, the one that waited longest first. A value: joining returns the next one. */
export interface Reassembly {
  readonly transfers: ReadonlyMap<string, Transfer>
  readonly bytes: number
}

export const NO_TRANSFERS: Reassembly = { transfers: new Map(), bytes: 0 }

/** The datagrams of an encoded frame: the frame itself if it fits, else FRAGMENT frames under its id prefix. */
export function splitFrame(frame: Uint8Array, prefix: IdPrefix): Uint8Array[] {
  if (frame.length <= FRAME_MAX_BYTES) return [frame]
  const count = Math.ceil(frame.length / FRAGMENT_BYTES)
  if (count > FRAGMENTS_MAX) throw new RangeError(`a frame of ${frame.length} bytes cannot be cut`)
  return Array.from({ length: count }, (_, index) => {
    const bytes = frame.subarray(index * FRAGMENT_BYTES, (index + 1) * FRAGMENT_BYTES)
    return encodeFrame({ kind: 'fragment', of: frame[0]!, prefix, index, count, bytes })
  })
}

/** Pieces of `count` that the acknowledgement does not report. */
export const missingPieces = (count: number, { received }: FragmentAckFrame): number[] =>
  Array.from({ length: count }, (_, index) => index).filter(
    index => ((received[index >> 3] ?? 0) & (1 << (index & 7))) === 0,
  )

/** What has arrived of a frame, to be told to its sender. */
function acknowledgement(fragment: FragmentFrame, transfer: Transfer): FragmentAckFrame {
  const received = new Uint8Array(Math.ceil(fragment.count / 8))
  transfer.pieces.forEach((piece, index) => {
    if (piece !== undefined) received[index >> 3]! |= 1 << (index & 7)
  })
  return { kind: 'fragmentAck', of: fragment.of, prefix: fragment.prefix, received }
}

function withPiece(transfer: Transfer | undefined, fragment: FragmentFrame, now: Millis): Transfer {
  const before = transfer?.pieces ?? new Array<Uint8Array | undefined>(fragment.count).fill(undefined)
  if (before[fragment.index] !== undefined) return { pieces: before, bytes: transfer!.bytes, touchedAt: now }
  const pieces = before.with(fragment.index, new Uint8Array(fragment.bytes))
  return { pieces, bytes: (transfer?.bytes ?? 0) + fragment.bytes.length, touchedAt: now }
}

/** Drops what waited longest until the bounds hold, and whatever waited too long; never the newest. */
function bounded(transfers: Map<string, Transfer>, now: Millis): Reassembly {
  let bytes = 0
  for (const transfer of transfers.values()) bytes += transfer.bytes
  for (const [key, transfer] of transfers) {
    const isOver = transfers.size > TRANSFERS_MAX || (bytes > TRANSFER_MAX_BYTES && transfers.size > 1)
    if (!isOver && now - transfer.touchedAt <= TRANSFER_IDLE_MS) break
    transfers.delete(key)
    bytes -= transfer.bytes
  }
  return { transfers, bytes }
}

export interface Joined {
  readonly state: Reassembly
  readonly ack: FragmentAckFrame
  /** The whole frame, in the step that completes it; nothing if it is not of the kind announced. */
  readonly frame: Uint8Array | undefined
}

/** Takes one decoded FRAGMENT. Its bytes are copied; the first piece of an index wins. */
export function joinFragment(state: Reassembly, fragment: FragmentFrame, now: Millis): Joined {
  const key = `${fragment.of}.${fragment.prefix}.${fragment.count}`
  const transfer = withPiece(state.transfers.get(key), fragment, now)
  const transfers = new Map(state.transfers)
  transfers.delete(key)
  const isWhole = !transfer.pieces.includes(undefined)
  if (!isWhole) transfers.set(key, transfer)
  const joined = isWhole ? Buffer.concat(transfer.pieces as readonly Uint8Array[]) : undefined
  const frame = joined?.[0] === fragment.of ? joined : undefined
  return { state: bounded(transfers, now), ack: acknowledgement(fragment, transfer), frame }
}
