/**
 * What a host finds around it without any server: a router that may be asked for a way in, and others on the same
 * link. A network that has neither leaves both out, as the simulator and a host without addresses do.
 */
import type { UdpEndpoint } from './tokens.ts'

/** A way in that a router keeps open, and how it was asked. */
export interface PortMapping {
  readonly kind: 'pcp' | 'nat-pmp' | 'upnp'
  readonly endpoint: UdpEndpoint
}

/** Why there is none, for a person. */
export interface NoPortMapping {
  readonly reason: string
}

export type PortMappingState = PortMapping | NoPortMapping

/** What a host says to all others on its link. It names nobody. */
export interface LanNotice {
  /** Chosen anew at each start and in each network: 32 lower-case hexadecimal digits. */
  readonly instance: string
  readonly port: number
  /** At most 255 bytes. */
  readonly hints: Uint8Array
}

export interface LanChannel {
  /** Says it once. Nobody may have heard it. */
  announce(notice: LanNotice): void
  close(): void
}
