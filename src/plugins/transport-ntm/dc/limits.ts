/**
 * Every number that bounds a coordinator, in one place. None is on the wire. What strangers can make it keep
 * is bounded twice: each of them, and all of them together.
 */
import { OFFER_EVERY_MS } from '../rs/limits.ts'

/** Names that one coordinator keeps, those that an operator released included. */
export const NAMES_MAX = 200_000
/** Devices registered at a time, and guests beside them. */
export const REGISTRATIONS_MAX = 200_000
export const GUESTS_MAX = 20_000
/** Devices of one name registered at a time. */
export const DEVICES_PER_NAME_MAX = 8

/** A registration lives for this many keepalive intervals, and a little. */
export const LEASE_INTERVALS = 3
export const LEASE_SLACK_MS = 10_000
export const SWEEP_MS = 5_000

/** After this the initiator hears that the responder cannot be reached, whatever the reason. */
export const DIRECTION_DEADLINE_MS = 3_000
export const DIRECTIONS_PENDING_MAX = 16_384
export const DIRECTIONS_PENDING_PER_NODE = 32
/** Requests for directions and names of one node. */
export const REQUESTS_PER_SECOND = 20
export const REQUESTS_BURST = 60

/** Signatures checked for those who are not registered: of one tunnel key, and from one network. */
export const CHECKS_PER_KEY = { sourcePerSecond: 1, sourceBurst: 4 } as const
export const CHECKS_PER_SOURCE = { sourcePerSecond: 500, sourceBurst: 500 } as const

/** Persons that one person has authorised, and such pairs in all. */
export const AUTHORISED_PER_PERSON_MAX = 1_024
export const AUTHORISED_MAX = 200_000

/** Relay Servers known at a time; nodes are told of the first few. */
export const RELAYS_REGISTERED_MAX = 64
/**
 * One that was not found for so long gives way to newcomers where the table is full; no sooner, for every newcomer is
 * challenged, and so keys that cost nothing would be as many packets to wherever somebody likes.
 */
export const RELAY_UNPROVED_STAYS_MS = 60_000
/** A relay that was not measured counts as so much farther than the farthest that was. */
export const RELAY_UNKNOWN_EXTRA_MS = 100
/**
 * Challenges to where a relay says that it is, sent as it registers and at no other time: two at once, for it may have
 * two families, then as many as it offers itself. All relays together never cost anybody more than a few packets a second.
 */
export const RELAY_CHALLENGES_PER_SECOND = 1_000 / OFFER_EVERY_MS
export const RELAY_CHALLENGES_BURST = 2
export const RELAY_CHALLENGES_OPEN_MAX = 512
/** An endpoint that was proved longer ago is challenged again, at the next registration of its relay. */
export const RELAY_PROVED_AGAIN_MS = 5 * 60_000
/** One that has not answered for so long counts no more. */
export const RELAY_PROOF_LIVES_MS = 10 * 60_000
export const RELAY_TICKET_LIFETIME_MS = 24 * 60 * 60_000

export const ANSWERS_MAX_BYTES = 4 * 1024 * 1024

/** Claims and moves that wait for the disk. */
export const CLAIMS_PENDING_MAX = 4_096

export const PATTERNS_MAX = 1_024
export const TOKENS_MAX = 10_000
export const TOKEN_BYTES = 16
export const TOKEN_LIFETIME_MS = 7 * 24 * 60 * 60_000

/** After a restart: nodes called back in one go, the time between two goes, and how often each is called. */
export const RECALL_BATCH = 50
export const RECALL_EVERY_MS = 50
export const RECALL_ROUNDS = 6
export const RECALL_ROUND_MS = 4_000
