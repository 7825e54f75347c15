/**
 * The three rings of an event. A Draft is what a decider wants to say; an Envelope is what a device claims and
 * signs; a Recorded is what this device knows about it. They never mix: nothing local is ever signed, and
 * nothing signed depends on when or how an event arrived here.
 */
import type { DeviceId, EventId, Millis, StreamId } from './ids.ts'

/** A fact that has not happened yet. `data` is plain msgpack: maps, arrays, text, bytes, numbers, booleans, nil. */
export interface Draft<T extends string = string, D = unknown> {
  /** Past tense and namespaced: `chat.said`, `group.member-removed`. At most 64 bytes of ASCII. */
  readonly type: T
  /** Version of the shape of `data` for this type; upcasters read it. */
  readonly rev: number
  readonly data: D
  /** The data decides who may do what: it can never be dropped (wire/SPEC.md §6). */
  readonly kept?: boolean
}

/** Envelope flags. Any other bit set means that a newer program wrote the event: it is held. */
export const FLAG_KEPT = 1
export const KNOWN_FLAGS = FLAG_KEPT

/** What an author signs. Field order is wire order; the id is a hash of these bytes. */
export interface Envelope {
  readonly fmt: number
  readonly stream: StreamId
  readonly author: DeviceId
  /** Gapless per (stream, author), from 0. */
  readonly seq: number
  /** The author's own previous event in this stream. */
  readonly prev: EventId | undefined
  /** Tips of other authors at signing time: causality, never the clock. Sorted, unique, at most 8. */
  readonly seen: readonly EventId[]
  /** The author's clock; shown, and breaks ties in timelines; never read by authority. */
  readonly at: Millis
  readonly type: string
  readonly rev: number
  readonly flags: number
  readonly dataLen: number
  /** H('ntm.data.1' ‖ salt ‖ data), lower-case hex. */
  readonly dataHash: string
}

/** What travels and is stored, byte for byte. `sig` is absent inside a run; `salt` and `data` go together. */
export interface Sealed {
  readonly id: EventId
  readonly bytes: Uint8Array
  readonly sig?: Uint8Array
  readonly salt?: Uint8Array
  readonly data?: Uint8Array
}

/** A sealed event with its envelope read, so that nobody parses the same bytes twice. */
export interface Opened extends Sealed {
  readonly envelope: Envelope
}

export type Status = 'admitted' | 'held'

/** What this device knows about an event. Never signed, never sent. */
export interface Recorded {
  /** Local log order; a projection's cursor. */
  readonly position: number
  readonly receivedAt: Millis
  /** `self`, or the device that handed it to us. */
  readonly via: 'self' | DeviceId
  readonly status: Status
  readonly event: Opened
}

export const isKept = (envelope: Envelope): boolean => (envelope.flags & FLAG_KEPT) !== 0
