/**
 * Putting back what a compact frame leaves out. The receiver tries the few bases and tips that the frame can
 * mean; what fits the frame's id prefixes goes to the gate, which alone checks signatures and so decides.
 */
import type { Envelope, Opened, Sealed } from '../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import type { Base } from './compact.ts'
import { ENVELOPE_FORMAT, encodeEnvelope, envelopeFault } from './envelope-codec.ts'
import { prefixOf } from './frame.ts'
import type { CompactEvent, CompactFrame } from './frame-compact.ts'
import { dataHash, eventId } from './hash.ts'
import { REBUILD_TRIES_MAX } from './limits.ts'
import { TEXT_REV, TEXT_TYPE, textData } from './text-data.ts'

/** What the receiver knows. Each list is newest first and short: every entry is a guess that may be tried. */
export interface ReceiverView {
  readonly directStream: StreamId
  /** The device at the other end of the tunnel. */
  readonly author: DeviceId
  /** Heads of the author that were acknowledged in this tunnel. */
  acknowledged(stream: StreamId): readonly Base[]
  /** The author's events with this id prefix. */
  authored(stream: StreamId, prefix: string): readonly Base[]
  /** The receiver's own newest events. */
  own(stream: StreamId): readonly EventId[]
  /** Admitted events of anybody with this id prefix. */
  admitted(stream: StreamId, prefix: string): readonly EventId[]
}

export type RebuildFault = 'base-unknown' | 'seen-unknown' | 'no-guess-fits'

/** What came out of `rebuild`, and nothing else: no other code can enter anything here. */
const rebuilt = new WeakSet<Sealed>()

/**
 * Whether `rebuild` made this very object. Then its bytes are the program's own encoding of its envelope, its id and
 * data hash were computed from what it holds, and opening it again would find nothing. A copy of one is not.
 */
export const isRebuilt = (event: Sealed): event is Opened => rebuilt.has(event)

/** An event with everything but its place in the chain. */
interface Loose {
  readonly sinceMs: number
  readonly salt: Uint8Array
  readonly data: Uint8Array
  readonly dataHash: string
  readonly type: string
  readonly rev: number
}

function loosen({ sinceMs, salt: view, body }: CompactEvent): Loose {
  const salt = new Uint8Array(view)
  const data = 'text' in body ? textData(body.text) : new Uint8Array(body.data)
  const { type, rev } = 'text' in body ? { type: TEXT_TYPE, rev: TEXT_REV } : body
  return { sinceMs, salt, data, dataHash: dataHash(salt, data), type, rev }
}

interface Place {
  readonly stream: StreamId
  readonly author: DeviceId
  readonly base: Base | undefined
  readonly seen: readonly EventId[]
}

function attach(loose: Loose, place: Place): Opened | undefined {
  const { stream, author, base, seen } = place
  const envelope: Envelope = {
    fmt: ENVELOPE_FORMAT,
    stream,
    author,
    seq: base === undefined ? 0 : base.seq + 1,
    prev: base?.id,
    seen,
    at: (base?.at ?? 0) + loose.sinceMs,
    type: loose.type,
    rev: loose.rev,
    flags: 0,
    dataLen: loose.data.length,
    dataHash: loose.dataHash,
  }
  if (envelopeFault(envelope) !== undefined) return undefined
  const bytes = encodeEnvelope(envelope)
  return { id: eventId(bytes), bytes, salt: loose.salt, data: loose.data, envelope }
}

/** The run at this place, if its ids begin as the frame says. */
function attachAll(frame: CompactFrame, loose: readonly Loose[], place: Place): Opened[] | undefined {
  const run: Opened[] = []
  let here = place
  for (const part of loose) {
    const event = attach(part, here)
    if (event === undefined) return undefined
    if (run.length === 0 && prefixOf(event.id) !== frame.firstPrefix) return undefined
    run.push(event)
    const { seq, at } = event.envelope
    here = { stream: place.stream, author: place.author, base: { id: event.id, seq, at }, seen: [] }
  }
  const last = run.pop()
  if (last === undefined || prefixOf(last.id) !== frame.prefix) return undefined
  return [...run, { ...last, sig: new Uint8Array(frame.sig) }]
}

function basesOf(frame: CompactFrame, stream: StreamId, view: ReceiverView): readonly (Base | undefined)[] {
  if (frame.base === 'none') return [undefined]
  return frame.base === 'acknowledged' ? view.acknowledged(stream) : view.authored(stream, frame.base.prefix)
}

/** The sets of ids that `seen` can mean; empty if something it names is unknown. */
function seenSetsOf(frame: CompactFrame, stream: StreamId, view: ReceiverView): readonly EventId[][] {
  if (frame.seen === 'none') return [[]]
  if (frame.seen === 'receiver') return view.own(stream).map(id => [id])
  const ids: EventId[] = []
  for (const prefix of frame.seen) {
    const [newest] = view.admitted(stream, prefix)
    if (newest === undefined) return []
    ids.push(newest)
  }
  return [ids.sort()]
}

/**
 * Rebuilds the events of a compact frame, whose ids begin as the frame says and form a chain; their signature is
 * not checked here. Every fault means "ask for the full event", without blame. The result owns its bytes.
 */
export function rebuild(frame: CompactFrame, view: ReceiverView): Result<readonly Opened[], RebuildFault> {
  const stream = frame.stream ?? view.directStream
  const bases = basesOf(frame, stream, view)
  if (bases.length === 0) return refuse('base-unknown')
  const seenSets = seenSetsOf(frame, stream, view)
  if (seenSets.length === 0) return refuse('seen-unknown')
  const loose = frame.events.map(loosen)
  let tries = 0
  for (const base of bases) {
    for (const seen of seenSets) {
      if (tries === REBUILD_TRIES_MAX) return refuse('no-guess-fits')
      tries += 1
      const run = attachAll(frame, loose, { stream, author: view.author, base, seen })
      if (run === undefined) continue
      for (const event of run) rebuilt.add(event)
      return ok(run)
    }
  }
  return refuse('no-guess-fits')
}
