/**
 * Relay Servers as the rest of the house sees them (plugins/relay/SPEC.md). A transport hands its relay client the sockets
 * that it has and the grants that a coordinator gave; it gets channels, and a channel is one more way out for
 * opaque packets. The server's side is met in the same way by whoever holds the socket that it works on.
 */
import type { Observable } from 'rxjs'
import type { DeviceId, TunnelKey } from '../../events/ids.ts'
import { token } from './plugin.ts'
import type { Outlet, UdpEndpoint } from './tokens.ts'

/** A Relay Server: its X25519 key and where it listens, each address family at most once or twice. */
export interface RelayPlace {
  readonly relay: TunnelKey
  readonly endpoints: readonly UdpEndpoint[]
}

/** How far away a relay is, and where it sees us: a second opinion on our reflexive address. */
export interface RelayMeasurement {
  readonly relay: TunnelKey
  /** The endpoint of the relay that was asked. */
  readonly endpoint: UdpEndpoint
  /** Least of the last few; undefined while nothing has come back, and while it has no slot for this node. */
  readonly rttMs: number | undefined
  /** This node as the relay sees it, IPv4 or IPv6; undefined while nothing has come back. */
  readonly observed: UdpEndpoint | undefined
  /** It had no slot for this node, lately. */
  readonly isRefusing: boolean
}

/**
 * `binding` until the relay has said yes; `lost` when it has not answered for seconds, `refused` when it has said no. It
 * goes on trying, rarely where it was refused, and carries nothing meanwhile.
 */
export type ChannelState = 'binding' | 'bound' | 'lost' | 'refused' | 'closed'
/** Why a relay said no: it has no room for this node, the ticket is over, it takes no such tickets, or it ends. */
export type RelayRefusal = 'full' | 'expired' | 'foreign' | 'leaving'

/** One side of a slot pair: what is sent into it comes out at the holder of the other side. */
export interface RelayChannel extends Outlet {
  readonly relay: TunnelKey
  readonly state: ChannelState
  /** Why the relay said no last; undefined: it has not, or has said yes since. */
  readonly refusal: RelayRefusal | undefined
  /**
   * Where its packets go to and seem to come from: the relay's endpoint, with the channel itself as `via`. Another
   * when the relay answers from another of its endpoints.
   */
  readonly endpoint: UdpEndpoint
  /** Monotonic ms of the last frame from the relay that belongs to this channel. */
  readonly heardMs: number | undefined
  /** When the ticket ends, wall clock ms. */
  readonly expires: number
  /** Says now where we are: after a move, and before something is sent after a long silence. */
  refresh(): void
  close(): void
}

export interface ChannelEvents {
  /** A packet of the other side; `packet` is valid during the call only. */
  readonly onPacket: (packet: Uint8Array, channel: RelayChannel) => void
  readonly onState: (channel: RelayChannel) => void
  /** Claims were not answered from there; said again while that goes on. */
  readonly onSilence?: (endpoints: readonly UdpEndpoint[]) => void
}

export interface RelayClient {
  /** Whether a datagram is a frame of a relay, by its first byte. One comparison. */
  claims(bytes: Uint8Array): boolean
  /** A datagram that `claims` said yes to, or several of one source in one piece; never throws, whatever it is. */
  receive(bytes: Uint8Array, from: UdpEndpoint): void
  /** The relays that coordinators have named, all of them: they are measured, and measured again from time to time. */
  follow(places: readonly RelayPlace[]): void
  measurements(): readonly RelayMeasurement[]
  readonly measured$: Observable<RelayMeasurement>
  /** Measures one endpoint now from another socket: what a NAT does to one flow more. Undefined: no answer. */
  observe(endpoint: UdpEndpoint, from: Outlet, timeoutMs: number): Promise<UdpEndpoint | undefined>
  /**
   * Binds one side of a slot pair with a coordinator's grant. Undefined if the grant cannot be read or is for
   * another device. A channel of the same side of the same pair is closed, and this one goes on where it was.
   */
  open(grant: Uint8Array, events: ChannelEvents): RelayChannel | undefined
  /** This node's addresses have changed: every channel says so at once, and all relays are measured anew. */
  moved(): void
  /** A path fell silent: channels in use say where they are, and relays are asked anew where they see this node. */
  lookAgain(): void
  close(): void
}

/** The client side of relays; absent where the plugin is left out, and then nothing is ever relayed. */
export interface Relays {
  /** `outlet` sends from the transport's own data sockets. */
  client(outlet: Outlet): RelayClient
}
export const Relays = token<Relays>('ntm.relays')

/** The socket that a Relay Server works on, and the coordinator whose tickets it takes. */
export interface RelayHost extends Outlet {
  /**
   * Every frame whose first byte is a relay's, or several of one source in one piece. `bytes` is valid during the
   * call, and may be changed in place.
   */
  onFrame(receive: (bytes: Uint8Array, from: UdpEndpoint) => void): () => void
  /** Ed25519 identity of the coordinator whose tickets count; undefined until it is known. */
  issuer(): DeviceId | undefined
}
export const RelayHost = token<RelayHost>('ntm.relay-host')
