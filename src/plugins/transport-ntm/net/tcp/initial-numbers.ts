/**
 * Where the sequence numbers (RFC 6528) and the timestamps (RFC 7323 §5.4) of a flow begin: a keyed hash of who
 * talks to whom, so that nobody can guess them, and for sequence numbers a clock, so that they never come twice.
 */
import { labelledHash } from '../../../../wire/hash.ts'
import { writeU16 } from '../u16.ts'
import type { Flow } from './flow.ts'
import { readU32, writeU32 } from './options.ts'

const LABEL = 'ntm.tcp.flow.1'
const CLOCK_TICKS_PER_MS = 250

export class InitialNumbers {
  readonly #secret: Uint8Array
  readonly #numbers = new Uint8Array(16)

  constructor(secret: Uint8Array) {
    this.#secret = secret
  }

  sequence(flow: Flow, nowMs: number): number {
    return (this.hash(flow, 0, 0, 0) + Math.floor(nowMs * CLOCK_TICKS_PER_MS)) >>> 0
  }

  timestamp(flow: Flow): number {
    return this.hash(flow, 1, 0, 0)
  }

  /** 32 bits that only the secret can tell, for a flow, a use and two more numbers. */
  hash(flow: Flow, use: number, one: number, another: number): number {
    const numbers = this.#numbers
    writeU16(numbers, 0, flow.ownPort)
    writeU16(numbers, 2, flow.remotePort)
    writeU32(numbers, 4, use)
    writeU32(numbers, 8, one)
    writeU32(numbers, 12, another)
    return readU32(labelledHash(LABEL, this.#secret, flow.own, flow.remote, numbers), 0)
  }
}
