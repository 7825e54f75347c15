/**
 * What the signalling machines of a node ask for. One set for all of them, because one driver performs it:
 * whoever holds the tunnel to the coordinator.
 */
import type { DeviceId, PersonId, TunnelKey } from '../../../events/ids.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import type { SignedNameRecord } from '../../../wire/name-record.ts'
import type { Candidate } from './candidates.ts'
import { encodeMessage } from './codec.ts'
import type { Message, SignallingError } from './messages.ts'
import { splitMessage } from './parts.ts'

export type DcState = 'up' | 'down' | 'registering'

/** What a node holds once it is registered. */
export interface Registered {
  /** Undefined for guests. */
  readonly virtualIpv4: string | undefined
  readonly observed: UdpEndpoint
  readonly dcKey: DeviceId
  /** The node's record with the coordinator's signature; a guest's as it was. */
  readonly record: Uint8Array
  readonly leaseMs: number
}

/** How to reach one device of a person, and who says so. */
export interface Directed {
  readonly role: 'initiator' | 'responder'
  readonly record: SignedNameRecord
  readonly device: TunnelKey
  /** The address that the coordinator sees; undefined when the peer wants to be met at a relay only. */
  readonly observed: UdpEndpoint | undefined
  /** The peer's own; empty when it keeps them to itself. */
  readonly candidates: readonly Candidate[]
  /** This node's side of a slot pair at a relay, for the relay client; undefined when there is no relay. */
  readonly relay: Uint8Array | undefined
}

/**
 * `timeout`: the coordinator was silent. `record-invalid`, `record-expired`: what it said about the peer does not
 * hold, or no longer. `identity-changed`: it is not the coordinator that was here before.
 */
export type RequestFailure =
  | SignallingError
  | 'timeout'
  | 'record-invalid'
  | 'record-expired'
  | 'identity-changed'

export type NodeOutput =
  /** One inner datagram to the coordinator's signalling port. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** The same name replaces; undefined cancels. */
  | { readonly kind: 'wake'; readonly timer: NodeTimer; readonly afterMs: number | undefined }
  /** The session to the coordinator seems dead: begin a new handshake. */
  | { readonly kind: 'renew' }
  | { readonly kind: 'state'; readonly state: DcState }
  | { readonly kind: 'registered'; readonly registered: Registered }
  /** This node's address as seen from outside is another one now. */
  | { readonly kind: 'observed'; readonly endpoint: UdpEndpoint }
  /** The coordinator said no to the registration, for a reason that waiting does not cure. */
  | { readonly kind: 'refused'; readonly code: RequestFailure }
  | { readonly kind: 'directed'; readonly directed: Directed }
  | {
      readonly kind: 'failed'
      readonly name: string
      readonly device: TunnelKey | undefined
      readonly why: RequestFailure
    }
  | { readonly kind: 'found'; readonly name: string; readonly record: SignedNameRecord }
  | { readonly kind: 'not-found'; readonly name: string; readonly why: RequestFailure }
  /** The coordinator has confirmed that this person is no longer authorised. */
  | { readonly kind: 'withdrawn'; readonly person: PersonId }
  /** The coordinator's relays are these now. */
  | { readonly kind: 'relays'; readonly places: readonly RelayPlace[] }
  /** Bytes that were no message, or a message that nobody waited for; to be counted. */
  | { readonly kind: 'dropped'; readonly why: string }

export type NodeTimer = 'registration' | 'directions' | 'lookups' | 'relays'

/** A message as the datagrams that carry it. */
export const datagramsOf = (message: Message): readonly Uint8Array[] => splitMessage(encodeMessage(message))

export const sendAll = (datagrams: readonly Uint8Array[]): NodeOutput[] =>
  datagrams.map(bytes => ({ kind: 'send', bytes }))

export const wakeAt = (timer: NodeTimer, dueMs: number | undefined, nowMs: number): NodeOutput => ({
  kind: 'wake',
  timer,
  afterMs: dueMs === undefined ? undefined : Math.max(0, dueMs - nowMs),
})
