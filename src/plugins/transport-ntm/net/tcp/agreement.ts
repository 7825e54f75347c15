/**
 * What the two SYNs of a connection settle (RFC 9293 §3.7.1, RFC 7323 §2 and §3, RFC 2018 §2): an option is used
 * only if both have named it. The MSS is no bargain: each side says what it can take.
 */
import { IPV6_BYTES, type VirtualAddress } from '../address.ts'
import { ipHeaderBytes } from '../ip.ts'
import { DEFAULT_MSS_IPV4, DEFAULT_MSS_IPV6, MSS_MIN, WINDOW_SCALE } from './limits.ts'
import { type Options, TIMESTAMPS_ROOM_BYTES } from './options.ts'
import { TCP_HEADER_BYTES } from './segment.ts'

export interface Agreement {
  /** Largest payload that the peer takes, options not counted. */
  readonly peerMss: number
  readonly usesTimestamps: boolean
  readonly usesSack: boolean
  /** -1: neither window is scaled. */
  readonly peerWindowScale: number
}

/** What one side that names everything settles with a SYN that has these options. */
export const agreementWith = (options: Options, remote: VirtualAddress): Agreement => {
  const usual = remote.length === IPV6_BYTES ? DEFAULT_MSS_IPV6 : DEFAULT_MSS_IPV4
  return {
    peerMss: Math.max(MSS_MIN, options.mss > 0 ? options.mss : usual),
    usesTimestamps: options.hasTimestamps,
    usesSack: options.isSackPermitted,
    peerWindowScale: options.windowScale,
  }
}

/** The MSS to name: what fits into a packet of `mtu` bytes towards this address. */
export const mssFor = (mtu: number, remote: VirtualAddress): number =>
  mtu - ipHeaderBytes(remote) - TCP_HEADER_BYTES

/** Payload and options of the largest segment to send: what the path carries and the peer takes (RFC 6691 §2). */
export const segmentMax = (mtu: number, remote: VirtualAddress, agreed: Agreement | undefined): number =>
  Math.max(1, Math.min(agreed?.peerMss ?? Number.POSITIVE_INFINITY, mssFor(mtu, remote)))

/** Payload of the largest segment to send. */
export const payloadMax = (mtu: number, remote: VirtualAddress, agreed: Agreement | undefined): number =>
  segmentMax(mtu, remote, agreed) -
  (agreed === undefined || agreed.usesTimestamps ? TIMESTAMPS_ROOM_BYTES : 0)

/** Fills in what an own SYN names: everything, or in an answer what the other SYN has named too. */
export const fillSynOptions = (options: Options, mss: number, agreed: Agreement | undefined): void => {
  options.mss = mss
  options.isSackPermitted = agreed?.usesSack ?? true
  options.windowScale = (agreed?.peerWindowScale ?? 0) >= 0 ? WINDOW_SCALE : -1
}
