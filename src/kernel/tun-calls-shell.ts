/**
 * The functions of the C library that make a network device of a program's own and set it up. They are asked directly
 * rather than through iproute2, because a right that only this program was given does not pass to programs that it starts.
 */
import { fromCLibrary } from './c-library-shell.ts'

export const O_CLOEXEC = 0o2000000
export const O_RDWR = 2
export const O_NONBLOCK = 0o4000

export const IFF = { tun: 0x1, noPacketInformation: 0x1000, up: 0x1, running: 0x40 } as const

/** Requests of ioctl, from <linux/if_tun.h> and <linux/sockios.h>. */
export const REQUEST = {
  setTun: 0x4004_54ca,
  addRoute: 0x890b,
  removeRoute: 0x890c,
  getFlags: 0x8913,
  setFlags: 0x8914,
  setAddress: 0x8916,
  setNetmask: 0x891c,
  setMtu: 0x8922,
  indexOf: 0x8933,
} as const

/** Of `struct ifreq`, `in6_ifreq` and `in6_rtmsg` on a 64-bit little-endian Linux. */
export const IFREQ = { nameBytes: 16, value: 16, ipv4: 20, size: 40 } as const
export const IN6_IFREQ = { prefix: 16, index: 20, size: 24 } as const
export const IN6_RTMSG = { prefix: 52, metric: 56, flags: 72, index: 76, size: 80 } as const

/** Beyond an errno that has a meaning of its own here. */
export const ERRNO = {
  notPermitted: 1,
  noEntry: 2,
  noDevice: 19,
  denied: 13,
  exists: 17,
  noSuchProcess: 3,
} as const

export interface TunCalls {
  open(path: string, flags: number): number
  close(fd: number): number
  pipe2(ends: Uint8Array, flags: number): number
  dup3(fd: number, onto: number, flags: number): number
  socket(family: number, type: number, protocol: number): number
  ioctl(fd: number, request: number, argument: Uint8Array): number
  read(fd: number, into: Uint8Array, bytes: number): number
  write(fd: number, from: Uint8Array, bytes: number): number
  errno(): number
}

/** Undefined where there is none of this. */
export const loadTunCalls = (): Promise<TunCalls | undefined> =>
  fromCLibrary(({ call, errno }) => ({
    open: call('int open(const char *path, int flags)'),
    close: call('int close(int fd)'),
    pipe2: call('int pipe2(void *ends, int flags)'),
    dup3: call('int dup3(int fd, int onto, int flags)'),
    socket: call('int socket(int family, int type, int protocol)'),
    ioctl: call('int ioctl(int fd, unsigned long request, void *argument)'),
    read: call('intptr_t read(int fd, void *into, size_t bytes)'),
    write: call('intptr_t write(int fd, void *from, size_t bytes)'),
    errno,
  }))
