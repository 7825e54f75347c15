/**
 * The numbers of the WireGuard protocol, and below them the numbers that are ours to choose. They are kept
 * apart because changing one of the first group stops us from talking to other implementations, or makes us a
 * worse neighbour to them, while the second group only changes how this device spends its memory and time.
 */

/** WireGuard paper §5.4: the name that is hashed first, and the prologue. */
export const CONSTRUCTION = 'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s'
export const IDENTIFIER = 'WireGuard v1 zx2c4 Jason@zx2c4.com'
export const LABEL_MAC1 = 'mac1----'
export const LABEL_COOKIE = 'cookie--'

export const KEY_BYTES = 32
export const TAG_BYTES = 16
export const MAC_BYTES = 16
/** Inner packets are padded with zeros to a multiple of this. */
export const PADDING_BYTES = 16

/** Secrets behind cookies, and cookies received, live this long (paper §5.4.7). */
export const COOKIE_LIFETIME_MS = 120_000
/** At most this much is added at random to a retry, so that two peers do not stay in step (paper §6.1). */
export const JITTER_MS = 333
/** Keys are wiped when no new session was made for this many times the reject time (paper §6.3). */
export const ZERO_AFTER_REJECTS = 3
/** A peer's initiations closer together than this are a flood. */
export const INITIATION_SPACING_MS = 20

/** Times and bounds of one tunnel device. Tests shorten the times; the bounds suit a personal node. */
export interface TunnelLimits {
  readonly rekeyAfterMs: number
  readonly rejectAfterMs: number
  readonly rekeyAttemptMs: number
  readonly rekeyTimeoutMs: number
  /** By how much each unanswered try of an attempt is given longer than the one before. */
  readonly rekeyTimeoutGrowth: number
  readonly keepaliveMs: number
  /** Whether a handshake is begun towards who has heard data from us and says nothing (paper §6.5). */
  readonly seeksSilent: boolean
  readonly rekeyAfterMessages: number
  readonly rejectAfterMessages: number
  /** No stranger is admitted while so many peers are known. */
  readonly peers: number
  /** Packets that wait for a session, per peer; the oldest goes first. */
  readonly stagedPackets: number
  /** Handshake messages a second above which strangers must show a cookie. */
  readonly handshakesPerSecond: number
  /** Handshakes that one source may cause, once it has shown that it owns its address: per second, and at once. */
  readonly sourcePerSecond: number
  readonly sourceBurst: number
}

/**
 * The times are the specification's. Its message limits, 2^60 and 2^64 - 2^13 - 1, cannot be counted exactly
 * in a double, so ours lie lower; at a million packets a second both are a lifetime away.
 */
export const DEFAULT_LIMITS: TunnelLimits = {
  rekeyAfterMs: 120_000,
  rejectAfterMs: 180_000,
  rekeyAttemptMs: 90_000,
  rekeyTimeoutMs: 5_000,
  rekeyTimeoutGrowth: 1,
  keepaliveMs: 10_000,
  seeksSilent: true,
  rekeyAfterMessages: 2 ** 52,
  rejectAfterMessages: 2 ** 53 - 2 ** 13 - 1,
  peers: 65_536,
  stagedPackets: 128,
  handshakesPerSecond: 100,
  sourcePerSecond: 20,
  sourceBurst: 5,
}

/**
 * For servers. Thousands may live behind one address (a carrier's NAT, an office), and after a restart all of them
 * come within half a minute. A handshake takes about 0.4 ms, so one source may take a fifth of a core.
 *
 * Who wants something of a server asks again, so it seeks nobody who is silent. When it opens tunnels itself, it is
 * to thousands at once; each further try makes the answers that are still on their way worthless, so it waits longer
 * every time, and not for ever.
 */
export const SERVER_LIMITS: Partial<TunnelLimits> = {
  seeksSilent: false,
  rekeyTimeoutGrowth: 2,
  rekeyAttemptMs: 20_000,
  handshakesPerSecond: 500,
  sourcePerSecond: 500,
  sourceBurst: 500,
}

/** The load is judged high for this long after it was last measured high. */
export const LOAD_STICKS_MS = 1_000
/** Sources remembered by the limiter. */
export const SOURCES_REMEMBERED = 16_384

/** Handshakes under load without a cookie, from sources known from before: of one, and of all. */
export const ACQUAINTED_SOURCE = { sourcePerSecond: 5, sourceBurst: 5 }
export const ACQUAINTED_PER_SECOND = { sourcePerSecond: 100, sourceBurst: 20 }

/** An accepted first message keeps its answer this long, for so many other sources (SPEC.md §1). */
export const ANSWER_KEPT_MS = 5_000
export const ANSWER_OTHER_SOURCES = 8
/** How often it is given in all beyond the first time, known sources included. */
export const ANSWER_AGAIN_MAX = 16
/** An address that has not shown it is there gets at most so many times what came from it (RFC 9000 §8). */
export const UNPROVEN_FACTOR = 3
/** What of that is kept for a challenge, without which it would never be more. */
export const CHALLENGE_MESSAGE_BYTES = 96
/** A session pushed out of its slot still opens packets that were in flight for this long. */
export const RETIRED_MS = 10_000
/** So many such sessions per peer: two handshakes that cross push out two. */
export const RETIRED_SESSIONS = 4
/** An admitted stranger that never confirms its session is forgotten after this long. */
export const UNCONFIRMED_MS = 10_000
/** Largest UDP payload. */
export const DATAGRAM_BYTES = 65_535
