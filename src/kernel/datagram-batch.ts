/**
 * Gathers datagrams that leave in one turn of the event loop, so that the kernel is called once for many of them. Those
 * that follow each other to one destination and are all as long as the first, except that the last may be shorter, are
 * one message to the kernel, and one call takes many messages. What the kernel does not take that way goes one by one. A
 * datagram costs one copy here, and no object.
 */
import { parseAddress } from '../wire/ip-address.ts'
import type { UdpEndpoint } from './api/tokens.ts'

/** A packet cannot be longer than 65,535 bytes with its headers. */
export const SLAB_BYTES = 65_000
/** What kernels before 6.9 allow in one message. */
const SEGMENTS_MAX = 64
/** In one call. */
export const MESSAGES_MAX = 64
/** A node has a few peers at a time, a server thousands; parsing again costs a microsecond. */
const ADDRESSES_KEPT = 4_096

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
  /** Where this message goes from now on: 4 or 16 bytes, and a port. */
  aim(message: number, address: Uint8Array, port: number): void
  /** What this message is from now on: bytes of the slab, cut into datagrams of `segmentBytes`. */
  lay(message: number, from: number, bytes: number, segmentBytes: number): void
  /** Sends so many messages from this one on. Returns how many were taken, or the error of the first below zero. */
  transmit(message: number, count: number): number
}

export interface BatchWays {
  /** The ordinary way: it waits when the kernel's buffer is full. */
  readonly spill: (bytes: Uint8Array, to: UdpEndpoint) => void
  /** Whether datagrams wait there; later ones must not overtake them. */
  readonly isSpilling: () => boolean
  /** A batch is about to leave; the length of its longest datagram. */
  readonly leaving: (longestBytes: number) => void
  /** Runs at the end of this turn of the event loop. */
  readonly later: (run: () => void) => void
}

/** Datagrams of one destination that lie behind each other in the slab. */
interface Message {
  to: UdpEndpoint
  from: number
  bytes: number
  /** Of each of its datagrams but the last. */
  size: number
  segments: number
}

const NOWHERE: UdpEndpoint = { address: '', port: Number.NaN }

export class DatagramBatch {
  readonly #sender: SegmentSender
  readonly #ways: BatchWays
  readonly #isIpv6: boolean
  readonly #addresses = new Map<string, Uint8Array>()
  /** Used again by each batch. */
  readonly #messages: readonly Message[]
  #count = 0
  #used = 0
  #longest = 0
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
    const message = (): Message => ({ to: NOWHERE, from: 0, bytes: 0, size: 0, segments: 0 })
    this.#messages = Array.from({ length: MESSAGES_MAX }, message)
  }

  /** Copies the bytes. False if this destination is not for a batch. */
  add(bytes: Uint8Array, to: UdpEndpoint): boolean {
    const { length } = bytes
    // A last segment of no length would be none.
    if (length === 0 || length > SLAB_BYTES) return false
    if (this.#used + length > SLAB_BYTES) this.flush()
    let message = this.#count === 0 ? undefined : this.#messages[this.#count - 1]!
    if (message === undefined || !this.#continues(message, length, to)) {
      message = this.#begin(length, to)
      if (message === undefined) return false
    }
    this.#sender.slab.set(bytes, this.#used)
    this.#used += length
    if (length > this.#longest) this.#longest = length
    message.bytes += length
    message.segments += 1
    return true
  }

  flush(): void {
    const count = this.#count
    if (count === 0) return
    this.#ways.leaving(this.#longest)
    this.#count = this.#used = this.#longest = 0
    for (let at = 0; at < count; at += 1) {
      const { from, bytes, size } = this.#messages[at]!
      this.#sender.lay(at, from, bytes, size)
    }
    let at = 0
    while (at < count && !this.#ways.isSpilling()) {
      const taken = this.#sender.transmit(at, count - at)
      if (taken <= 0 && isFull(-taken)) break
      if (taken <= 0) this.#refused(at, -taken)
      at += Math.max(1, taken)
    }
    for (; at < count; at += 1) this.#spill(this.#messages[at]!, 0)
  }

  #continues({ to, bytes, size, segments }: Message, length: number, next: UdpEndpoint): boolean {
    return (
      next.port === to.port &&
      next.address === to.address &&
      length <= size &&
      bytes === segments * size &&
      segments < this.#segmentsMax
    )
  }

  #begin(length: number, to: UdpEndpoint): Message | undefined {
    const { address, port } = to
    // The kernel refuses port 0, which must not look like a refusal of batches.
    const bytes = port > 0 && port <= 0xffff ? this.#bytesOf(address) : undefined
    if (bytes === undefined || (bytes.length === 16) !== this.#isIpv6) return undefined
    if (this.#count === MESSAGES_MAX) this.flush()
    if (!this.#isArmed) this.#ways.later(this.#atEnd)
    this.#isArmed = true
    const message = this.#messages[this.#count]!
    this.#sender.aim(this.#count, bytes, port)
    this.#count += 1
    message.to = to
    message.from = this.#used
    message.bytes = message.segments = 0
    message.size = length
    return message
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

  /** What is refused as a whole may be taken in pieces; if it is, batches are what this kernel does not like. */
  #refused(at: number, refusal: number): void {
    const message = this.#messages[at]!
    const { from, bytes, size } = message
    if (bytes <= size || !REFUSALS.includes(refusal)) return
    for (let done = 0; done < bytes; done += size) {
      const length = Math.min(size, bytes - done)
      this.#sender.lay(at, from + done, length, length)
      const taken = this.#sender.transmit(at, 1)
      if (taken <= 0 && isFull(-taken)) {
        this.#spill(message, done)
        return
      }
      // Too large for the way there says nothing about the next one.
      if (taken > 0 && refusal !== EMSGSIZE) this.#segmentsMax = 1
    }
  }

  /** What of it lies behind its first `done` bytes. */
  #spill({ to, from, bytes, size }: Message, done: number): void {
    for (let at = done; at < bytes; at += size) {
      const end = from + Math.min(at + size, bytes)
      this.#ways.spill(this.#sender.slab.subarray(from + at, end), to)
    }
  }
}
