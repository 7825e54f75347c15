/**
 * What a node keeps of one peer while it looks after the paths to it, and in which terms others speak of that: where the
 * peer may be, and which way its packets take.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { RelayChannel, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Neighbour } from '../neighbour.ts'
import type { Candidate } from '../signalling/candidates.ts'
import type { NatKind } from './control.ts'
import type { PeerPaths } from './peer-paths.ts'

/** Where a peer may be, as a coordinator or the memory of this node says. */
export interface Places {
  readonly endpoints?: readonly UdpEndpoint[]
  /** Where it was reached before. */
  readonly remembered?: readonly UdpEndpoint[]
  /** Where it was heard on the own link. */
  readonly nearby?: readonly UdpEndpoint[]
  /** What the coordinator itself sees of the peer. */
  readonly attested?: UdpEndpoint | undefined
  /** A grant for a relay. */
  readonly grant?: Uint8Array | undefined
}

/** A peer's path as others may see it. */
export interface PathView {
  /** False: by a relay, or there is none. */
  readonly isDirect: boolean
  /** It has missed an answer, and has not answered since. */
  readonly isSuspect: boolean
  /** Undefined: there is none. */
  readonly endpoint: UdpEndpoint | undefined
  readonly rttMs: number | undefined
  /** The largest IP packet that it has been shown to carry. */
  readonly mtuBytes: number | undefined
  readonly why: string
}

export interface Entry {
  readonly neighbour: Neighbour
  readonly paths: PeerPaths
  attested: readonly string[]
  /** This node has moved since a coordinator told the peer where it is. */
  hasMoved: boolean
  roundsInVain: number
  nat: NatKind
  /** It tells nobody where it is. */
  isHidden: boolean
  /** What it was told last about this node. */
  told: { readonly nat: NatKind; readonly candidates: readonly Candidate[] } | undefined
  /** Newest first. */
  channels: RelayChannel[]
  /** Relays that said no since one said yes. */
  readonly refusedBy: Set<TunnelKey>
  cancelRenewal: () => void
  wakeMs: number
  cancelWake: () => void
  /** A call that waits for the peer to speak first. */
  cancelWaitingCall: (() => void) | undefined
}
