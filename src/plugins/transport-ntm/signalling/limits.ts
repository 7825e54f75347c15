/**
 * Every number of the signalling protocol, in one place. Those on the wire are marked; the others may change
 * from one version to the next.
 */
import { FRAME_MAX_BYTES } from '../../../wire/limits.ts'

/** On the wire: the first element of every message. */
export const SIGNALLING_VERSION = 1
export const TRANSACTION_BYTES = 8
export const TOKEN_MAX_CHARACTERS = 64
export const LEASE_MAX_MS = 24 * 60 * 60_000

/** One inner datagram, bytes. */
export const DATAGRAM_MAX_BYTES = FRAME_MAX_BYTES
/** On the wire: what stands before the bytes of a part. */
export const PART_HEADER_BYTES = 7
export const PARTS_MAX = 8
/** A whole message: a record of the largest size and what goes around it. */
export const MESSAGE_MAX_BYTES = PARTS_MAX * (DATAGRAM_MAX_BYTES - PART_HEADER_BYTES)
/** Half-received messages of one sender, and how long they are waited for. */
export const ASSEMBLIES_PER_SENDER = 4
export const ASSEMBLY_TIMEOUT_MS = 5_000

/** On the wire: SPEC.md §6.5. */
export const CANDIDATES_MAX = 16
/** On the wire: nonce, 16 candidates of 19 bytes, tag. */
export const SEALED_CANDIDATES_MAX_BYTES = 24 + CANDIDATES_MAX * 19 + 16

/** On the wire: relays of one list, or of one report. */
export const RELAYS_MAX = 8
/** On the wire: no round trip is said to be longer, ms. */
export const RTT_MAX_MS = 60_000
/** On the wire: zeros in a relay's registration, so that its answer is never the larger one. */
export const RELAY_REGISTRATION_PADDING_BYTES = 48

/** First retransmission after this, then doubling (RFC 8489 §6.2.1 has the same shape). */
export const RTO_MS = 500
/** Sends of one request: at 0, 0.5, 1.5 and 3.5 s; given up at 7.5 s. */
export const REQUEST_TRIES = 4
/** Requests that one node has in flight. */
export const REQUESTS_MAX = 256

/** Persons whose authorisation is to be withdrawn, and how many are being told at a time. */
export const WITHDRAWALS_MAX = 16_384
export const WITHDRAWALS_AT_ONCE = 16

/** For how long NATs are taken to remember UDP that is silent: most for this long at least, the most impatient for less. */
const NAT_REMEMBERS_MS = 30_000
export const IMPATIENT_NAT_REMEMBERS_MS = 20_000

/**
 * How often a node speaks to its coordinator, and how often at most. No more rarely anywhere: a NAT that gives the same port
 * again, or a firewall before an own address, never shows that it has forgotten.
 */
export const KEEPALIVE_MS = NAT_REMEMBERS_MS - 5_000
export const KEEPALIVE_MIN_MS = 15_000
/** However rarely a node means to speak: no coordinator waits for longer. */
export const KEEPALIVE_MAX_MS = 120_000
/** While the coordinator is down: the wait before the next attempt to register, doubling. */
export const BACKOFF_MIN_MS = 1_000
export const BACKOFF_MAX_MS = 15_000
/** After a refusal that waiting does not cure: an operator may have changed the rules meanwhile. */
export const REFUSED_RETRY_MS = 60_000
/** The send of one request at which the tunnel itself is doubted: 1.5 s after the first. */
export const RENEW_AT_TRY = 3
/** A round trip to a relay that differs by more than both of these is worth saying. */
export const RTT_NOTABLE_MS = 20
export const RTT_NOTABLE_SHARE = 0.25
/** How long changed measurements settle before they are reported, and how often that is done at most. */
export const REPORT_SETTLE_MS = 400
export const REPORT_EVERY_MS = 5_000
/** That a relay is not reached any more is told at once, and that no more often than this. */
export const REPORT_LOSS_EVERY_MS = 1_000
/** How long an answer is remembered for a request that comes again. */
export const ANSWER_LIFETIME_MS = 30_000
/** Answers that a node remembers, bytes. */
export const NODE_ANSWERS_MAX_BYTES = 64 * 1024
