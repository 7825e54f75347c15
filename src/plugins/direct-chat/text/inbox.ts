/**
 * The receiving half from one device: rebuilds what frames leave out, hands runs to the gate, and acknowledges
 * what the gate admitted. Frames that come before their time wait within bounds; a gap that does not close by
 * itself is asked for.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../../events/ids.ts'
import type { Output, Turn, Verdict } from '../../../kernel/api/index.ts'
import type { Base } from '../../../wire/compact.ts'
import { type Frame, type FullFrame, type IdPrefix, prefixOf, REFUSAL } from '../../../wire/frame.ts'
import type { CompactFrame } from '../../../wire/frame-compact.ts'
import { eventId } from '../../../wire/hash.ts'
import { WANT_MAX } from '../../../wire/limits.ts'
import { openSealed } from '../../../wire/open.ts'
import { type ReceiverView, rebuild } from '../../../wire/rebuild.ts'
import { EarlyFrames } from './early-frames.ts'
import {
  ACK_EVERY_RUNS,
  FETCH_LIMIT,
  FETCH_PATIENCE_MS,
  GAP_FIRST_MS,
  GAP_TRIES_MAX,
  PENDING_MAX,
  VERDICT_PATIENCE_MS,
} from './limits.ts'
import { baseOf, Recent, type RecentEvents } from './recent-events.ts'
import { refusalOf } from './refusals.ts'

export interface Source {
  readonly self: DeviceId
  readonly stream: StreamId
  readonly device: DeviceId
  readonly recent: RecentEvents
  /** Sends a frame back to the device. */
  answer(frame: Frame, out: Output[]): void
}

const lastPrefix = (events: FullFrame['events']): IdPrefix => prefixOf(eventId(events.at(-1)!.bytes))

interface AtGate {
  readonly last: Base
  readonly sinceMs: number
}

export class Inbox {
  readonly #source: Source
  readonly #view: ReceiverView
  /** The newest event of the device that is admitted: all before it are too. */
  #tip: Base | undefined
  /** Last events of runs, admitted or at the gate: what later frames build on. */
  readonly #bases = new Recent<Base>()
  readonly #atGate = new Map<EventId, AtGate>()
  readonly #early = new EarlyFrames()
  readonly #released: Uint8Array[] = []
  #runsToAcknowledge = 0
  #gapTries = 0
  #gapAfterSeq = -1
  /** Where reading the log for the tip stands; undefined once it is known. */
  #reading: { from: number; atMs: number } | undefined

  /** `from`: a seq of the device that was admitted once; the tip is there or later. */
  constructor(source: Source, from: number) {
    this.#source = source
    this.#reading = { from, atMs: Number.NEGATIVE_INFINITY }
    this.#view = {
      directStream: source.stream,
      author: source.device,
      acknowledged: () => (this.#tip === undefined ? [] : [this.#tip]),
      authored: (_stream, prefix) => {
        const base = this.#bases.get(prefix)
        return base === undefined ? [] : [base]
      },
      own: () => source.recent.own(),
      admitted: (_stream, prefix) => source.recent.admitted(prefix),
    }
  }

  get isReady(): boolean {
    return this.#reading === undefined
  }

  get tip(): Base | undefined {
    return this.#tip
  }

  /** Asks the log where the device's events end, unless that was asked a moment ago. */
  fetch(turn: Turn, out: Output[]): void {
    const reading = this.#reading
    if (reading === undefined || turn.nowMs - reading.atMs < FETCH_PATIENCE_MS) return
    reading.atMs = turn.nowMs
    const { stream, device: author } = this.#source
    out.push({ kind: 'fetch', stream, author, fromSeq: reading.from, limit: FETCH_LIMIT })
  }

  /** The log's answer. */
  fetched(fromSeq: number, events: readonly Opened[], turn: Turn, out: Output[]): void {
    if (this.#reading?.from !== fromSeq) return
    for (const event of events) this.#advance(baseOf(event))
    if (events.length < FETCH_LIMIT) {
      this.#reading = undefined
      return
    }
    this.#reading = { from: fromSeq + events.length, atMs: Number.NEGATIVE_INFINITY }
    this.fetch(turn, out)
  }

  #advance(base: Base): boolean {
    if (this.#tip !== undefined && base.seq <= this.#tip.seq) return false
    this.#tip = base
    this.#laid(base)
    return true
  }

  /** Later frames can build on this event now. */
  #laid(base: Base): void {
    const prefix = prefixOf(base.id)
    this.#bases.put(prefix, base)
    const next = this.#early.release(prefix)
    if (next !== undefined) this.#released.push(next)
  }

