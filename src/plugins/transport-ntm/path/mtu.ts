/**
 * The largest packet that a path has been shown to carry. What every path carries is taken for granted; beyond that
 * challenges padded to one size after the other, the largest first, ask for more, and the first that is answered ends the
 * search. One that is lost says nothing of the path but its size, so nobody waits for it and no path is doubted for it.
 */
import { RELAY_DATA_HEAD_BYTES } from '../../../wire/relay-frame.ts'
import { MTU_BASE_BYTES, MTU_SIZES_BYTES, MTU_TRIES } from './limits.ts'
import type { Path } from './path.ts'

const UDP_HEADER_BYTES = 8
const IP_HEADER_BYTES = { ipv4: 20, ipv6: 40 }

/** What of an IP packet of this size is left for a message of the tunnel. */
export const messageRoom = (packetBytes: number, { endpoint, isRelay }: Path): number =>
  packetBytes -
  IP_HEADER_BYTES[endpoint.address.includes(':') ? 'ipv6' : 'ipv4'] -
  UDP_HEADER_BYTES -
  (isRelay ? RELAY_DATA_HEAD_BYTES : 0)

interface Question {
  readonly token: Buffer
  readonly bytes: number
}

export class PathMtu {
  #bytes = MTU_BASE_BYTES
  #questions: readonly Question[] = []
  #askedMs = Number.NEGATIVE_INFINITY

  /** Of an IP packet with its headers. */
  get bytes(): number {
    return this.#bytes
  }

  /** The size to ask for now; undefined when an answer, which takes `patienceMs`, may still come, or nothing is left. */
  due(nowMs: number, patienceMs: number): number | undefined {
    if (nowMs < this.#askedMs + patienceMs) return undefined
    const next = MTU_SIZES_BYTES[Math.floor(this.#questions.length / MTU_TRIES)]
    return next !== undefined && next > this.#bytes ? next : undefined
  }

  asked(token: Buffer, bytes: number, nowMs: number): void {
    this.#questions = [...this.#questions, { token, bytes }]
    this.#askedMs = nowMs
  }

  /** Whether this answers one of its challenges. */
  answered(token: Uint8Array): boolean {
    const question = this.#questions.find(each => each.token.equals(token))
    if (question !== undefined) this.#bytes = Math.max(this.#bytes, question.bytes)
    return question !== undefined
  }

  /** An end of the path is elsewhere now. */
  forget(): void {
    this.#bytes = MTU_BASE_BYTES
    this.#questions = []
    this.#askedMs = Number.NEGATIVE_INFINITY
  }
}
