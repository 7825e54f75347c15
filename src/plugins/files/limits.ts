/**
 * Every number of files by name. Sizes of blocks and groups belong to the hash of a file and never change; the rest is
 * each device's own choice.
 */

/** Reserved virtual TCP port (transport-ntm/SPEC.md, ports). */
export const FILES_PORT = 61_005
export const PROTOCOL_VERSION = 1

/**
 * What is verified at a time: so much is lost when something breaks, and so long (0.13 ms) nothing else runs while it
 * is hashed. Larger blocks hash no faster.
 */
export const BLOCK_BYTES = 256 * 1024
/** Blocks under one node of the tree: 256 MiB, whose hashes are 32 KiB. */
export const GROUP_BLOCKS = 1024
export const GROUP_BYTES = BLOCK_BYTES * GROUP_BLOCKS
/** 4 TiB: the hashes of all groups are 512 KiB then. */
export const FILE_MAX_BYTES = 2 ** 42

/** The name in an offer, in UTF-8. */
export const NAME_MAX_BYTES = 255
/** The list at the head of a folder. */
export const LIST_MAX_BYTES = 4 * 1024 * 1024
export const LIST_MAX_ENTRIES = 65_536
export const PATH_MAX_BYTES = 1_024
export const PATH_MAX_DEPTH = 32

/** Blocks read ahead of the stream, and blocks on their way to the disk. */
export const READ_AHEAD_BLOCKS = 4
export const WRITES_MAX = 4
/** Blocks after which it is looked whether what they are written to is still there. */
export const LOOK_EVERY_BLOCKS = 32
/** Bytes handed to the stream at a time, so that others get their turn in between. */
export const SLICE_BYTES = 64 * 1024

/** Files that are fetched at a time, in all and from each person; the others wait for their turn. */
export const FETCHES_MAX = 16
export const FETCHES_EACH_MAX = 4
/** Streams that others may hold open here: in all, strangers together, and each person. */
export const SERVED_MAX = 32
export const SERVED_STRANGERS_MAX = 16
export const SERVED_EACH_MAX = 8
/** Streams beyond those on which it is said that there is no place now; all others are broken off. */
export const BUSY_MAX = 32

/**
 * How long a transfer may be silent. A stream is given up, by either side, when what is due on it does not come for STALL_MS
 * (so is one that does not come about), and when no block gets on for BLOCK_PATIENCE_MS, however many bytes do: 4.4 kB/s
 * are enough. Whoever asks then tries another one. The file is given up for now when its last block came SILENCE_MAX_MS
 * ago (`--timeout` of `get`): that is looked at when a stream has ended, so it takes longer by what that took. No time
 * runs while the own disk is busy or other files have their turn.
 */
export const STALL_MS = 10_000
export const BLOCK_PATIENCE_MS = 60_000
export const SILENCE_MAX_MS = 30_000
/** Pauses between tries. */
export const AGAIN_FIRST_MS = 250
export const AGAIN_MAX_MS = 10_000
/** Pauses of a file that failed, before it is tried again by itself while its sender is there. */
export const SETBACK_FIRST_MS = 60_000
export const SETBACK_MAX_MS = 3_600_000
/** How often one block may arrive damaged. */
export const DAMAGED_MAX = 3

/** How long an offer waits to be heard, where the node may end with the command. */
export const HEARD_PATIENCE_MS = 10_000
export const PROGRESS_EVERY_MS = 200
