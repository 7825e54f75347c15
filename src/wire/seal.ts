/**
 * Drafts become sealed events: envelope, salted data hash, id, chain, and one signature at the end of each run.
 * One signature costs more than everything else about an event, so a burst shares it.
 */
import { type Draft, type Envelope, FLAG_KEPT, type Opened } from '../events/envelope.ts'
import { type EventId, idToBytes, type Millis, type StreamId } from '../events/ids.ts'
import { ENVELOPE_FORMAT, encodeEnvelope } from './envelope-codec.ts'
import { dataHash, eventId } from './hash.ts'
import { DATA_MAX_BYTES, RUN_MAX_BYTES, RUN_MAX_EVENTS, SALT_BYTES } from './limits.ts'
import { packData } from './msgpack.ts'
import { runBytesOf } from './run.ts'
import type { Signer } from './signature.ts'

/** Where the author's chain in this stream stands, and what the first new event cites. */
export interface Chain {
  /** NO_STREAM for a founding event. */
  readonly stream: StreamId
  /** The seq of the first new event. */
  readonly seq: number
  /** The author's newest event here; undefined exactly when seq is 0. */
  readonly prev: EventId | undefined
  /** Tips of other authors, in any order, without repetition and without prev; at most 8. */
  readonly seen: readonly EventId[]
}

export interface SealEnvironment {
  now(): Millis
  random(bytes: number): Uint8Array
}

/**
 * Seals the drafts, in order, as one chain. A signature is on the last event, on each kept event, and wherever
 * a run would pass 64 events or 64 KiB; only the first event cites `seen`, the others inherit it through prev.
 * Throws if a draft cannot be packed or is larger than an event's data may be.
 */
export function sealRun(
  drafts: readonly Draft[],
  chain: Chain,
  signer: Signer,
  environment: SealEnvironment,
): Opened[] {
  const salts = environment.random(SALT_BYTES * drafts.length)
  const events: Fresh[] = []
  let next = chain.seen.length > 1 ? { ...chain, seen: [...chain.seen].sort() } : chain
  drafts.forEach((draft, index) => {
    const salt = new Uint8Array(salts.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES))
    const event = sealOne(draft, next, signer, salt, environment.now())
    events.push(event)
    next = { stream: chain.stream, seq: next.seq + 1, prev: event.id, seen: [] }
  })
  return signRuns(events, signer)
}

/** A sealed event that still has everything. */
type Fresh = Opened & { readonly salt: Uint8Array; readonly data: Uint8Array }

function sealOne(draft: Draft, chain: Chain, signer: Signer, salt: Uint8Array, at: Millis): Fresh {
  const data = packData(draft.data)
  if (data.length > DATA_MAX_BYTES) throw new RangeError(`data of ${draft.type} has ${data.length} bytes`)
  const envelope: Envelope = {
    fmt: ENVELOPE_FORMAT,
    stream: chain.stream,
    author: signer.device,
    seq: chain.seq,
    prev: chain.prev,
    seen: chain.seen,
    at,
    type: draft.type,
    rev: draft.rev,
    flags: draft.kept === true ? FLAG_KEPT : 0,
    dataLen: data.length,
    dataHash: dataHash(salt, data),
  }
  const bytes = encodeEnvelope(envelope)
  return { id: eventId(bytes), bytes, salt, data, envelope }
}

function signRuns(events: readonly Fresh[], signer: Signer): Opened[] {
  let count = 0
  let size = 0
  return events.map((event, index) => {
    const following = events[index + 1]
    count += 1
    size += runBytesOf(event)
    const isKept = (event.envelope.flags & FLAG_KEPT) !== 0
    const isFull =
      following === undefined || count === RUN_MAX_EVENTS || size + runBytesOf(following) > RUN_MAX_BYTES
    if (!isKept && !isFull) return event
    count = 0
    size = 0
    const { id, bytes, salt, data, envelope } = event
    return { id, bytes, sig: signer.signEvent(idToBytes(id)), salt, data, envelope }
  })
}
