/** Every number of the way around blocked UDP, in one place. None is on the wire but the port. */

/** The port that is left open where everything else is closed. */
export const LAST_RESORT_PORT = 443
/** The next way to a server is tried beside those before it. */
export const NEXT_WAY_AFTER_MS = 1_000
/** What takes a connection and does not answer is no server of ours. */
export const FIRST_ANSWER_MS = 5_000
/** After every way has failed. */
export const BACKOFF_MIN_MS = 2_000
export const BACKOFF_MAX_MS = 60_000
/** A connection that ends so soon after it was used is opened again at once. */
export const IN_USE_MS = 120_000
/** What lived for so long did not end because somebody wanted none. */
export const STEADY_MS = 30_000
/** What nobody has sent anything through, or asked for, for so long is not needed any more. */
export const UNUSED_MS = 15 * 60_000
/** Servers that may have a detour at a time. */
export const DETOURS_MAX = 64

/** UDP is tried again after this, then after twice as long each time: it is missed no longer than it was away. */
export const UDP_AGAIN_MIN_MS = 1_000
export const UDP_AGAIN_MAX_MS = 5 * 60_000
/** Whether it is one server, one that was away, or UDP as a whole is known after so long: UDP was asked by then. */
export const VERDICT_MS = 2_000
/** How long an answer by UDP is waited for. */
export const UDP_PATIENCE_MS = 3_000
/** What was on its way through a connection when UDP came back still arrives. */
export const LINGER_MS = 10_000
/** A connection by which nothing came for so long, although something was asked, is opened anew. */
export const STALE_MS = 5_000

/**
 * A coordinator that has not answered for so long may be behind blocked UDP; less when others are. Who is asked for
 * while starting is waited for 3 s by the asker's coordinator: whoever has to come through TCP must be there by then.
 */
export const SILENT_MS = 1_500
export const SILENT_WHILE_BLOCKED_MS = 1_000
