/**
 * What a person is told of NATs, in the same words everywhere: by `ntm peers` of each side, by `ntm doctor` of the own one.
 */

/** What goes on after `the NAT`, or `a NAT that`. */
export const NAT_DOES = {
  easy: 'keeps one port',
  hard: 'gives every flow another port',
} as const

export const NO_NAT = 'no NAT'
export const BOTH_HARD = 'both NATs give every flow another port'
