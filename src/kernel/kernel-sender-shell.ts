/**
 * Sends many datagrams in one call: each message may be cut into up to 64 datagrams by the kernel (UDP_SEGMENT), and a
 * call takes many messages (sendmmsg). The kernel is called directly and not through libuv, which may keep a datagram for
 * later: then the size of the segments could not be told with each, and the bytes could not be used again at once.
 */
import { MESSAGES_MAX, type SegmentSender, SLAB_BYTES } from './datagram-batch.ts'
import {
  AF_INET,
  AF_INET6,
  IOVEC,
  MMSGHDR,
  MSG_DONTWAIT,
  type OffloadCalls,
  SOCKADDR,
  SOCKADDR_BYTES,
  setPointer,
} from './offload-calls-shell.ts'

export const SOL_UDP = 17
export const UDP_SEGMENT = 103

const CMSGHDR = { bytes: 0, level: 8, type: 12, data: 16 }
const CMSG_BYTES = 18
const CONTROL_BYTES = 24

/** All in one piece of memory: what is sent, and behind it the structures that say how. */
const MESSAGES_AT = Math.ceil(SLAB_BYTES / 64) * 64
const IOVECS_AT = MESSAGES_AT + MESSAGES_MAX * MMSGHDR.size
const NAMES_AT = IOVECS_AT + MESSAGES_MAX * IOVEC.size
const CONTROLS_AT = NAMES_AT + MESSAGES_MAX * SOCKADDR.size
const MEMORY_BYTES = CONTROLS_AT + MESSAGES_MAX * CONTROL_BYTES

export class KernelSender implements SegmentSender {
  readonly slab: Uint8Array
  readonly #calls: OffloadCalls
  readonly #fd: number
  readonly #view: DataView
  readonly #memory: Uint8Array
  /** What koffi is given: the memory from the first message on. */
  readonly #messages: Uint8Array
  readonly #slabAddress: number

  constructor(calls: OffloadCalls, fd: number) {
    this.#calls = calls
    this.#fd = fd
    // The memory of an ArrayBuffer never moves, that of a small typed array may.
    const memory = new ArrayBuffer(MEMORY_BYTES)
    this.#memory = new Uint8Array(memory)
    this.slab = new Uint8Array(memory, 0, SLAB_BYTES)
    this.#view = new DataView(memory)
    this.#messages = new Uint8Array(memory, MESSAGES_AT)
    this.#slabAddress = calls.address(this.slab)
    for (let message = 0; message < MESSAGES_MAX; message += 1) this.#prepare(message)
  }

  aim(message: number, address: Uint8Array, port: number): void {
    const isIpv4 = address.length === 4
    const name = NAMES_AT + message * SOCKADDR.size
    const bytes = isIpv4 ? SOCKADDR_BYTES.ipv4 : SOCKADDR_BYTES.ipv6
    this.#view.setUint16(name, isIpv4 ? AF_INET : AF_INET6, true)
    this.#view.setUint16(name + SOCKADDR.port, port, false)
    this.#memory.set(address, name + (isIpv4 ? SOCKADDR.ipv4 : SOCKADDR.ipv6))
    this.#view.setUint32(MESSAGES_AT + message * MMSGHDR.size + MMSGHDR.nameBytes, bytes, true)
  }

  lay(message: number, from: number, bytes: number, segmentBytes: number): void {
    const iovec = IOVECS_AT + message * IOVEC.size
    const header = MESSAGES_AT + message * MMSGHDR.size
    setPointer(this.#view, iovec + IOVEC.base, this.#slabAddress + from)
    this.#view.setUint32(iovec + IOVEC.bytes, bytes, true)
    const isCut = bytes > segmentBytes
    this.#view.setUint16(CONTROLS_AT + message * CONTROL_BYTES + CMSGHDR.data, segmentBytes, true)
    this.#view.setUint32(header + MMSGHDR.controlBytes, isCut ? CONTROL_BYTES : 0, true)
  }

  transmit(message: number, count: number): number {
    const messages = message === 0 ? this.#messages : this.#messages.subarray(message * MMSGHDR.size)
    const taken = this.#calls.sendmmsg(this.#fd, messages, count, MSG_DONTWAIT)
    return taken < 0 ? -this.#calls.errno() : taken
  }

  #prepare(message: number): void {
    const header = MESSAGES_AT + message * MMSGHDR.size
    const control = CONTROLS_AT + message * CONTROL_BYTES
    const point = (at: number, to: number): void =>
      setPointer(this.#view, header + at, this.#slabAddress + to)
    point(MMSGHDR.name, NAMES_AT + message * SOCKADDR.size)
    point(MMSGHDR.iovec, IOVECS_AT + message * IOVEC.size)
    point(MMSGHDR.control, control)
    this.#view.setUint32(header + MMSGHDR.iovecs, 1, true)
    this.#view.setUint32(control + CMSGHDR.bytes, CMSG_BYTES, true)
    this.#view.setInt32(control + CMSGHDR.level, SOL_UDP, true)
    this.#view.setInt32(control + CMSGHDR.type, UDP_SEGMENT, true)
  }
}
