/**
 * What has to be known of a packet to decide where it goes, read without making anything: one reader is used for packet
 * after packet. Unlike the stack it passes fragments, which programs may send; other extension headers it does not.
 */
import { ECHO_TYPE, ICMPV6_ERROR_LAST } from '../icmp.ts'
import { IPV4_HEADER_BYTES } from '../ipv4.ts'
import { EXTENSION_HEADERS, IPV6_HEADER_BYTES } from '../ipv6.ts'
import { PROTOCOL } from '../packet.ts'
import { readU16 } from '../u16.ts'

export const FRAGMENT_HEADER = 44
export const FRAGMENT_HEADER_BYTES = 8
export const OFFSET_BITS = { 4: 0x1fff, 6: 0xfff8 } as const
export const MORE = { 4: 0x2000, 6: 0x0001 } as const
const PORTS_BYTES = 4
const ECHO_ID_END = 6

export const TCP = 6
const TCP_HEADER_BYTES = 20
const TCP_FLAGS = 13
const [SYN, ACK] = [0x02, 0x10]

/** What tells a program that something of its own did not arrive. */
const ICMPV4_ERRORS: readonly number[] = [3, 11, 12]

export type PacketKind = 'ports' | 'echo-request' | 'echo-reply' | 'icmp-error' | 'icmp-other' | 'other'

export class PacketFields {
  version: 4 | 6 = 6
  /** Where the addresses begin, and how long each is. */
  sourceAt = 8
  addressBytes = 16
  protocol = 0
  /** Where the payload of the last IP header begins. */
  payloadAt = 0
  isFragment = false
  /** A fragment, and not the first one. */
  isLater = false
  /** Of a fragment of IPv6: which packet it is a part of. */
  fragmentId = 0
  kind: PacketKind = 'other'
  /** An echo has its id in both. */
  sourcePort = 0
  destinationPort = 0

  /** False: it is none, or nothing that is passed on. `isWhole`: off for what an ICMP error quotes, which may be cut. */
  read(packet: Uint8Array, start = 0, isWhole = true): boolean {
    this.isFragment = false
    this.isLater = false
    this.sourcePort = 0
    this.destinationPort = 0
    const version = (packet[start] ?? 0) >>> 4
    const isRead =
      version === 6
        ? this.#readIpv6(packet, start, isWhole)
        : version === 4 && this.#readIpv4(packet, start, isWhole)
    if (isRead) this.#readPayload(packet)
    return isRead
  }

  get destinationAt(): number {
    return this.sourceAt + this.addressBytes
  }

  /** Whether it begins a TCP connection: its sender knows of none yet. */
  isOpening(packet: Uint8Array): boolean {
    return this.isSyn(packet) && (packet[this.payloadAt + TCP_FLAGS]! & ACK) === 0
  }

  /** A whole TCP header that tells what the sender can take. */
  isSyn(packet: Uint8Array): boolean {
    const { payloadAt } = this
    if (this.kind !== 'ports' || this.protocol !== TCP || packet.length < payloadAt + TCP_HEADER_BYTES)
      return false
    return (packet[payloadAt + TCP_FLAGS]! & SYN) !== 0
  }

  #readIpv6(packet: Uint8Array, start: number, isWhole: boolean): boolean {
    if (packet.length - start < IPV6_HEADER_BYTES) return false
    if (isWhole && IPV6_HEADER_BYTES + readU16(packet, start + 4) !== packet.length - start) return false
    this.version = 6
    this.addressBytes = 16
    this.sourceAt = start + 8
    this.protocol = packet[start + 6]!
    this.payloadAt = start + IPV6_HEADER_BYTES
    if (this.protocol === FRAGMENT_HEADER) this.#readFragmentHeader(packet)
    return !isExtension(this.protocol)
  }

  #readFragmentHeader(packet: Uint8Array): void {
    const offsetAndFlags = readU16(packet, this.payloadAt + 2)
    this.protocol = packet[this.payloadAt] ?? FRAGMENT_HEADER
    this.fragmentId =
      ((readU16(packet, this.payloadAt + 4) << 16) | readU16(packet, this.payloadAt + 6)) >>> 0
    this.payloadAt += FRAGMENT_HEADER_BYTES
    this.#takeOffset(offsetAndFlags, 6)
  }

  #readIpv4(packet: Uint8Array, start: number, isWhole: boolean): boolean {
    if (packet.length - start < IPV4_HEADER_BYTES) return false
    const headerBytes = (packet[start]! & 0x0f) * 4
    if (headerBytes < IPV4_HEADER_BYTES || (isWhole && readU16(packet, start + 2) !== packet.length - start))
      return false
    this.version = 4
    this.addressBytes = 4
    this.sourceAt = start + 12
    this.protocol = packet[start + 9]!
    this.payloadAt = start + headerBytes
    this.#takeOffset(readU16(packet, start + 6), 4)
    return true
  }

  #takeOffset(offsetAndFlags: number, version: 4 | 6): void {
    this.isLater = (offsetAndFlags & OFFSET_BITS[version]) !== 0
    this.isFragment = this.isLater || (offsetAndFlags & MORE[version]) !== 0
    // What looks like ports in a later fragment is somebody's data.
    if (this.isLater) this.payloadAt = Number.MAX_SAFE_INTEGER
  }

  #readPayload(packet: Uint8Array): void {
    const { protocol, payloadAt, version } = this
    const hasPorts = protocol === PROTOCOL.udp || protocol === TCP
    this.kind = 'other'
    if (hasPorts && payloadAt + PORTS_BYTES <= packet.length) {
      this.kind = 'ports'
      this.sourcePort = readU16(packet, payloadAt)
      this.destinationPort = readU16(packet, payloadAt + 2)
    } else if (protocol === (version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6) && payloadAt < packet.length) {
      this.kind = icmpKind(version, packet[payloadAt]!)
      const isEcho = this.kind === 'echo-request' || this.kind === 'echo-reply'
      if (!isEcho || payloadAt + ECHO_ID_END > packet.length) return
      this.sourcePort = readU16(packet, payloadAt + 4)
      this.destinationPort = this.sourcePort
    }
  }
}

const icmpKind = (version: 4 | 6, type: number): PacketKind => {
  if (type === ECHO_TYPE[version]['echo-request']) return 'echo-request'
  if (type === ECHO_TYPE[version]['echo-reply']) return 'echo-reply'
  const isError = version === 4 ? ICMPV4_ERRORS.includes(type) : type <= ICMPV6_ERROR_LAST
  return isError ? 'icmp-error' : 'icmp-other'
}

const isExtension = (protocol: number): boolean =>
  protocol === PROTOCOL.nothing || EXTENSION_HEADERS.includes(protocol)

/** Whether `packet` has this address at this place. */
export const hasAddressAt = (packet: Uint8Array, at: number, address: Uint8Array): boolean => {
  for (let i = 0; i < address.length; i++) if (packet[at + i] !== address[i]) return false
  return true
}
