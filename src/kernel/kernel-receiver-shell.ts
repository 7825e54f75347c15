/**
 * Takes what has arrived at a socket, many datagrams in one call (recvmmsg). Node is called by libuv for each of them,
 * with a fresh buffer and a fresh sender each time; here both are used again. Only libuv knows when something is there:
 * what it brings is the first, and the others are fetched from here.
 */
import type { UdpEndpoint } from './api/tokens.ts'
import {
  IOVEC,
  MMSGHDR,
  MSG_DONTWAIT,
  type OffloadCalls,
  SOCKADDR,
  SOCKADDR_BYTES,
  setPointer,
} from './offload-calls-shell.ts'

const PIECES = 16
/** As long as a datagram, or what the kernel made one of, can be. */
const PIECE_BYTES = 65_536
/** Whoever sends from ever new addresses makes it begin anew. */
const SENDERS_KEPT = 4_096

const IOVECS_AT = PIECES * MMSGHDR.size
const NAMES_AT = IOVECS_AT + PIECES * IOVEC.size
const SLAB_AT = 4_096
const MEMORY_BYTES = SLAB_AT + PIECES * PIECE_BYTES

/** Of IPv4 sockets: the zone of an IPv6 address has a name that only libuv asks for. */
export class KernelReceiver {
  readonly #calls: OffloadCalls
  readonly #fd: number
  readonly #memory: ArrayBuffer
  readonly #view: DataView
  readonly #messages: Uint8Array
  /** The last view of each piece: datagrams are often as long as the ones before. */
  readonly #pieces: Uint8Array[]
  readonly #senders = new Map<number, UdpEndpoint>()

  constructor(calls: OffloadCalls, fd: number) {
    this.#calls = calls
    this.#fd = fd
    this.#memory = new ArrayBuffer(MEMORY_BYTES)
    this.#view = new DataView(this.#memory)
    this.#messages = new Uint8Array(this.#memory, 0, SLAB_AT)
    this.#pieces = new Array(PIECES).fill(new Uint8Array(0))
    const address = calls.address(this.#messages)
    for (let piece = 0; piece < PIECES; piece += 1) this.#prepare(piece, address)
  }

  /** How many pieces have come, at most so many; 0 or less for none. They are there until the next call. */
  receive(atMost = PIECES): number {
    return this.#calls.recvmmsg(this.#fd, this.#messages, Math.min(atMost, PIECES), MSG_DONTWAIT, null)
  }

  bytes(piece: number): Uint8Array {
    const length = this.#view.getUint32(piece * MMSGHDR.size + MMSGHDR.taken, true)
    const last = this.#pieces[piece]!
    if (last.length === length) return last
    const view = Buffer.from(this.#memory, SLAB_AT + piece * PIECE_BYTES, length)
    this.#pieces[piece] = view
    return view
  }

  sender(piece: number): UdpEndpoint {
    const name = NAMES_AT + piece * SOCKADDR.size
    const address = this.#view.getUint32(name + SOCKADDR.ipv4, false)
    const port = this.#view.getUint16(name + SOCKADDR.port, false)
    const key = address * 0x1_0000 + port
    const known = this.#senders.get(key)
    if (known !== undefined) return known
    if (this.#senders.size >= SENDERS_KEPT) this.#senders.clear()
    const sender = { address: dotted(address), port }
    this.#senders.set(key, sender)
    return sender
  }

  /** The kernel writes into these structures only what stands there already, and the length of what came. */
  #prepare(piece: number, address: number): void {
    const header = piece * MMSGHDR.size
    const iovec = IOVECS_AT + piece * IOVEC.size
    setPointer(this.#view, header + MMSGHDR.name, address + NAMES_AT + piece * SOCKADDR.size)
    setPointer(this.#view, header + MMSGHDR.iovec, address + iovec)
    this.#view.setUint32(header + MMSGHDR.nameBytes, SOCKADDR_BYTES.ipv4, true)
    this.#view.setUint32(header + MMSGHDR.iovecs, 1, true)
    setPointer(this.#view, iovec + IOVEC.base, address + SLAB_AT + piece * PIECE_BYTES)
    this.#view.setUint32(iovec + IOVEC.bytes, PIECE_BYTES, true)
  }
}

const dotted = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`
