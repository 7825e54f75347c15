/**
 * What is said about files in a conversation of two: facts, never content. A file is known by the event that offered
 * it; everything later names that event.
 */
import { z } from 'zod'
import type { Opened } from '../../events/envelope.ts'
import { type EventId, ID_BYTES, idFromBytes, idToBytes } from '../../events/ids.ts'
import type { Draft, EventKind } from '../../kernel/api/index.ts'
import { readData } from '../../wire/msgpack.ts'
import { HASH_BYTES } from './block-tree.ts'
import { NAME_MAX_BYTES } from './limits.ts'

const offer = z
  .instanceof(Uint8Array)
  .refine(bytes => bytes.length === ID_BYTES)
  .transform(bytes => idFromBytes<EventId>(bytes))

/** Data of every event at rev 1. */
const SHAPES = {
  'file.offered': z.object({
    name: z.string().refine(name => name !== '' && Buffer.byteLength(name) <= NAME_MAX_BYTES),
    kind: z.enum(['file', 'folder']),
    /** Of the content: with the list, for a folder. */
    bytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    hash: z.instanceof(Uint8Array).refine(bytes => bytes.length === HASH_BYTES),
  }),
  /** The other person wants it. */
  'file.accepted': z.object({ offer }),
  /** It is there, verified. */
  'file.received': z.object({ offer, bytesPerSecond: z.number().min(0).optional() }),
  /** It will not get there: `changed` at the sender, or `damaged`. */
  'file.failed': z.object({ offer, reason: z.enum(['changed', 'damaged', 'refused']) }),
} as const

export type FileEventType = keyof typeof SHAPES
export type FileFact = {
  [T in FileEventType]: { readonly type: T } & z.output<(typeof SHAPES)[T]>
}[FileEventType]
export type FailureReason = Extract<FileFact, { type: 'file.failed' }>['reason']

const REV = 1

export const FILE_EVENT_TYPES = Object.keys(SHAPES) as readonly FileEventType[]
const isFileEvent = (type: string): type is FileEventType => Object.hasOwn(SHAPES, type)

/** The fact that an event states; undefined when it is of another kind, shape or rev. */
export function readFileFact({ envelope, data }: Opened): FileFact | undefined {
  if (!isFileEvent(envelope.type) || envelope.rev !== REV || data === undefined) return undefined
  const read = readData(data)
  const parsed = read.ok ? SHAPES[envelope.type].safeParse(read.value) : undefined
  return parsed?.success === true ? ({ type: envelope.type, ...parsed.data } as FileFact) : undefined
}

export function fileDraft(fact: FileFact): Draft {
  const { type, ...data } = fact
  return { type, rev: REV, data: 'offer' in data ? { ...data, offer: idToBytes(data.offer) } : data }
}

export const FILE_EVENTS: readonly EventKind[] = FILE_EVENT_TYPES.map(type => ({
  type,
  rev: REV,
  accepts: data => SHAPES[type].safeParse(data).success,
}))
