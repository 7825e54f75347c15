/** Every number of a Relay Server's standing with its coordinator, in one place. None is on the wire. */

/** How often it says that it is there: what it is believed for is three times as long, and 10 s. */
export const OFFER_EVERY_MS = 15_000
