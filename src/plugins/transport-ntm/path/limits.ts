/**
 * Every number of the search for paths, in one place. None is on the wire but the size of a token; each may change
 * from one version to the next. Where a figure was measured, `docs/protocol` or the results of the laboratory say so.
 */

/** When a round of probes sends, after its start: dense while a NAT is being opened, then thinning out. */
export const PROBE_OFFSETS_MS: readonly number[] = [0, 30, 90, 210, 450, 930, 1_900, 3_800]
/** Ordinary probing has had its chance: harder ways are tried beside it. */
export const TRY_HARDER_AFTER_MS = 250
/** How long after a round the next one starts while there is only a relay, by how long that has been so. */
export const ROUND_PAUSES: readonly { readonly relayedForMs: number; readonly pauseMs: number }[] = [
  { relayedForMs: 60_000, pauseMs: 5_000 },
  { relayedForMs: 5 * 60_000, pauseMs: 15_000 },
  { relayedForMs: 30 * 60_000, pauseMs: 60_000 },
  { relayedForMs: Number.POSITIVE_INFINITY, pauseMs: 300_000 },
]

/** Traffic within this time: the path is watched closely. */
export const BUSY_MS = 10_000
/** Traffic within this time: the path is kept open. */
export const WARM_MS = 45_000
/** How often a busy path is asked whether it lives; more often by who only receives, for nobody else would notice. */
export const HEARTBEAT_MS = 1_000
export const LISTENING_HEARTBEAT_MS = 500
export const WARM_HEARTBEAT_MS = 3_000
/** Other good paths of a busy peer are measured so often, and so many of them. */
export const STANDBY_HEARTBEAT_MS = 5_000
export const STANDBYS_MEASURED = 3
/** Something was sent and nothing came back for so long, beyond the round trip: ask. */
export const SILENCE_MS = 100
/** How often a busy path is looked at. */
export const WATCH_MS = 100
/** An answer is missed after three round trips and their spread, and not before this; it is doubted after half. */
export const PATIENCE_MIN_MS = 300
export const PATIENCE_UNKNOWN_MS = 600
/** A suspect path that stays silent is given up. */
export const DEAD_AFTER_MS = 3_000
/** Who has been silent for that long is asked ever more rarely, and directions to it are; never more rarely than this. */
export const ASKED_EVERY_MAX_MS = 30_000
/** A path that was proved longer ago is used together with a relay until it is proved again. */
export const TRUST_MS = 10_000
/** A path that was proved longer ago is no choice. */
export const VALID_MS = 30_000

/** A path of the same tier is left only for one that is better by both, so many times in a row. */
export const BETTER_BY_MS = 5
export const BETTER_BY_SHARE = 0.1
export const BETTER_TIMES = 3
/** What IPv6 is given in advance. */
export const IPV6_BONUS_MS = 3

/** Paths that are known of one peer; those that were never proved make room. */
export const PATHS_MAX = 40
/** Challenges of one path that may still be answered. */
export const PINGS_OPEN_MAX = 8
/** What the tunnel holds itself to as well: one rule for everything that goes to an address. */
export { CHALLENGE_MESSAGE_BYTES as PING_BYTES, UNPROVEN_FACTOR } from '../tunnel/constants.ts'

/** Enough to pass the own NAT, and a carrier's behind it; too little to reach the other side's. */
export const OPENER_HOPS = 3

/** A path fell silent: where servers see this node is asked anew no more often than this. */
export const LOOK_AGAIN_PAUSE_MS = 1_000

/** A coordinator is asked anew for a lost peer no more often than this, for whatever reason. */
export const DIRECTION_PAUSE_MS = 2_000