  /** Takes a frame that carries events. `bytes`: the frame as it came, to be kept if it is early. */
  take(frame: CompactFrame | FullFrame, bytes: Uint8Array, turn: Turn, out: Output[]): void {
    if (this.#atGate.size >= PENDING_MAX) return
    if (frame.kind === 'full') this.#takeFull(frame, bytes, turn, out)
    else this.#takeCompact(frame, bytes, turn, out)
  }

  #takeCompact(frame: CompactFrame, bytes: Uint8Array, turn: Turn, out: Output[]): void {
    if (this.isKnown(frame.prefix, turn, out)) return
    const stream = frame.stream ?? this.#source.stream
    if (stream !== this.#source.stream) return
    const run = rebuild(frame, this.#view)
    if (run.ok) this.#handIn(run.value, turn, out)
    else if (run.why === 'base-unknown' && typeof frame.base === 'object')
      this.#keepEarly(frame.base.prefix, frame.prefix, bytes, out)
    else this.#needFull(frame.prefix, out)
  }

  #takeFull({ events }: FullFrame, bytes: Uint8Array, turn: Turn, out: Output[]): void {
    const run: Opened[] = []
    for (const parts of events) {
      const opened = openSealed(parts)
      if (!opened.ok) {
        if (opened.why === 'needs-newer') this.#refuse(lastPrefix(events), REFUSAL.needsNewer, out)
        return
      }
      run.push(opened.value)
    }
    const [first, last] = [run[0]!, run.at(-1)!]
    const { stream, author, prev } = first.envelope
    const prefix = prefixOf(last.id)
    if (stream !== this.#source.stream) return
    // This device's own words, which it asked for: the gate knows what that means.
    if (author === this.#source.self) out.push({ kind: 'ingest', from: this.#source.device, run })
    if (author !== this.#source.device) return
    if (this.isKnown(prefix, turn, out)) return
    const [tipSeq, { seq }] = [this.#tip?.seq ?? -1, first.envelope]
    const isEarly = seq > tipSeq + 1 && prev !== undefined && this.#bases.get(prefixOf(prev)) === undefined
    if (last.envelope.seq <= tipSeq) this.acknowledge(out)
    else if (isEarly) this.#keepEarly(prefixOf(prev), prefix, bytes, out)
    else this.#handIn(run, turn, out)
  }

  /** Whether this frame was here before. Answers again what is admitted; waits for what is at the gate. */
  isKnown(prefix: IdPrefix, turn: Turn, out: Output[]): boolean {
    const base = this.#bases.get(prefix)
    if (base === undefined) return false
    if (this.#tip !== undefined && base.seq <= this.#tip.seq) {
      this.acknowledge(out)
      return true
    }
    const atGate = this.#atGate.get(base.id)
    return atGate !== undefined && turn.nowMs - atGate.sinceMs < VERDICT_PATIENCE_MS
  }

  #handIn(run: readonly Opened[], turn: Turn, out: Output[]): void {
    const last = baseOf(run.at(-1)!)
    this.#atGate.set(last.id, { last, sinceMs: turn.nowMs })
    out.push({ kind: 'ingest', from: this.#source.device, run })
    this.#laid(last)
  }

  /** An early frame whose time has come, to be taken again. */
  nextReleased(): Uint8Array | undefined {
    return this.#released.shift()
  }

  #keepEarly(base: IdPrefix, prefix: IdPrefix, bytes: Uint8Array, out: Output[]): void {
    this.#early.keep(base, prefix, bytes)
    this.acknowledge(out)
  }

  /** Milliseconds until the gap should be looked at; undefined if there is none. */
  get gapMs(): number | undefined {
    return this.#early.first === undefined ? undefined : GAP_FIRST_MS * 2 ** this.#gapTries
  }

  /** Asks for what is missing if nothing has come since the last look. */
  lookAtGap(out: Output[]): void {
    const prefix = this.#early.first
    const tipSeq = this.#tip?.seq ?? -1
    if (prefix === undefined || tipSeq !== this.#gapAfterSeq) {
      this.#gapAfterSeq = tipSeq
      this.#gapTries = 0
    } else if (this.#gapTries < GAP_TRIES_MAX) {
      this.#gapTries += 1
      this.#needFull(prefix, out)
    } else this.#early.clear()
  }

  #needFull(prefix: IdPrefix, out: Output[]): void {
    const from = (this.#tip?.seq ?? -1) + 1
    this.#source.answer({ kind: 'needFull', stream: undefined, prefix, from }, out)
  }

  #refuse(prefix: IdPrefix, reason: number, out: Output[]): void {
    this.#source.answer({ kind: 'refused', stream: undefined, prefix, reason }, out)
  }

  /** The gate's answer to one run. */
  judged(verdicts: readonly Verdict[], out: Output[]): void {
    const last = verdicts.at(-1)
    const atGate = last === undefined ? undefined : this.#atGate.get(last.id)
    if (last === undefined || atGate === undefined) return
    this.#atGate.delete(last.id)
    const refused = verdicts.find(verdict => verdict.kind === 'refused')
    if (refused?.kind === 'refused') {
      out.push({ kind: 'note', about: refused.id, what: `refused: ${refused.why}` })
      this.#refuse(prefixOf(last.id), refusalOf(refused.why), out)
    } else if (last.kind === 'held') this.#want(last.missing, out)
    else {
      this.#advance(atGate.last)
      this.#runsToAcknowledge += 1
    }
    this.#acknowledgeWhenDue(out)
  }

  /**
   * Who builds on something has it, and nobody but the two devices writes here: what is missing is this device's
   * own. It is asked for each time the run comes again.
   */
  #want(ids: readonly EventId[], out: Output[]): void {
    if (ids.length > 0)
      this.#source.answer({ kind: 'want', stream: undefined, ids: ids.slice(0, WANT_MAX) }, out)
  }

  /** An event of the device was admitted, by whichever door it came. */
  appended(event: Opened, out: Output[]): void {
    if (!this.isReady || event.sig === undefined) return
    if (!this.#advance(baseOf(event)) || this.#atGate.has(event.id)) return
    this.#runsToAcknowledge += 1
    this.#acknowledgeWhenDue(out)
  }

  /** While more runs are at the gate their verdicts are a moment away, and one answer covers them all. */
  #acknowledgeWhenDue(out: Output[]): void {
    if (this.#runsToAcknowledge === 0) return
    if (this.#atGate.size === 0 || this.#runsToAcknowledge >= ACK_EVERY_RUNS) this.acknowledge(out)
  }

  acknowledge(out: Output[]): void {
    this.#runsToAcknowledge = 0
    if (this.#tip === undefined) return
    const { seq, id } = this.#tip
    this.#source.answer({ kind: 'ack', stream: undefined, seq, prefix: prefixOf(id) }, out)
  }
}
