/**
 * The shape of every protocol: a synchronous machine that is given inputs and returns outputs. It has no clock,
 * no chance, no socket and no disk of its own, so the same machine runs on a network and in the simulator. The
 * kernel's driver is the only one who performs what a machine asks for.
 */
import type { Opened, Recorded, Sealed } from '../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../events/ids.ts'

/** Sampled once per step: a machine sees one moment and one source of chance. */
export interface Turn {
  /** Monotonic milliseconds, for timers and round trips. */
  readonly nowMs: number
  readonly random: () => number
}

/** What the gate said of one event that a peer handed in. */
export type Verdict =
  | { readonly id: EventId; readonly kind: 'admitted' | 'duplicate' }
  | { readonly id: EventId; readonly kind: 'held'; readonly missing: readonly EventId[] }
  | { readonly id: EventId; readonly kind: 'refused'; readonly why: string }

export type Input<Command> =
  | { readonly kind: 'datagram'; readonly from: DeviceId; readonly bytes: Uint8Array }
  | { readonly kind: 'woke'; readonly timer: string }
  | { readonly kind: 'command'; readonly command: Command }
  | { readonly kind: 'appended'; readonly recorded: Recorded }
  /** The answer to `ingest`, after the sync. */
  | { readonly kind: 'ingested'; readonly from: DeviceId; readonly verdicts: readonly Verdict[] }
  /** The answer to `fetch`: events of one author in one stream, in order, gap-free. */
  | {
      readonly kind: 'fetched'
      readonly stream: StreamId
      readonly author: DeviceId
      readonly fromSeq: number
      readonly events: readonly Recorded[]
    }
  /** The answer to `find`. Each run begins with an event that was asked for and ends with the signature that covers it. */
  | {
      readonly kind: 'found'
      readonly device: DeviceId
      readonly stream: StreamId
      readonly runs: readonly (readonly Opened[])[]
    }
  /**
   * A path to a device opened or closed. Open once more: packets take another way because the one before was silent, or
   * come through again, and what is under way may be lost.
   */
  | { readonly kind: 'link'; readonly device: DeviceId; readonly up: boolean }

export type Output =
  | { readonly kind: 'send'; readonly to: DeviceId; readonly bytes: Uint8Array }
  /** The same name replaces; undefined cancels. */
  | { readonly kind: 'wake'; readonly timer: string; readonly afterMs: number | undefined }
  /** Hands a whole run to the gate in the name of the peer it came from. */
  | { readonly kind: 'ingest'; readonly from: DeviceId; readonly run: readonly Sealed[] }
  | {
      readonly kind: 'fetch'
      readonly stream: StreamId
      readonly author: DeviceId
      readonly fromSeq: number
      readonly limit: number
    }
  /** Looks events of one stream up for a device. Ids that are not here are passed over. */
  | {
      readonly kind: 'find'
      readonly device: DeviceId
      readonly stream: StreamId
      readonly ids: readonly EventId[]
    }
  /** Asks for a tunnel; a `link` input follows when there is one. */
  | { readonly kind: 'reach'; readonly device: DeviceId }
  /** A line in the journal, for `replay` and `why`. */
  | { readonly kind: 'note'; readonly about: EventId; readonly what: string }
  /** Writes to the plugin's own keyspace, in order, with the next commit. */
  | { readonly kind: 'keep'; readonly key: string; readonly value: Uint8Array | undefined }

export interface Machine<Command> {
  /** Feeds one input; returns everything that must now be done, in order. */
  step(input: Input<Command>, turn: Turn): readonly Output[]
}
