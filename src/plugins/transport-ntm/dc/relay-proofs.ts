/**
 * Where relays have been found. A relay says where it is, and anybody may be one: people are sent only to where a
 * challenge reached the holder of the relay's key, lately. Challenges are few, so that offers make nobody a target
 * of the coordinator either; whom the operator has named by its key is believed.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import { TokenBucket } from '../../../kernel/api/index.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import {
  RELAY_CHALLENGES_BURST,
  RELAY_CHALLENGES_PER_SECOND,
  RELAY_PROOF_LIVES_MS,
  RELAY_PROVED_AGAIN_MS,
} from './limits.ts'

const NEVER = Number.NEGATIVE_INFINITY

interface Claim {
  readonly endpoint: UdpEndpoint
  /** -Infinity: not yet. */
  provedMs: number
  challengedMs: number
}

interface Claimant {
  claims: readonly Claim[]
  isBelieved: boolean
  readonly challenges: TokenBucket
}

export class RelayProofs {
  /** One for each relay that is in the table. */
  readonly #claimants = new Map<TunnelKey, Claimant>()

  /** It says where it is; what was proved of that stays proved. */
  claim(relay: TunnelKey, endpoints: readonly UdpEndpoint[], isBelieved: boolean): void {
    const known = this.#claimants.get(relay)
    const claims = endpoints.map(
      endpoint =>
        known?.claims.find(each => sameEndpoint(each.endpoint, endpoint)) ?? {
          endpoint,
          provedMs: NEVER,
          challengedMs: NEVER,
        },
    )
    const challenges =
      known?.challenges ?? new TokenBucket(RELAY_CHALLENGES_PER_SECOND, RELAY_CHALLENGES_BURST)
    this.#claimants.set(relay, { claims, isBelieved, challenges })
  }

  /** Where it says that it is. */
  claimed(relay: TunnelKey): readonly UdpEndpoint[] {
    return this.#claimants.get(relay)?.claims.map(({ endpoint }) => endpoint) ?? []
  }

  /** Where it is. */
  proved(relay: TunnelKey, nowMs: number): readonly UdpEndpoint[] {
    const claimant = this.#claimants.get(relay)
    const isGood = ({ provedMs }: Claim): boolean =>
      claimant?.isBelieved === true || nowMs - provedMs < RELAY_PROOF_LIVES_MS
    return claimant?.claims.filter(isGood).map(({ endpoint }) => endpoint) ?? []
  }

  /** Where to challenge it now, each in turn: what never answers must not keep the others from it. */
  toChallenge(relay: TunnelKey, nowMs: number): readonly UdpEndpoint[] {
    const claimant = this.#claimants.get(relay)
    if (claimant === undefined || claimant.isBelieved) return []
    const due = claimant.claims
      .filter(({ provedMs }) => nowMs - provedMs >= RELAY_PROVED_AGAIN_MS)
      .toSorted((a, b) => (a.challengedMs < b.challengedMs ? -1 : Number(a.challengedMs > b.challengedMs)))
      .filter(() => claimant.challenges.take(nowMs))
    for (const claim of due) claim.challengedMs = nowMs
    return due.map(({ endpoint }) => endpoint)
  }

  /** It has answered a challenge that went there. */
  answered(relay: TunnelKey, endpoint: UdpEndpoint, nowMs: number): void {
    const claims = this.#claimants.get(relay)?.claims ?? []
    for (const claim of claims) if (sameEndpoint(claim.endpoint, endpoint)) claim.provedMs = nowMs
  }

  /** Forgets all but these. */
  keep(relays: ReadonlySet<TunnelKey>): void {
    for (const relay of this.#claimants.keys()) if (!relays.has(relay)) this.#claimants.delete(relay)
  }
}
