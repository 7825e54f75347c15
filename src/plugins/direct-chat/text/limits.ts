/**
 * Every number of the text protocol by name: how long it waits, how much it keeps, how fast it goes. Each
 * device chooses them for itself; what both ends must agree on stands in the limits of the wire.
 */

/** Reserved virtual UDP port (SPEC.md, ports). */
export const TEXT_PORT = 61_003
export const TEXT_PROTOCOL = 'ntm.text'

/** RFC 6298 §2.1, and a floor far above the time that two disk syncs take. */
export const RTO_FIRST_MS = 1_000
export const RTO_MIN_MS = 200
/** While there is a path, a person waits: longer silences are no cure for loss (RFC 6298 §2.5 allows any cap). */
export const RTO_MAX_MS = 15_000

/**
 * Between attempts to build a path to somebody who is away. The pause doubles at first, then it grows more slowly:
 * whoever was away briefly is found within a minute, and who stays away is called half as often.
 */
export const REACH_FIRST_MS = 1_000
export const REACH_OFTEN_MS = 60_000
export const REACH_MAX_MS = 120_000
export const REACH_GROWTH = { often: 2, seldom: 1.25 } as const

/** Datagrams in flight to one device. */
export const WINDOW_FIRST = 32
export const WINDOW_MIN = 8
export const WINDOW_MAX = 512
/** Repeated acknowledgements that tell a loss (RFC 5681 §3.2), and pieces that may overtake one (RFC 5681 §2). */
export const REPEATED_ACKS = 3

/** Own events held in memory for one device; the rest waits in the log. */
export const WAITING_MAX = 2_048
export const FETCH_LIMIT = 512
/** Events read again before the first unsent one: the base of the next frame and what peers may cite. */
export const FETCH_BACK = 16
/** A fetch that was not answered by then has failed. */
export const FETCH_PATIENCE_MS = 5_000

/** The least number of newest events of a stream that frames may cite by a prefix. */
export const RECENT_MAX = 1_024
/** Own newest events that a peer may cite without naming them. */
export const OWN_RECENT_MAX = 16
/** Frames in flight above which citations are named, because the peer's newest guess would be too old. */
export const UNNAMED_IN_FLIGHT_MAX = 8

/** Frames of one device that wait for the event before them. */
export const EARLY_FRAMES_MAX = 512
export const EARLY_BYTES_MAX = 1024 * 1024
/** A gap that the sender's own retransmission has not filled by then is asked for; doubled each time. */
export const GAP_FIRST_MS = 1_000
export const GAP_TRIES_MAX = 5
/** Runs of one device at the gate. */
export const PENDING_MAX = 1_024
/** A run whose verdict is missing for so long is handed in again when it arrives again. */
export const VERDICT_PATIENCE_MS = 2_000
/** Runs that share one acknowledgement while more of them are at the gate. */
export const ACK_EVERY_RUNS = 16
/** Pieces of a long frame that share one report. */
export const REPORT_EVERY_PIECES = 4
/** Datagrams kept while the log is read for where a conversation stands. */
export const UNREAD_DATAGRAMS_MAX = 64

/** A few dozen bytes ask for whole runs: a device that lost its own words is given them so often at most. */
export const GIVE_BACK_EVERY_MS = 1_000

/** How far the saved pointer to the device's newest event may lag: so much is read again at a start. */
export const RECEIVED_LAG_MAX = 256

/** READ frames are not acknowledged: each newest one is said again, each time after twice as long. */
export const READ_AGAIN_FIRST_MS = 1_000
export const READ_TIMES = 6

/** After a refusal nothing is sent to the device for so long, unless the link or the contact changes. */
export const REFUSED_PAUSE_MS = 60_000
