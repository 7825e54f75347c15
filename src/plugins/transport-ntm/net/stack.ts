/**
 * One device's end of the virtual network: inner IP packets in and out, UDP sockets and pings on top. It has no
 * socket, clock or timer of its own: the tunnel hands in what it decrypted, encrypts what is emitted, and
 * wakes TCP when its time has come.
 */

import { ok, type Result, refuse } from '../../../events/result.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import { TokenBucket } from '../../../kernel/api/token-bucket.ts'
import { formatAddress } from '../../../wire/ip-address.ts'
import { IPV6_BYTES, sameAddress, type VirtualAddress } from './address.ts'
import {
  ICMP_HEADER_BYTES,
  type IcmpRefusal,
  icmpProtocol,
  parseIcmp,
  type Unreachable,
  writeEcho,
  writeUnreachable,
} from './icmp.ts'
import { type IpRefusal, ipHeaderBytes, parseIp } from './ip.ts'
import { ICMP_ERRORS_BURST, ICMP_ERRORS_PER_SECOND, INNER_MTU } from './limits.ts'
import { type IpPacket, PROTOCOL } from './packet.ts'
import { isPort, isReservedPort } from './ports.ts'
import type { Streams } from './stream.ts'
import { KEEPALIVE_MS } from './tcp/limits.ts'
import { createTcp, type Tcp, type TcpDropped } from './tcp/tcp.ts'
import { tcpStreams } from './tcp/tcp-stream.ts'
import { readU16 } from './u16.ts'
import { parseUdp, UDP_HEADER_BYTES, type UdpRefusal, writeUdp } from './udp.ts'

/** Why an arriving packet went no further. Each is counted by whoever owns the stack. */
export type Dropped =
  | IpRefusal
  | UdpRefusal
  | IcmpRefusal
  | TcpDropped
  | 'source-spoofed'
  | 'destination-foreign'
  | 'port-closed'
  | 'port-reserved'
  | 'protocol-unknown'
  | 'echo-too-large'
  | 'echo-unasked'
  | 'icmp-error'
  | 'icmp-other'

/** Why a packet was not sent. */
export type SendRefusal = 'closed' | 'too-large' | 'bad-port' | 'port-reserved' | 'no-own-address'

/** `payload` and `from` are views into the packet, valid during the call only: copy what must stay. */
export type OnDatagram = (payload: Uint8Array, from: VirtualAddress, fromPort: number) => void

/** `payload` is valid during the call only. */
export type OnEchoReply = (seq: number, payload: Uint8Array) => void

export interface UdpSocket {
  readonly port: number
  /** Emits one datagram before it returns, or refuses. */
  send(to: VirtualAddress, toPort: number, payload: Uint8Array): Result<void, SendRefusal>
  close(): void
}

export interface Pinger {
  /** Emits one echo request before it returns, or refuses. */
  send(seq: number, payload: Uint8Array): Result<void, SendRefusal>
  close(): void
}

/** What the tunnel knows of the packet's sender: the addresses that its key may use. */
export interface Sender {
  readonly allowed: readonly VirtualAddress[]
}

export interface StackOptions {
  readonly addresses: { readonly ipv6: VirtualAddress; readonly ipv4?: VirtualAddress }
  /**
   * Takes a whole inner packet for the device that holds `to`. Both are valid during the call only, and
   * nothing may be sent on this stack before the packet has been taken: there is one buffer to build in.
   */
  readonly emit: (packet: Uint8Array, to: VirtualAddress) => void
  readonly dropped: (reason: Dropped) => void
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array
  /** Largest inner packet to send, bytes. */
  readonly mtu?: number
  /** The same for the segments of TCP towards one address, where its path carries more or less. */
  readonly mtuTo?: (to: VirtualAddress) => number
  /** Largest inner packet that may ever come, for what peers are told. */
  readonly mtuMax?: number
  /** `nextWakeAt` has come nearer. */
  readonly onWakeAt?: () => void
  /** `flush` follows when a batch is over, or what is given is to be run soon. Default: in a microtask. */
  readonly later?: (flush: () => void) => void
  /** What TCP sent to this address is not acknowledged. */
  readonly onSilence?: (to: VirtualAddress) => void
}

