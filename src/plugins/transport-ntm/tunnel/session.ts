/**
 * One pair of transport keys with its counters. Sealing and opening happen in a scratch packet, in place;
 * nothing here allocates.
 */

import sodium from 'sodium-native'
import { PADDING_BYTES, TAG_BYTES, type TunnelLimits } from './constants.ts'
import { DATA, DATA_HEADER_BYTES, DATA_OVERHEAD_BYTES, readUint32, writeUint32 } from './messages.ts'
import type { TransportKeys } from './noise.ts'
import { ReplayWindow } from './replay-window.ts'
import type { PacketScratch } from './scratch.ts'

/** Counters at or beyond 2^53 cannot be told apart in a double. */
const COUNTER_HIGH_LIMIT = 2 ** 21

interface SessionOrigin<P> {
  readonly peer: P
  readonly keys: TransportKeys
  readonly localIndex: number
  readonly remoteIndex: number
  /** Whether we sent the first message. */
  readonly initiator: boolean
  readonly bornAt: number
  readonly replayWindow: number
}

export class Session<P> {
  readonly peer: P
  readonly localIndex: number
  readonly initiator: boolean
  readonly bornAt: number
  readonly window: ReplayWindow
  readonly #remoteIndex: number
  readonly #sendKey: Uint8Array
  readonly #receiveKey: Uint8Array
  #sent = 0

  constructor(origin: SessionOrigin<P>) {
    this.peer = origin.peer
    this.localIndex = origin.localIndex
    this.initiator = origin.initiator
    this.bornAt = origin.bornAt
    this.window = new ReplayWindow(origin.replayWindow)
    this.#remoteIndex = origin.remoteIndex
    this.#sendKey = origin.keys.send
    this.#receiveKey = origin.keys.receive
  }

  /** Whether anything has gone out yet: the first packet of who asked for the session confirms it. */
  get isUsed(): boolean {
    return this.#sent > 0
  }

  /** Whether it may still carry a packet out. */
  canSend(now: number, limits: TunnelLimits): boolean {
    return now - this.bornAt < limits.rejectAfterMs && this.#sent < limits.rejectAfterMessages
  }

  /** Whether it may still take a packet in. */
  canReceive(now: number, limits: TunnelLimits): boolean {
    return now - this.bornAt < limits.rejectAfterMs
  }

  /** Whether sending on it calls for a successor (paper §6.2). Only the initiator counts time. */
  wantsRekey(now: number, limits: TunnelLimits): boolean {
    if (this.#sent >= limits.rekeyAfterMessages) return true
    return this.initiator && now - this.bornAt >= limits.rekeyAfterMs
  }

  /**
   * Seals an inner packet, padded, as a data message into the scratch; `roomBytes`: with as much padding as a message
   * of this length has room for.
   * @returns the length of the message
   */
  seal(packet: Uint8Array, scratch: PacketScratch, roomBytes = 0): number {
    const steps = Math.floor((roomBytes - DATA_OVERHEAD_BYTES) / PADDING_BYTES)
    const padded = Math.max(Math.ceil(packet.length / PADDING_BYTES), steps) * PADDING_BYTES
    const counter = this.#sent++
    const { bytes } = scratch
    writeUint32(bytes, 0, DATA)
    writeUint32(bytes, 4, this.#remoteIndex)
    writeUint32(bytes, 8, counter)
    writeUint32(bytes, 12, Math.floor(counter / 0x1_0000_0000))
    bytes.set(packet, DATA_HEADER_BYTES)
    bytes.fill(0, DATA_HEADER_BYTES + packet.length, DATA_HEADER_BYTES + padded)
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
      scratch.body(padded + TAG_BYTES),
      scratch.body(padded),
      null,
      null,
      scratch.nonceFor(counter),
      this.#sendKey,
    )
    return padded + DATA_OVERHEAD_BYTES
  }

  /**
   * Opens the data message of `length` bytes that lies in the scratch.
   * @returns the length of what it held, padding included, or -1 when it is not authentic
   */
  open(length: number, counter: number, scratch: PacketScratch): number {
    const sealed = length - DATA_HEADER_BYTES
    const plain = sealed - TAG_BYTES
    try {
      sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
        scratch.body(plain),
        null,
        scratch.body(sealed),
        null,
        scratch.nonceFor(counter),
        this.#receiveKey,
      )
      return plain
    } catch {
      return -1
    }
  }

  /** Forgets the keys. A wiped session must not be used again. */
  wipe(): void {
    sodium.sodium_memzero(this.#sendKey)
    sodium.sodium_memzero(this.#receiveKey)
  }
}

/** The counter of a data message, or -1 when it is larger than any session of ours accepts. */
export function counterOf(message: Uint8Array): number {
  const high = readUint32(message, 12)
  return high >= COUNTER_HIGH_LIMIT ? -1 : high * 0x1_0000_0000 + readUint32(message, 8)
}
