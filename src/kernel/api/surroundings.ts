/**
 * What a host finds around it without any server: a router that may be asked for a way in, others on the same link, and
 * the programs of the machine itself. A network that has none of it leaves it out, as the simulator and a host without
 * addresses do.
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

export interface TunRequest {
  /** `%d` stands for the first number that is free. At most 15 bytes. */
  readonly name: string
  readonly mtuBytes: number
}

/** A network device of the machine at whose other end is this program. Nothing of it outlives this process. */
export interface TunDevice {
  readonly name: string
  /** Hands one IP packet to the machine now; false: it is lost. The bytes may be reused when it returns. */
  write(packet: Uint8Array): boolean
  /** Addresses have 4 bytes or 16. Of IPv4 the last one counts, of IPv6 all. Throws TUN_UNAVAILABLE. */
  addAddress(address: Uint8Array, prefixBits: number): void
  /** IPv6 only. Throws TUN_UNAVAILABLE; what is so already, or is gone already, is well. */
  addRoute(to: Uint8Array, prefixBits: number): void
  removeRoute(to: Uint8Array, prefixBits: number): void
  /** Points the system's resolver to a server for these domains; resolves with whether it can be told. */
  resolveBy(server: string, domains: readonly string[]): Promise<boolean>
  close(): Promise<void>
}