export interface Stack {
  /** Largest UDP payload towards an address of this length, bytes. */
  maxPayloadBytes(to: VirtualAddress): number
  /** The DC's gift; undefined takes it away. */
  setIpv4(address: VirtualAddress | undefined): void
  /** One socket a port. */
  bind(port: number, onDatagram: OnDatagram): UdpSocket
  /** Emits one datagram before it returns, or refuses; nobody need listen on the port that it leaves from. */
  send(fromPort: number, to: VirtualAddress, toPort: number, payload: Uint8Array): Result<void, SendRefusal>
  /** Pings one address under an id that no other pinger uses; replies from elsewhere are dropped. */
  ping(to: VirtualAddress, id: number, onReply: OnEchoReply): Pinger
  /** Takes one packet out of the tunnel, which has cut the padding off. `packet` is not kept or changed. */
  receive(packet: Uint8Array, sender: Sender): void
  /** Byte streams to and from other stacks. */
  readonly streams: Streams
  /** Beneath them: connections, what they are doing, and the news of their paths. */
  readonly tcp: Tcp
  /** A batch of packets is over: what they call for is sent. Left out, it happens in a microtask. */
  flush(): void
  /** When `wake` is due next; undefined: not before something happens. */
  nextWakeAt(): number | undefined
  /** Runs the timers that are due. */
  wake(): void
}

interface PingTarget {
  readonly to: VirtualAddress
  readonly onReply: OnEchoReply
}

const DESTINATION_PORT_AT = 2

const SENT: Result<void, never> = ok(undefined)

/** Never answered: ICMP of the other version, and "no next header". */
const UNANSWERED: readonly number[] = [PROTOCOL.icmp, PROTOCOL.icmpv6, PROTOCOL.nothing]

class VirtualStack implements Stack {
  readonly #options: StackOptions
  readonly #ipv6: VirtualAddress
  #ipv4: VirtualAddress | undefined
  readonly #scratch: Uint8Array
  /** The part of the scratch that went out last: most packets are as long as the one before. */
  #packet: Uint8Array
  readonly #sockets = new Map<number, OnDatagram>()
  readonly #pings = new Map<number, PingTarget>()
  readonly #errors: TokenBucket
  readonly tcp: Tcp
  readonly streams: Streams

