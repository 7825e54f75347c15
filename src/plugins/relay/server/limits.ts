/** Every bound of a Relay Server in one place: how long things live, and how much strangers may cost. */

/** A cookie is good for this long at least, and twice as long at most. */
export const COOKIE_LIFETIME_MS = 120_000
/** A slot of which nothing authentic was heard for so long is given up. */
export const SLOT_LIFETIME_MS = 24 * 60 * 60_000
/** When all slots are taken, one that was silent for this long makes room. */
export const SLOT_SPARE_MS = 10 * 60_000
export const SLOTS_MAX = 65_536
/** What of all slots one holder may have, and one network: several houses behind one address, a site of IPv6. */
export const HOLDER_SHARE = 1 / 16
export const NETWORK_SHARE = 1 / 4
export const SHARE_LEAST = 16
/** When a network has its share, one of its slots that was silent for so long makes room: three keepalives are missing. */
export const SLOT_SPARE_OF_SHARE_MS = 60_000
/** Bytes of an IPv6 address that a network's share goes by, and the budget of who has tickets checked. */
export const SHARE_IPV6_BYTES = 6
export const CHECKS_IPV6_BYTES = 8
export const SWEEP_INTERVAL_MS = 60_000

/** To a new place go at most so many times the bytes that came from there, until it has echoed a cookie. */
export const UNPROVEN_FACTOR = 3
/** A new place that has echoed nothing by then is given up for the old one. */
export const UNPROVEN_MAX_MS = 2_000
/** What was under way from the old place when the holder moved still counts for this long. */
export const LEAVING_MS = 2_000

/** Tickets whose signature is checked: of one address, behind which many may live, and of all. */
export const CHECKS_PER_SECOND = 100
export const CHECKS_BURST = 1_000
export const ALL_CHECKS_PER_SECOND = 2_000
export const SOURCES_MAX = 4_096
/** An unproven source is answered once in so long, whatever it piled up: once by a challenge, once by what it probed for. */
export const MOMENT_MS = 1
/** Challenges to who sends data into no slot, or from elsewhere. */
export const STRAYS_PER_SECOND = 2_000

/** The least burst that a ticket's rate is given; the usual one is a quarter of a second. */
export const BURST_MIN_BYTES = 64 * 1024
export const BURST_MS = 250

/** Packets for a side that is not there yet: few, small, for moments. */
export const WAITING_PACKETS_MAX = 4
export const WAITING_PACKET_BYTES = 1_500
export const WAITING_SLOTS_MAX = 1_024
export const WAITING_MAX_MS = 5_000
