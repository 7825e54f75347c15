/**
 * What TCP holds, waits for and answers at most. None of these numbers is on the wire as such, so each may change from
 * one version to the next. Those of the algorithms that decide what leaves when stand with each of them: how much may be in
 * flight is `PATH_GAIN` and `QUEUE_GAIN` in `bbr.ts`.
 */

/** What a peer that names no MSS can take (RFC 9293 §3.7.1). */
export const DEFAULT_MSS_IPV4 = 536
export const DEFAULT_MSS_IPV6 = 1220
/** A peer that asks for less would make a storm of packets out of every answer. */
export const MSS_MIN = 88

/** The largest window that the receive buffer may grow to fits into 16 bits with this scale. */
export const WINDOW_SCALE = 8

/** What one side may have outstanding towards a new connection, bytes. */
export const RECEIVE_START_BYTES = 64 * 1024
/** 200 ms at 100 Mb/s need 5 MiB with room to grow into, 50 ms at 1 Gb/s 6 MiB. */
export const RECEIVE_MAX_BYTES = 16 * 1024 * 1024 - 64 * 1024
/** What the windows of all connections may grow beyond their start, together. */
export const RECEIVE_GROWTH_BYTES = 64 * 1024 * 1024
/** A window is this many times what was read in one round trip: doubling, and the round trip until it is known. */
export const RECEIVE_AHEAD = 4
/** Reading is measured over no less than this, because an event loop works in bursts. */
export const RECEIVE_PERIOD_MS = 10
/** Round trip to reckon with before one is known. */
export const RTT_GUESS_MS = 100

/** Pieces that may wait for what comes before them; more are not taken, and come again. */
export const PIECES_MAX = 4096

/**
 * Written and not acknowledged: so many congestion windows, but this much at least and at most, bytes. One window is
 * in flight, one lies behind what is sent again, and one behind what was lost a second time: with less the sender
 * runs dry where losses are frequent, and a rate that nothing was sent at is no measure for the path.
 */
export const SEND_AHEAD = 3
export const SEND_START_BYTES = 64 * 1024
export const SEND_MAX_BYTES = 16 * 1024 * 1024

/** Of our own acknowledgements; what a peer's may take is reckoned with elsewhere. RFC 9293 MUST-59 allows 500 ms. */
export const ACK_DELAY_MS = 40

/** Between two answers to segments that no honest peer sends often (RFC 5961 §7). */
export const CHALLENGE_GAP_MS = 500

/** How long a connection is tried before it counts as unreachable. */
export const CONNECT_TIMEOUT_MS = 30_000
/**
 * How long data may stay unacknowledged (RFC 9293 §3.8.3): paths break for minutes and come back. What somebody wrote who
 * has gone since has so long in all, whatever the peer answers.
 */
export const USER_TIMEOUT_MS = 300_000
/** How long the peer of a connection that nobody holds any more may take to close its half, once it has everything. */
export const ORPHAN_TIMEOUT_MS = 60_000

/** Connections that nobody holds any more, of one peer and in all, and what was written to them, bytes. */
export const ORPHANS_PER_PEER = 64
export const ORPHANS_MAX = 1024
export const ORPHAN_BYTES_MAX = 64 * 1024 * 1024

/** Unanswered keepalive probes that end a connection, and the time between them. */
export const KEEPALIVE_PROBES = 5
export const KEEPALIVE_GAP_MS = 15_000
/** Silence after which a connection is probed: one that is owed nothing lasts as long as one that is. */
export const KEEPALIVE_MS = USER_TIMEOUT_MS - KEEPALIVE_PROBES * KEEPALIVE_GAP_MS

/** Twice the time that a segment lives in a tunnel, which has no loops. */
export const TIME_WAIT_MS = 10_000
export const TIME_WAITS_MAX = 1024

/** Half-open connections of a listener that have a state; what comes beyond is answered with cookies. */
export const BACKLOG = 64
export const CONNECTIONS_PER_PEER = 1024
export const CONNECTIONS_MAX = 8192

/** Answers to segments of no connection, over all peers. */
export const RESETS_PER_SECOND = 100
export const RESETS_BURST = 100

/** Where the own port of a connection is chosen; the ports of the project lie behind it. */
export const OWN_PORT_FIRST = 32_768
export const OWN_PORT_LAST = 60_999

/** Largest IP packet that can be built. */
export const PACKET_MAX_BYTES = 9216