  constructor(options: StackOptions) {
    this.#options = options
    this.#ipv6 = options.addresses.ipv6.slice()
    this.#ipv4 = options.addresses.ipv4?.slice()
    this.#scratch = new Uint8Array(options.mtu ?? INNER_MTU)
    this.#packet = this.#scratch
    this.#errors = new TokenBucket(ICMP_ERRORS_PER_SECOND, ICMP_ERRORS_BURST)
    const { emit, now, random, mtuTo, mtuMax, onWakeAt, later, onSilence } = options
    this.tcp = createTcp({
      ...{ emit, now, random, keepaliveMs: KEEPALIVE_MS },
      ownAddress: to => this.#ownAddress(to),
      mtuTo: mtuTo ?? (() => this.#scratch.length),
      ...(mtuMax === undefined ? {} : { mtuMax }),
      ...(onWakeAt && { onWakeAt }),
      ...(later && { later }),
      ...(onSilence && { onSilence }),
    })
    this.streams = tcpStreams(this.tcp)
  }

  maxPayloadBytes(to: VirtualAddress): number {
    return this.#scratch.length - ipHeaderBytes(to) - UDP_HEADER_BYTES
  }

  setIpv4(address: VirtualAddress | undefined): void {
    this.#ipv4 = address?.slice()
  }

  bind(port: number, onDatagram: OnDatagram): UdpSocket {
    if (!isPort(port)) throw new ChatError('BUG', `virtual port ${port} does not exist`)
    if (this.#sockets.has(port)) throw new ChatError('BUG', `virtual port ${port} is bound already`)
    this.#sockets.set(port, onDatagram)
    let open = true
    return {
      port,
      send: (to, toPort, payload) => (open ? this.send(port, to, toPort, payload) : refuse('closed')),
      close: () => {
        if (open) this.#sockets.delete(port)
        open = false
      },
    }
  }

  ping(to: VirtualAddress, id: number, onReply: OnEchoReply): Pinger {
    if (this.#pings.has(id))
      throw new ChatError('BUG', `ping id ${id} is in use towards ${formatAddress(to)}`)
    const target = { to: to.slice(), onReply }
    this.#pings.set(id, target)
    let open = true
    return {
      send: (seq, payload) => (open ? this.#sendEcho(target.to, id, seq, payload) : refuse('closed')),
      close: () => {
        if (open) this.#pings.delete(id)
        open = false
      },
    }
  }

  flush(): void {
    this.tcp.flush()
  }

  nextWakeAt(): number | undefined {
    return this.tcp.nextWakeAt()
  }

  wake(): void {
    this.tcp.wake()
  }

  receive(packet: Uint8Array, sender: Sender): void {
    const reason = this.#take(packet, sender)
    if (reason !== undefined) this.#options.dropped(reason)
  }

  #take(packet: Uint8Array, sender: Sender): Dropped | undefined {
    const parsed = parseIp(packet)
    if (!parsed.ok) return parsed.why
    const ip = parsed.value
    if (!mayUse(sender, ip.source)) return 'source-spoofed'
    const own = this.#ownAddress(ip.destination)
    if (own === undefined || !sameAddress(own, ip.destination)) return 'destination-foreign'
    if (ip.protocol === PROTOCOL.udp) return this.#takeUdp(ip, own)
    if (ip.protocol === PROTOCOL.tcp) return this.#takeTcp(ip)
    if (ip.protocol === icmpProtocol(ip.version)) return this.#takeIcmp(ip, own)
    if (!UNANSWERED.includes(ip.protocol)) this.#answerUnreachable('protocol', ip, own)
    return 'protocol-unknown'
  }

  #takeUdp(ip: IpPacket, own: VirtualAddress): Dropped | undefined {
    const parsed = parseUdp(ip)
    if (!parsed.ok) return parsed.why
    const { sourcePort, destinationPort, payload } = parsed.value
    if (ip.version === 4 && isReservedPort(destinationPort)) return 'port-reserved'
    const onDatagram = this.#sockets.get(destinationPort)
    if (onDatagram === undefined) {
      this.#answerUnreachable('port', ip, own)
      return 'port-closed'
    }
    onDatagram(payload, ip.source, sourcePort)
    return undefined
  }

  #takeTcp(ip: IpPacket): Dropped | undefined {
    if (ip.version === 4 && isReservedPort(readU16(ip.payload, DESTINATION_PORT_AT))) return 'port-reserved'
    return this.tcp.receive(ip)
  }

  #takeIcmp(ip: IpPacket, own: VirtualAddress): Dropped | undefined {
    const parsed = parseIcmp(ip)
    if (!parsed.ok) return parsed.why
    const { kind, id, seq, payload } = parsed.value
    if (kind === 'error') return 'icmp-error'
    if (kind === 'other') return 'icmp-other'
    if (kind === 'echo-reply') {
      const ping = this.#pings.get(id)
      if (ping === undefined || !sameAddress(ping.to, ip.source)) return 'echo-unasked'
      ping.onReply(seq, payload)
      return undefined
    }
    if (payload.length > this.#echoBytesMax(own)) return 'echo-too-large'
    this.#emit(writeEcho(this.#scratch, own, ip.source, 'echo-reply', id, seq, payload), ip.source)
    return undefined
  }

  #answerUnreachable(what: Unreachable, ip: IpPacket, own: VirtualAddress): void {
    const bytes = writeUnreachable(this.#scratch, own, what, ip)
    if (bytes !== undefined && this.#errors.take(this.#options.now())) this.#emit(bytes, ip.source)
  }

  send(fromPort: number, to: VirtualAddress, toPort: number, payload: Uint8Array): Result<void, SendRefusal> {
    const own = this.#ownAddress(to)
    if (own === undefined) return refuse('no-own-address')
    if (!isPort(fromPort) || !isPort(toPort)) return refuse('bad-port')
    if (to.length !== IPV6_BYTES && (isReservedPort(fromPort) || isReservedPort(toPort))) {
      return refuse('port-reserved')
    }
    if (payload.length > this.maxPayloadBytes(to)) return refuse('too-large')
    this.#emit(writeUdp(this.#scratch, own, fromPort, to, toPort, payload), to)
    return SENT
  }

  #sendEcho(to: VirtualAddress, id: number, seq: number, payload: Uint8Array): Result<void, SendRefusal> {
    const own = this.#ownAddress(to)
    if (own === undefined) return refuse('no-own-address')
    if (payload.length > this.#echoBytesMax(to)) return refuse('too-large')
    this.#emit(writeEcho(this.#scratch, own, to, 'echo-request', id, seq, payload), to)
    return SENT
  }

  #echoBytesMax(address: VirtualAddress): number {
    return this.#scratch.length - ipHeaderBytes(address) - ICMP_HEADER_BYTES
  }

  /** The own address of the same version as `other`. */
  #ownAddress(other: VirtualAddress): VirtualAddress | undefined {
    return other.length === IPV6_BYTES ? this.#ipv6 : this.#ipv4
  }

  #emit(bytes: number, to: VirtualAddress): void {
    if (this.#packet.length !== bytes) this.#packet = this.#scratch.subarray(0, bytes)
    this.#options.emit(this.#packet, to)
  }
}

const mayUse = (sender: Sender, source: VirtualAddress): boolean => {
  for (const address of sender.allowed) if (sameAddress(address, source)) return true
  return false
}

/** A stack with no socket bound; it answers pings at once. */
export const createStack = (options: StackOptions): Stack => new VirtualStack(options)
