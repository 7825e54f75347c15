/** The client's times and bounds in one place; the server's stand beside it. */

/** Wait after the first try of anything; it doubles with each try. */
export const RETRY_FIRST_MS = 250
/** Once a channel is lost the waits grow slowly: a bad line loses one exchange in two. */
export const RETRY_GROWTH_LOST = 1.3
export const RETRY_MAX_MS = 15_000
/** Data into a lost channel brings a claim with it, so often at most. */
export const RETRY_WITH_DATA_MS = 500
/** Claims without an answer after which a channel counts as lost. */
export const CLAIMS_UNTIL_LOST = 3
/** Copies of one probe, and how long the last of them may be under way. */
export const PROBES_MAX = 4
export const PROBE_PATIENCE_MS = 3_750

/** Most NATs remember UDP for 30 s at least. */
export const KEEPALIVE_MS = 20_000
/** Without a packet for so long a channel falls silent: nobody may need it again. */
export const DORMANT_AFTER_MS = 5 * 60_000
/** Who has not heard the relay for so long does not trust that its slot is still there. */
export const DOUBT_AFTER_MS = 30_000

/** A relay that has no slot for this node is asked for one again after this, while somebody wants it. */
export const REFUSED_AGAIN_MS = 60_000
/** For so long a relay that said no counts as one that is not reached, whatever it answers to probes. */
export const REFUSED_FOR_MS = 5 * 60_000

/** A relay takes back a cookie for two minutes at least. */
export const COOKIE_WARM_MS = 120_000
export const MEASURE_BUSY_MS = 90_000
/** Of an idle node; the more relays, the more rarely each. */
export const MEASURE_IDLE_MS = 10 * 60_000
export const MEASURE_IDLE_EACH_MS = 60_000
/** The least of so many round trips counts. */
export const SAMPLES = 4

/** Packets kept while a channel binds: enough for first handshakes. */
export const BACKLOG_MAX = 16
export const BACKLOG_PACKET_BYTES = 2_048
/** What is older has been sent again by whoever cares. */
export const BACKLOG_MAX_MS = 5_000
/** Challenges that a channel reacts to. */
export const REACTIONS_PER_SECOND = 10
export const REACTIONS_BURST = 4
/** Claims whose answer is still welcome. */
export const OPEN_CLAIMS_MAX = 16
