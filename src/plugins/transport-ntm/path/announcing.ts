/**
 * Tells a peer where this node is: all of its places, and what it takes its own NAT for. Whether that is news to the peer
 * is known from what it was told last.
 */

import type { Candidate } from '../signalling/candidates.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Entry } from './entry.ts'
import type { OwnCandidates } from './own-candidates.ts'

export interface AnnouncingParts {
  readonly own: Pick<OwnCandidates, 'nat' | 'list'>
  readonly acquaintance: Pick<Acquaintance, 'say' | 'freshToken'>
  /** Peers may not learn where this node is. */
  readonly relayOnly: boolean
}

/** `isNewsOnly`: the peer need not hear what it has heard. */
export function announce(
  entry: Entry | undefined,
  { own, acquaintance, relayOnly }: AnnouncingParts,
  isNewsOnly: boolean,
): void {
  if (entry === undefined) return
  const { nat } = own
  const candidates = relayOnly ? [] : own.list()
  const isNews = entry.told?.nat !== nat || !isSamePlaces(entry.told.candidates, candidates)
  if (isNewsOnly && !isNews) return
  entry.told = { nat, candidates }
  const token = acquaintance.freshToken()
  acquaintance.say(entry.neighbour, { kind: 'candidates', token, nat, candidates })
}

const isSamePlaces = (one: readonly Candidate[], other: readonly Candidate[]): boolean =>
  one.length === other.length &&
  one.every(({ endpoint }) => other.some(each => sameEndpoint(each.endpoint, endpoint)))
