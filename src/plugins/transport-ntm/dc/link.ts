/**
 * The coordinator's side of the tunnels, as little of it as it needs. Whoever holds the socket provides it:
 * an inner datagram on the signalling port goes in and out together with the key of its tunnel.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import { token } from '../../../kernel/api/plugin.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'

export interface DcLink {
  /** Sends now or not at all. `at`: where to begin a handshake if there is no session with this key. */
  send(to: TunnelKey, bytes: Uint8Array, at?: UdpEndpoint): void
  /**
   * One receiver. `endpoint` is the source of the authenticated packet; `bytes` is valid only during the
   * call. Returns how to stop receiving.
   */
  onReceive(receive: (from: TunnelKey, endpoint: UdpEndpoint, bytes: Uint8Array) => void): () => void
  /**
   * Sends a challenge to the holder of this key at this place, whichever it is spoken to at; `answered` is called once
   * if it answers, from wherever. Nothing is sent while there is no session with it.
   */
  challenge?(to: TunnelKey, at: UdpEndpoint, answered: () => void): void
  /** The relay on the same socket, while one works there; the same object until something about it changes. */
  relay?(): RelayPlace | undefined
}
export const DcLink = token<DcLink>('ntm.dc-link')
