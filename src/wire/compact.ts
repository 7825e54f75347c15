/**
 * Leaving out what the receiver knows. The sender of a compact frame guesses what the other side has; a wrong
 * guess costs a round trip and the full event, never a wrong event (`rebuild.ts`).
 */
import type { Envelope, Opened } from '../events/envelope.ts'
import type { EventId, Millis, StreamId } from '../events/ids.ts'
import { type FullFrame, prefixOf } from './frame.ts'
import type {
  BaseReference,
  CompactBody,
  CompactEvent,
  CompactFrame,
  SeenReference,
} from './frame-compact.ts'
import { TEXT_REV, TEXT_TYPE, textOf } from './text-data.ts'

/** An author's event that the next one builds on. */
export interface Base {
  readonly id: EventId
  readonly seq: number
  readonly at: Millis
}

/** What the sender believes about the receiver, for the stream it sends in. */
export interface SenderView {
  readonly directStream: StreamId
  /** The sender's own event before the first one sent; undefined when that is seq 0. */
  readonly base: Base | undefined
  /** The sender's newest event that was acknowledged in this tunnel. */
  readonly acknowledged: EventId | undefined
  /** The newest event by the receiving device that the sender has. */
  readonly receiverTip: EventId | undefined
}

function bodyOf({ type, rev }: Envelope, data: Uint8Array): CompactBody {
  const text = type === TEXT_TYPE && rev === TEXT_REV ? textOf(data) : undefined
  return text === undefined ? { type, rev, data } : { text }
}

function compactEvents(run: readonly Opened[], base: Base | undefined): CompactEvent[] | undefined {
  const events: CompactEvent[] = []
  let before = base?.at ?? 0
  for (const event of run) {
    const { salt, data, envelope } = event
    if (salt === undefined || data === undefined || envelope.flags !== 0) return undefined
    if (events.length > 0 && envelope.seen.length > 0) return undefined
    events.push({ sinceMs: envelope.at - before, salt, body: bodyOf(envelope, data) })
    before = envelope.at
  }
  return events
}

function seenReference(seen: readonly EventId[], receiverTip: EventId | undefined): SeenReference {
  if (seen.length === 0) return 'none'
  return seen.length === 1 && seen[0] === receiverTip ? 'receiver' : seen.map(prefixOf)
}

function baseReference({ base, acknowledged }: SenderView): BaseReference {
  if (base === undefined) return 'none'
  return base.id === acknowledged ? 'acknowledged' : { prefix: prefixOf(base.id) }
}

/**
 * The shortest frame that carries this run: one event, or several of which only the last is signed. A run that
 * cannot be rebuilt (kept events, dropped data, a base that is not its own) becomes a FULL frame.
 */
export function compactFrame(run: readonly Opened[], view: SenderView): CompactFrame | FullFrame {
  const [first, last] = [run[0], run.at(-1)]
  const isBased = first?.envelope.prev === view.base?.id
  const events = isBased ? compactEvents(run, view.base) : undefined
  if (first === undefined || last?.sig === undefined || events === undefined)
    return { kind: 'full', events: run }
  const { stream, seen } = first.envelope
  return {
    kind: run.length === 1 ? 'text' : 'run',
    stream: stream === view.directStream ? undefined : stream,
    prefix: prefixOf(last.id),
    firstPrefix: prefixOf(first.id),
    base: baseReference(view),
    seen: seenReference(seen, view.receiverTip),
    sig: last.sig,
    events,
  }
}
