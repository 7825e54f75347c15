/** What a carrier is given: the machine, whom it lets in, and who hears of what. */
import type { TunnelKey } from '../../events/ids.ts'
import type { Clock, Keys, Network, Outlet, Random, UdpEndpoint } from '../../kernel/api/index.ts'
import type { Neighbour } from './neighbour.ts'
import type { TimestampMemory } from './tunnel/device.ts'
import type { PeerOptions } from './tunnel/peer.ts'

export interface CarrierOptions {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly keys: Keys
  readonly timestamps: TimestampMemory
  /** Servers take strangers after a cookie; nodes take only keys that they were told of. */
  readonly role: 'node' | 'server'
  /** Peers may not learn where this device is. Default: no. */
  readonly isHidden?: boolean
  readonly admit: (key: TunnelKey, from: UdpEndpoint) => PeerOptions | undefined
  /** Whether a first message may go now to a place that has not shown that a peer is there. */
  readonly mayCall?: (to: UdpEndpoint) => boolean
  /** `from`: where the handshake came from last, not always where packets go. */
  readonly onEstablished: (neighbour: Neighbour, from: UdpEndpoint) => void
  readonly onFailed: (neighbour: Neighbour) => void
  readonly onNewSource?: (neighbour: Neighbour, from: UdpEndpoint, bytes: number) => void
  /**
   * Something other than control messages goes to or comes from a neighbour after a second without; `quietMs`: how
   * long there was none either way.
   */
  readonly onTraffic?: (neighbour: Neighbour, quietMs: number) => void
  /** Its keys are gone, and so is everything that was known of it here. */
  readonly onForgotten?: (neighbour: Neighbour) => void
  /** Long packets to a neighbour seem to be lost. */
  readonly onMtuSuspected?: (neighbour: Neighbour) => void
  /** Sees every datagram first; true: it was not for the tunnel. */
  readonly onFrame?: (bytes: Uint8Array, from: UdpEndpoint) => boolean
  /** Sees every packet that came out of a tunnel first; true: it was for somebody else than the stack. */
  readonly onPacket?: (packet: Uint8Array, from: Neighbour) => boolean
  /** Another way to this place, while the ordinary socket does not get there. */
  readonly detourTo?: (to: UdpEndpoint) => Outlet | undefined
}
