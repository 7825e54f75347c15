/**
 * What Linux offers to those who send or receive many datagrams at once, and Node does not reach: one call hands
 * over up to 64 datagrams (UDP_SEGMENT), one piece is received in place of as many (UDP_GRO). It is asked for
 * through koffi, which a machine need not have; wherever anything is missing there is no offload, and no word
 * about it.
 *
 * The kernel is called directly and not through libuv, which may keep a datagram for later: then the size of the
 * segments could not be told with each call, and the bytes could not be used again at once.
 */
import type { Socket } from 'node:dgram'
import { endianness } from 'node:os'
import { type SegmentSender, SLAB_BYTES } from './datagram-batch.ts'

const MSG_DONTWAIT = 0x40
const SOL_UDP = 17
const UDP_SEGMENT = 103
const UDP_GRO = 104
const AF_INET = 2
const AF_INET6 = 10

/** Of the structures of <sys/socket.h> on a 64-bit little-endian Linux, behind the slab in one piece of memory. */
const MSGHDR_AT = Math.ceil(SLAB_BYTES / 64) * 64
const IOVEC_AT = MSGHDR_AT + 64
const NAME_AT = IOVEC_AT + 64
const CONTROL_AT = NAME_AT + 64
const MEMORY_BYTES = CONTROL_AT + 64
/** Of msghdr: name, its length, iovec, their count, control, its length. */
const MSGHDR = { name: 0, nameBytes: 8, iovec: 16, iovecs: 24, control: 32, controlBytes: 40 }
const IOVEC = { base: 0, bytes: 8 }
const CMSGHDR = { bytes: 0, level: 8, type: 12, data: 16 }
const CMSG_BYTES = 18
const CONTROL_BYTES = 24
const SOCKADDR = { port: 2, ipv4: 4, ipv6: 8 }
const SOCKADDR_BYTES = { ipv4: 16, ipv6: 28 }

/** The three functions of the C library, and where a piece of memory lies. */
interface Calls {
  sendmsg(fd: number, header: Uint8Array, flags: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, bytes: number): number
  errno(): number
  address(memory: Uint8Array): bigint
}

async function loadCalls(): Promise<Calls | undefined> {
  if (process.platform !== 'linux' || endianness() !== 'LE') return undefined
  try {
    const { default: koffi } = await import('koffi')
    if (koffi.sizeof('void *') !== 8) return undefined
    const library = koffi.load(null)
    return {
      sendmsg: library.func('intptr_t sendmsg(int fd, void *message, int flags)') as Calls['sendmsg'],
      setsockopt: library.func(
        'int setsockopt(int fd, int level, int name, void *value, uint32_t bytes)',
      ) as Calls['setsockopt'],
      errno: () => koffi.errno(),
      address: memory => koffi.address(memory),
    }
  } catch {
    return undefined
  }
}

/** The descriptor of a bound socket, from where the warning about `_handle` is not: or nothing. */
const descriptorOf = (socket: Socket): number | undefined => {
  const inside = Object.getOwnPropertySymbols(socket).find(symbol => symbol.description === 'state symbol')
  const state = inside && (socket as unknown as Record<symbol, { handle?: { fd?: unknown } }>)[inside]
  const fd = state?.handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

class KernelSender implements SegmentSender {
  readonly slab: Uint8Array
  readonly #calls: Calls
  readonly #fd: number
  readonly #view: DataView
  /** What koffi is given: the memory from the header on. */
  readonly #header: Uint8Array
  readonly #name: Uint8Array
  readonly #slabAddress: bigint
  #from = 0

  constructor(calls: Calls, fd: number) {
    this.#calls = calls
    this.#fd = fd
    // The memory of an ArrayBuffer never moves, that of a small typed array may.
    const memory = new ArrayBuffer(MEMORY_BYTES)
    this.slab = new Uint8Array(memory, 0, SLAB_BYTES)
    this.#view = new DataView(memory)
    this.#header = new Uint8Array(memory, MSGHDR_AT)
    this.#name = new Uint8Array(memory, NAME_AT, SOCKADDR_BYTES.ipv6)
    this.#slabAddress = calls.address(this.slab)
    this.#pointer(MSGHDR_AT + MSGHDR.name, NAME_AT)
    this.#pointer(MSGHDR_AT + MSGHDR.iovec, IOVEC_AT)
    this.#pointer(MSGHDR_AT + MSGHDR.control, CONTROL_AT)
    this.#view.setUint32(MSGHDR_AT + MSGHDR.iovecs, 1, true)
    this.#pointer(IOVEC_AT + IOVEC.base, 0)
    this.#view.setUint32(CONTROL_AT + CMSGHDR.bytes, CMSG_BYTES, true)
    this.#view.setInt32(CONTROL_AT + CMSGHDR.level, SOL_UDP, true)
    this.#view.setInt32(CONTROL_AT + CMSGHDR.type, UDP_SEGMENT, true)
  }

  aim(address: Uint8Array, port: number): void {
    const isIpv4 = address.length === 4
    this.#name.fill(0)
    this.#view.setUint16(NAME_AT, isIpv4 ? AF_INET : AF_INET6, true)
    this.#view.setUint16(NAME_AT + SOCKADDR.port, port, false)
    this.#name.set(address, isIpv4 ? SOCKADDR.ipv4 : SOCKADDR.ipv6)
    const bytes = isIpv4 ? SOCKADDR_BYTES.ipv4 : SOCKADDR_BYTES.ipv6
    this.#view.setUint32(MSGHDR_AT + MSGHDR.nameBytes, bytes, true)
  }

  transmit(from: number, bytes: number, segmentBytes: number): number {
    if (from !== this.#from) this.#pointer(IOVEC_AT + IOVEC.base, from)
    this.#from = from
    this.#view.setUint32(IOVEC_AT + IOVEC.bytes, bytes, true)
    const isCut = bytes > segmentBytes
    this.#view.setUint16(CONTROL_AT + CMSGHDR.data, segmentBytes, true)
    this.#view.setUint32(MSGHDR_AT + MSGHDR.controlBytes, isCut ? CONTROL_BYTES : 0, true)
    return this.#calls.sendmsg(this.#fd, this.#header, MSG_DONTWAIT) < 0 ? this.#calls.errno() : 0
  }

  #pointer(at: number, to: number): void {
    this.#view.setBigUint64(at, this.#slabAddress + BigInt(to), true)
  }
}

/** For bound sockets. */
export interface Offload {
  /** What sends many datagrams in one call; undefined if this kernel does not. */
  senderOf(socket: Socket): SegmentSender | undefined
  /** From now on the socket may receive several datagrams in one piece. */
  coalesce(socket: Socket): void
}

const offloadBy = (calls: Calls): Offload => {
  const set = (fd: number | undefined, name: number, value: number): fd is number =>
    fd !== undefined && calls.setsockopt(fd, SOL_UDP, name, Uint8Array.of(value, 0, 0, 0), 4) === 0
  return {
    senderOf: socket => {
      const fd = descriptorOf(socket)
      // Zero changes nothing; a kernel that refuses it does not know the option.
      return set(fd, UDP_SEGMENT, 0) ? new KernelSender(calls, fd) : undefined
    },
    coalesce: socket => void set(descriptorOf(socket), UDP_GRO, 1),
  }
}

let found: Promise<Offload | undefined> | undefined

/** Undefined where there is none. */
export const findOffload = (): Promise<Offload | undefined> => {
  found ??= loadCalls().then(calls => calls && offloadBy(calls))
  return found
}
