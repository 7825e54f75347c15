/**
 * The functions of the C library that take or give many datagrams in one call.
 */
import { fromCLibrary } from './c-library-shell.ts'

export const MSG_DONTWAIT = 0x40
export const AF_INET = 2
export const AF_INET6 = 10

/** Of the structures of <sys/socket.h> on a 64-bit little-endian Linux. A `mmsghdr` is a `msghdr` and a length. */
export const MMSGHDR = {
  ...{ name: 0, nameBytes: 8, iovec: 16, iovecs: 24, control: 32, controlBytes: 40, taken: 56, size: 64 },
} as const
export const IOVEC = { base: 0, bytes: 8, size: 16 } as const
export const SOCKADDR = { port: 2, ipv4: 4, ipv6: 8, size: 32 } as const
export const SOCKADDR_BYTES = { ipv4: 16, ipv6: 28 } as const

export interface OffloadCalls {
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, bytes: number): number
  errno(): number
  /** Where a piece of memory lies. */
  address(memory: Uint8Array): number
}

/** Undefined where there is none of this, and no word about it. */
export const loadOffloadCalls = (): Promise<OffloadCalls | undefined> =>
  fromCLibrary(({ call, errno, address }) => ({
    sendmmsg: call('int sendmmsg(int fd, void *messages, uint32_t count, int flags)'),
    recvmmsg: call('int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)'),
    setsockopt: call('int setsockopt(int fd, int level, int name, void *value, uint32_t bytes)'),
    errno,
    address,
  }))

const HIGH_HALF = 2 ** 32

/** Without a BigInt, which would be an object a packet. */
export function setPointer(view: DataView, at: number, address: number): void {
  view.setUint32(at, address % HIGH_HALF, true)
  view.setUint32(at + 4, Math.floor(address / HIGH_HALF), true)
}
