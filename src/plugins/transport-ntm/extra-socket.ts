/** A socket of its own beside those that all of a node's tunnels share: a NAT gives it another port. */
import type { Outlet, UdpEndpoint } from '../../kernel/api/index.ts'

export interface ExtraSocket {
  readonly outlet: Outlet
  /** Creates the way back through a NAT with a datagram that dies before it gets anywhere. */
  knock(to: UdpEndpoint, hopLimit: number): void
  close(): Promise<void>
}
