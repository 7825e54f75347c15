/**
 * What the plugin's keyspace remembers of one device: how far each side has come. Pointers may lag behind the
 * truth after a power loss, never run ahead of it; what lies between is sent and acknowledged once more.
 */
import { z } from 'zod'
import { type DeviceId, ID_BYTES, idFromBytes, idToBytes, type StreamId } from '../../../events/ids.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import type { Pointers } from './delivery-book.ts'

export const POINTERS_PREFIX = 'pointers/'

export interface SavedPointers extends Readonly<Pointers> {
  readonly stream: StreamId
  /** A seq of the device that is admitted here; its newest is there or later. */
  readonly received: number
}

const count = z.number().int().nonnegative()
const SAVED = z.tuple([
  z.instanceof(Uint8Array).refine(bytes => bytes.length === ID_BYTES),
  count,
  count,
  count,
  count,
  count,
])

export const pointersKey = (device: DeviceId): string => POINTERS_PREFIX + device

export const encodePointers = ({
  stream,
  sent,
  delivered,
  read,
  received,
  shown,
}: SavedPointers): Uint8Array => packData([idToBytes(stream), sent, delivered, read, received, shown])

/** Undefined if the bytes are damaged: then everything is sent again, and acknowledged as known. */
export function decodePointers(bytes: Uint8Array): SavedPointers | undefined {
  const data = readData(bytes)
  const saved = SAVED.safeParse(data.ok ? data.value : undefined)
  if (!saved.success) return undefined
  const [stream, sent, delivered, read, received, shown] = saved.data
  return { stream: idFromBytes(stream), sent, delivered, read, received, shown }
}
