/**
 * Every limit of the wire by name, in one place. A reader refuses what exceeds them before it allocates; a
 * writer that exceeds them has a bug. SPEC.md §2 repeats them as a table.
 */

/** One envelope. The largest that the grammar allows is smaller; the rest is room for later formats. */
export const ENVELOPE_MAX_BYTES = 1024
export const SEEN_MAX = 8
export const TYPE_MAX_BYTES = 64
/** `at` is below 2^48: the year 10889. */
export const AT_MAX = 2 ** 48 - 1
export const REV_MAX = 65_535
export const FLAGS_MAX = 2 ** 32 - 1

/** A text of exactly 64 KiB and the map around it. */
export const DATA_MAX_BYTES = 65 * 1024
export const DATA_DEPTH_MAX = 16
export const TEXT_MAX_BYTES = 64 * 1024
export const SALT_BYTES = 16
export const SIGNATURE_BYTES = 64

/** Events under one signature. */
export const RUN_MAX_EVENTS = 64
/** Envelopes, salts and data of one run together; a single event may exceed it. */
export const RUN_MAX_BYTES = 64 * 1024

/** A person's founding event and the certificates that lead to one device. */
export const PROOF_MAX_EVENTS = 8

/** The part of an id that a frame carries. */
export const PREFIX_BYTES = 8
/**
 * The smallest IPv6 path carries 1,280 bytes: less 48 of outer IPv6 and UDP, less 32 of tunnel, an inner packet of
 * 1,200 (a multiple of 16); less 48 of inner IPv6 and UDP.
 */
export const FRAME_MAX_BYTES = 1152
/** A piece: what a FRAGMENT holds beside its 12 bytes of head. */
export const FRAGMENT_BYTES = FRAME_MAX_BYTES - 12
export const FRAGMENTS_MAX = 64
/** One frame before it is cut: more does not fit into 64 fragments. */
export const LONG_FRAME_MAX_BYTES = FRAGMENTS_MAX * FRAGMENT_BYTES
/** Events that one frame may ask for: as many as one envelope cites. */
export const WANT_MAX = SEEN_MAX
/** Frames that one source may have half-sent at a time. */
export const TRANSFERS_MAX = 16
/** Bytes of half-sent frames kept for one source. */
export const TRANSFER_MAX_BYTES = 1024 * 1024
/** A half-sent frame that got nothing for this long is forgotten. */
export const TRANSFER_IDLE_MS = 30_000
/** Pairs of (base, seen) that rebuilding a compact frame tries before it asks for the full event. */
export const REBUILD_TRIES_MAX = 32
