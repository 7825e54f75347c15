/**
 * Gathers datagrams that leave in one turn of the event loop, so that the kernel is called once for many of them:
 * those that follow each other to one destination and are all as long as the first, except that the last may be
 * shorter. What the kernel does not take that way goes one by one. A datagram costs one copy here, and no object.
 */
import { parseAddress } from '../wire/ip-address.ts'
import type { UdpEndpoint } from './api/tokens.ts'

/** A packet cannot be longer than 65,535 bytes with its headers. */
export const SLAB_BYTES = 65_000
/** What kernels before 6.9 allow in one call. */
const SEGMENTS_MAX = 64
/** A node has a few peers at a time, a server thousands; parsing again costs a microsecond. */
const ADDRESSES_KEPT = 1_024

/** Error numbers of Linux. */
const EIO = 5
const EAGAIN = 11
const EINVAL = 22
const EMSGSIZE = 90
const ENOBUFS = 105
const REFUSALS = [EINVAL, EIO, EMSGSIZE]

const isFull = (error: number): boolean => error === EAGAIN || error === ENOBUFS

/** A socket that sends what lies in its slab. */
export interface SegmentSender {
  readonly slab: Uint8Array
  /** Where datagrams go from now on: 4 or 16 bytes, and a port. */
  aim(address: Uint8Array, port: number): void
  /** Sends bytes of the slab, cut into datagrams of `segmentBytes`. Returns 0 or the error number. */
  transmit(from: number, bytes: number, segmentBytes: number): number
}

export interface BatchWays {
  /** The ordinary way: it waits when the kernel's buffer is full. */
  readonly spill: (bytes: Uint8Array, to: UdpEndpoint) => void
  /** Whether datagrams wait there; later ones must not overtake them. */
  readonly isSpilling: () => boolean
  /** Runs at the end of this turn of the event loop. */
  readonly later: (run: () => void) => void
}

export class DatagramBatch {
  readonly #sender: SegmentSender
  readonly #ways: BatchWays
  readonly #isIpv6: boolean
  readonly #addresses = new Map<string, Uint8Array>()
  #to: UdpEndpoint = { address: '', port: Number.NaN }
  #count = 0
  #used = 0
  #size = 0
  #segmentsMax = SEGMENTS_MAX
  #isArmed = false
  readonly #atEnd = (): void => {
    this.#isArmed = false
    this.flush()
  }

  constructor(sender: SegmentSender, isIpv6: boolean, ways: BatchWays) {
    this.#sender = sender
    this.#isIpv6 = isIpv6
    this.#ways = ways
  }

  /** Copies the bytes. False if this destination is not for a batch. */
  add(bytes: Uint8Array, to: UdpEndpoint): boolean {
    const { length } = bytes
    // A last segment of no length would be none.
    if (length === 0 || length > SLAB_BYTES) return false
    if (to.port !== this.#to.port || to.address !== this.#to.address) {
      this.flush()
      if (!this.#aim(to)) return false
    } else if (length > this.#size || this.#used + length > SLAB_BYTES) this.flush()
    if (this.#count === 0) {
      this.#size = length
      if (!this.#isArmed) this.#ways.later(this.#atEnd)
      this.#isArmed = true
    }
    this.#sender.slab.set(bytes, this.#used)
    this.#used += length
    this.#count += 1
    if (length < this.#size || this.#count >= this.#segmentsMax) this.flush()
    return true
  }

  flush(): void {
    const bytes = this.#used
    if (this.#count === 0) return
    this.#count = this.#used = 0
    if (this.#ways.isSpilling()) this.#spill(bytes, 0)
    else this.#transmit(bytes)
  }

  #aim(to: UdpEndpoint): boolean {
    const { address, port } = to
    // The kernel refuses port 0, which must not look like a refusal of batches.
    const bytes = port > 0 && port <= 0xffff ? this.#bytesOf(address) : undefined
    if (bytes === undefined || (bytes.length === 16) !== this.#isIpv6) return false
    this.#to = to
    this.#sender.aim(bytes, port)
    return true
  }

  #bytesOf(address: string): Uint8Array | undefined {
    const known = this.#addresses.get(address)
    if (known !== undefined) return known
    const parsed = parseAddress(address)
    if (!parsed.ok) return undefined
    if (this.#addresses.size >= ADDRESSES_KEPT) this.#addresses.clear()
    this.#addresses.set(address, parsed.value)
    return parsed.value
  }

  #transmit(bytes: number): void {
    const error = this.#sender.transmit(0, bytes, this.#size)
    if (error === 0) return
    if (isFull(error)) this.#spill(bytes, 0)
    else if (bytes > this.#size && REFUSALS.includes(error)) this.#inPieces(bytes, error)
  }

  /** What is refused as a whole may be taken in pieces; if it is, batches are what this kernel does not like. */
  #inPieces(bytes: number, refusal: number): void {
    for (let at = 0; at < bytes; at += this.#size) {
      const length = Math.min(this.#size, bytes - at)
      const error = this.#sender.transmit(at, length, length)
      if (isFull(error)) {
        this.#spill(bytes, at)
        return
      }
      // Too large for the way there says nothing about the next one.
      if (error === 0 && refusal !== EMSGSIZE) this.#segmentsMax = 1
    }
  }

  #spill(bytes: number, from: number): void {
    for (let at = from; at < bytes; at += this.#size) {
      this.#ways.spill(this.#sender.slab.subarray(at, Math.min(at + this.#size, bytes)), this.#to)
    }
  }
}
