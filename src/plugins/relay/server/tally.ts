/** What a Relay Server counts. Plain numbers, because some of them grow with every packet. */

const DROPS = [
  'malformed',
  'unexpected',
  'source-unnameable',
  'token-unknown',
  'source-foreign',
  'rate-exceeded',
  'other-side-absent',
  'claim-forged',
  'claim-replayed',
  'ticket-malformed',
  'ticket-foreign',
  'ticket-expired',
  'ticket-forged',
  'issuer-unknown',
  'too-many-checks',
  'too-many-answers',
  'slots-full',
  'share-full',
] as const
export type Drop = (typeof DROPS)[number]

export class Tally {
  packets = 0
  bytes = 0
  probes = 0
  challenges = 0
  binds = 0
  /** Claims that were answered with a no. */
  refusals = 0
  /** Times that a holder was somewhere else than before. */
  moves = 0
  readonly drops = Object.fromEntries(DROPS.map(drop => [drop, 0])) as Record<Drop, number>
}
