/**
 * What Linux offers to those who send or receive many datagrams at once, and Node does not reach: one call hands over
 * many of them, one piece is received in place of up to 64 (UDP_GRO), and one call takes many pieces; and that a datagram
 * is lost rather than cut into pieces. Wherever anything is missing there is no offload, and no word about it.
 */
import type { Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import type { SegmentSender } from './datagram-batch.ts'
import { KernelReceiver } from './kernel-receiver-shell.ts'
import { KernelSender, SOL_UDP, UDP_SEGMENT } from './kernel-sender-shell.ts'
import { loadOffloadCalls, type OffloadCalls } from './offload-calls-shell.ts'

const UDP_GRO = 104
/** IP_MTU_DISCOVER and IPV6_MTU_DISCOVER, and what they may be: what the kernel knows of the path counts, or nothing does. */
const MTU_DISCOVER = { ipv4: { level: 0, name: 10 }, ipv6: { level: 41, name: 23 } }
const IP_PMTUDISC_WANT = 1
const IP_PMTUDISC_PROBE = 3

/** What Node has of a bound socket. */
interface Handle {
  readonly fd?: unknown
  recvStop?(): unknown
  recvStart?(): unknown
}

/** From where the warning about `_handle` is not: or nothing. */
const handleOf = (socket: Socket): Handle | undefined => {
  const inside = Object.getOwnPropertySymbols(socket).find(symbol => symbol.description === 'state symbol')
  return inside && (socket as unknown as Record<symbol, { handle?: Handle }>)[inside]?.handle
}

const descriptorOf = (socket: Socket): number | undefined => {
  const fd = handleOf(socket)?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

export interface Valve {
  close(): void
  open(): void
}

/** For bound sockets. */
export interface Offload {
  /** What sends many datagrams in one call; undefined if this kernel does not. */
  senderOf(socket: Socket): SegmentSender | undefined
  /** What takes many from a socket with one call, as long as the socket is open; undefined if it cannot be. */
  receiverOf(socket: Socket): KernelReceiver | undefined
  /** What stops libuv from handing over more of what has come, and lets it again; undefined if it cannot be stopped. */
  valveOf(socket: Socket): Valve | undefined
  /** What makes a socket send datagrams whole or not at all, or as usual again: those too long for the path in pieces. */
  wholeOf(socket: Socket): (isWhole: boolean) => void
  /** From now on the socket may receive several datagrams in one piece. */
  coalesce(socket: Socket): void
}

const offloadBy = (calls: OffloadCalls): Offload => {
  const set = (fd: number | undefined, name: number, value: number, level = SOL_UDP): fd is number =>
    fd !== undefined && calls.setsockopt(fd, level, name, Uint8Array.of(value, 0, 0, 0), 4) === 0
  return {
    senderOf: socket => {
      const fd = descriptorOf(socket)
      // Zero changes nothing; a kernel that refuses it does not know the option.
      return set(fd, UDP_SEGMENT, 0) ? new KernelSender(calls, fd) : undefined
    },
    receiverOf: socket => {
      const fd = descriptorOf(socket)
      const isIpv4 = isIPv4(socket.address().address)
      return fd !== undefined && isIpv4 ? new KernelReceiver(calls, fd) : undefined
    },
    valveOf: socket => {
      const handle = handleOf(socket)
      if (handle?.recvStop === undefined || handle.recvStart === undefined) return undefined
      return { close: () => void handle.recvStop?.(), open: () => void handle.recvStart?.() }
    },
    wholeOf: socket => {
      const fd = descriptorOf(socket)
      const { level, name } = MTU_DISCOVER[isIPv4(socket.address().address) ? 'ipv4' : 'ipv6']
      return isWhole => void set(fd, name, isWhole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_WANT, level)
    },
    coalesce: socket => void set(descriptorOf(socket), UDP_GRO, 1),
  }
}

let found: Promise<Offload | undefined> | undefined

/** Undefined where there is none. */
export const findOffload = (): Promise<Offload | undefined> => {
  found ??= loadOffloadCalls().then(calls => calls && offloadBy(calls))
  return found
}
