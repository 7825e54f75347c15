/**
 * The messages between a node and a coordinator, in the words of NTMobile. On the wire each is a msgpack
 * array `[version, type, transaction, …]` of fixed length (`codec.ts`); here is what they say. They travel
 * inside a tunnel, so both ends know whom they speak to and the coordinator sees the asker's real address.
 */
import type { DeviceId, PersonId, TunnelKey } from '../../../events/ids.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'

/** 8 bytes that name one request and its answer, as hex. Chosen by who asks. */
export type TransactionId = string

/** Bits of `capabilities`. */
export const CAPABILITIES = {
  /** Nobody may be told where this node is: only relays lead to it. */
  relayOnly: 1,
} as const

/** Asks to be reachable under the name of the record; as a guest only to ask for directions. */
export interface RegistrationRequest {
  readonly type: 'registration-request'
  readonly transaction: TransactionId
  /** Signed name record. */
  readonly record: Uint8Array
  readonly isGuest: boolean
  /** Invite token of the domain. */
  readonly token: string | undefined
  /** When the node means to speak again. */
  readonly keepAliveMs: number
  /** `CAPABILITIES`; unknown bits are ignored. */
  readonly capabilities: number
}

export interface RegistrationResponse {
  readonly type: 'registration-response'
  readonly transaction: TransactionId
  /** Dotted; guests get none. */
  readonly virtualIpv4: string | undefined
  /** Where the coordinator sees the node: its reflexive candidate. */
  readonly observed: UdpEndpoint
  readonly dcKey: DeviceId
  /** Over the record of the request; guests get none. */
  readonly countersignature: Uint8Array | undefined
  /** The registration is forgotten after this long without a word. */
  readonly leaseMs: number
  readonly capabilities: number
  /** Changes with the list of relays; 0: there are none. */
  readonly relays: number
}

export interface KeepAlive {
  readonly type: 'keep-alive'
  readonly transaction: TransactionId
  readonly keepAliveMs: number
}

export interface KeepAliveAck {
  readonly type: 'keep-alive-ack'
  readonly transaction: TransactionId
  readonly observed: UdpEndpoint
  /** As in the response to a registration. */
  readonly relays: number
}

/** Asks to be directed to the holder of a name. */
export interface DirectionRequest {
  readonly type: 'direction-request'
  readonly transaction: TransactionId
  readonly name: string
  /** One device of the person; undefined leaves the choice to the coordinator. */
  readonly device: TunnelKey | undefined
  /** The asker's candidates, sealed to that device; only with `device`. */
  readonly candidates: Uint8Array | undefined
  /** The other side must not learn where the asker is. */
  readonly relayOnly: boolean
}

/** Tells one side how to reach the other: the responder first. */
export interface RouteDirection {
  readonly type: 'route-direction'
  /** To the initiator: its own request's; to the responder: the coordinator's. */
  readonly transaction: TransactionId
  /** The part that the receiver of this message plays. */
  readonly role: 'responder' | 'initiator'
  /** The other side's signed name record. */
  readonly record: Uint8Array
  /** Which of its devices. */
  readonly device: TunnelKey
  /** Absent: the other side does not want to be found, and there is only the relay. */
  readonly observed: UdpEndpoint | undefined
  /** The other side's candidates, sealed to the receiver. */
  readonly candidates: Uint8Array | undefined
  /** `RelayGrant` for the receiver's side of a slot pair; absent when the coordinator knows no relay. */
  readonly relay: Uint8Array | undefined
}

export interface RouteDirectionConfirmation {
  readonly type: 'route-direction-confirmation'
  readonly transaction: TransactionId
  readonly accepts: boolean
  /** Next time this requester may be told at once. */
  readonly authorises: boolean
  readonly candidates: Uint8Array | undefined
  /** The other side must not learn where the responder is. */
  readonly relayOnly: boolean
}

/** Asks who stands behind a name; releases no address. */
export interface NameRequest {
  readonly type: 'name-request'
  readonly transaction: TransactionId
  readonly name: string
}

export interface NameResponse {
  readonly type: 'name-response'
  readonly transaction: TransactionId
  readonly record: Uint8Array
}

/** Takes back what a confirmation authorised. */
export interface AuthorisationWithdrawal {
  readonly type: 'authorisation-withdrawal'
  readonly transaction: TransactionId
  readonly person: PersonId
}

export interface AuthorisationWithdrawn {
  readonly type: 'authorisation-withdrawn'
  readonly transaction: TransactionId
}

/** The coordinator has forgotten its registrations: register again. */
export interface RegistrationRecall {
  readonly type: 'registration-recall'
  readonly transaction: TransactionId
}

export interface ErrorMessage {
  readonly type: 'error'
  readonly transaction: TransactionId
  readonly code: SignallingError
}

/** How far a relay is from who says so, whole ms. */
export interface RelayRtt {
  readonly relay: TunnelKey
  readonly rttMs: number
}

/** What a node measured; a relay that it does not name was not reached. Asks for the list at the same time. */
export interface RelayReport {
  readonly type: 'relay-report'
  readonly transaction: TransactionId
  readonly measured: readonly RelayRtt[]
}

export interface RelayList {
  readonly type: 'relay-list'
  readonly transaction: TransactionId
  /** The number that goes with this list. */
  readonly relays: number
  readonly places: readonly RelayPlace[]
}

/** A Relay Server offers itself, and says again and again that it is there. Its key is the tunnel's. */
export interface RelayRegistration {
  readonly type: 'relay-registration'
  readonly transaction: TransactionId
  readonly endpoints: readonly UdpEndpoint[]
  /** Invite token of the domain. */
  readonly token: string | undefined
  readonly keepAliveMs: number
}

export interface RelayRegistered {
  readonly type: 'relay-registered'
  readonly transaction: TransactionId
  /** Whose tickets the relay takes. */
  readonly dcKey: DeviceId
  readonly observed: UdpEndpoint
  readonly leaseMs: number
}

export type Message =
  | RegistrationRequest
  | RegistrationResponse
  | KeepAlive
  | KeepAliveAck
  | DirectionRequest
  | RouteDirection
  | RouteDirectionConfirmation
  | NameRequest
  | NameResponse
  | AuthorisationWithdrawal
  | AuthorisationWithdrawn
  | RegistrationRecall
  | ErrorMessage
  | RelayReport
  | RelayList
  | RelayRegistration
  | RelayRegistered
export type MessageType = Message['type']

/** In wire order: a type's number is its place here, from 1. */
export const MESSAGE_TYPES = [
  'registration-request',
  'registration-response',
  'keep-alive',
  'keep-alive-ack',
  'direction-request',
  'route-direction',
  'route-direction-confirmation',
  'name-request',
  'name-response',
  'authorisation-withdrawal',
  'authorisation-withdrawn',
  'registration-recall',
  'error',
  'relay-report',
  'relay-list',
  'relay-registration',
  'relay-registered',
] as const satisfies readonly MessageType[]

/**
 * In wire order, from 1. `unreachable` is one word for offline, silent and refusing, so that a stranger
 * cannot tell them apart.
 */
export const SIGNALLING_ERRORS = [
  'unknown-registration',
  'record-refused',
  'name-taken',
  'name-foreign',
  'token-invalid',
  'access-refused',
  'unknown-name',
  'unreachable',
  'busy',
  'failed',
] as const
export type SignallingError = (typeof SIGNALLING_ERRORS)[number]
