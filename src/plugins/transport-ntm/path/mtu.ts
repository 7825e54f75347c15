/**
 * The largest packet that a path has been shown to carry (RFC 8899). What every path carries is taken for granted; beyond
 * that challenges padded to one size after the other, the largest first, ask for more, and the first that is answered ends
 * the search. One that is lost says nothing of the path but its size, so nobody waits for it and no path is doubted for it.
 * A size that was found is not trusted for ever: where packets of it vanish while small ones come through, it is none.
 */
import { RELAY_DATA_HEAD_BYTES } from '../../../wire/relay-frame.ts'
import { INNER_MTU } from '../net/limits.ts'
import { PADDING_BYTES } from '../tunnel/constants.ts'
import { DATA_OVERHEAD_BYTES } from '../tunnel/messages.ts'
import {
  MTU_BASE_BYTES,
  MTU_CONFIRMED_EVERY_MS,
  MTU_RAISED_AFTER_MS,
  MTU_SIZES_BYTES,
  MTU_TRIES,
} from './limits.ts'
import { MtuCheck } from './mtu-check.ts'
import type { Path } from './path.ts'

const UDP_HEADER_BYTES = 8
const IP_HEADER_BYTES = { ipv4: 20, ipv6: 40 }
const QUESTIONS_OPEN_MAX = MTU_SIZES_BYTES.length * MTU_TRIES

/** What of an IP packet of this size is left for a message of the tunnel. */
export const messageRoom = (packetBytes: number, { endpoint, isRelay }: Path): number =>
  packetBytes -
  IP_HEADER_BYTES[endpoint.address.includes(':') ? 'ipv6' : 'ipv4'] -
  UDP_HEADER_BYTES -
  (isRelay ? RELAY_DATA_HEAD_BYTES : 0)

/** The longest packet whose message, padded, this path has been shown to carry. */
export const innerMtuOf = (path: Path): number => {
  if (path.mtu.bytes === MTU_BASE_BYTES) return INNER_MTU
  const room = messageRoom(path.mtu.bytes, path) - DATA_OVERHEAD_BYTES
  return Math.max(INNER_MTU, Math.floor(room / PADDING_BYTES) * PADDING_BYTES)
}

interface Question {
  readonly token: Buffer
  readonly bytes: number
}

const NEVER = Number.NEGATIVE_INFINITY

export class PathMtu {
  #bytes = MTU_BASE_BYTES
  #questions: readonly Question[] = []
  /** Of the search: how many of its challenges there were, since when, and the last. */
  #searched = 0
  #searchedSinceMs = NEVER
  #askedMs = NEVER
  readonly #check = new MtuCheck()

  /** Of an IP packet with its headers. */
  get bytes(): number {
    return this.#bytes
  }

  /** The size to ask for now; undefined when an answer, which takes `patienceMs`, may still come, or nothing is left. */
  due(nowMs: number, patienceMs: number): number | undefined {
    if (nowMs < this.#askedMs + patienceMs) return undefined
    if (this.#searched > 0 && nowMs >= this.#searchedSinceMs + MTU_RAISED_AFTER_MS) this.#searched = 0
    const next = MTU_SIZES_BYTES[Math.floor(this.#searched / MTU_TRIES)]
    return next !== undefined && next > this.#bytes ? next : undefined
  }

  asked(token: Buffer, bytes: number, nowMs: number): void {
    if (this.#searched === 0) this.#searchedSinceMs = nowMs
    this.#searched += 1
    this.#askedMs = nowMs
    this.#remember(token, bytes)
  }

  /** Whether this answers one of its challenges. */
  answered(token: Uint8Array): boolean {
    const question = this.#questions.find(each => each.token.equals(token))
    if (question === undefined) return false
    if (question.bytes >= this.#bytes) this.#check.end()
    this.#bytes = Math.max(this.#bytes, question.bytes)
    return true
  }

  /** Packets of the size that was found seem to be lost, or were sent without anybody knowing whether they arrive. */
  doubt(): void {
    if (this.#bytes > MTU_BASE_BYTES) this.#check.begin()
  }

  /** Packets of that size were sent at `largeSentMs`: now and then it is looked whether they arrive. */
  confirm(largeSentMs: number, nowMs: number): void {
    const { lastMs } = this.#check
    if (largeSentMs > lastMs && nowMs - lastMs >= MTU_CONFIRMED_EVERY_MS) this.doubt()
  }

  /** When `checkedSize` comes to something. */
  checkMs(patienceMs: number): number {
    return this.#check.dueMs(patienceMs)
  }

  /** The size to ask for once more now, with a small challenge beside it, while it is in doubt; it may be given up. */
  checkedSize(nowMs: number, patienceMs: number): number | undefined {
    if (nowMs < this.#check.dueMs(patienceMs)) return undefined
    const verdict = this.#check.judge()
    if (verdict === 'carries-less') this.#fall(nowMs)
    return verdict === 'open' ? this.#bytes : undefined
  }

  /** `token`: what was asked with; undefined: nothing could be sent. */
  checking(token: Buffer | undefined, nowMs: number): void {
    this.#check.asked(nowMs)
    if (token !== undefined) this.#remember(token, this.#bytes)
  }

  /** A small challenge that was sent then was answered. */
  cameThrough(sentMs: number): void {
    this.#check.cameThrough(sentMs)
  }

  /** An end of the path is elsewhere now. */
  forget(): void {
    this.#bytes = MTU_BASE_BYTES
    this.#questions = []
    this.#searched = 0
    this.#askedMs = NEVER
    this.#check.end()
  }

  /** What is smaller than what was lost is asked for at once, and all of it again in a while. */
  #fall(nowMs: number): void {
    this.#searched = (MTU_SIZES_BYTES.indexOf(this.#bytes) + 1) * MTU_TRIES
    this.#searchedSinceMs = nowMs
    this.#askedMs = NEVER
    this.#bytes = MTU_BASE_BYTES
    // An answer that is still under way is of a path that was.
    this.#questions = []
  }

  #remember(token: Buffer, bytes: number): void {
    this.#questions = [...this.#questions, { token, bytes }].slice(-QUESTIONS_OPEN_MAX)
  }
}
