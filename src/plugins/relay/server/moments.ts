/**
 * One datagram may hold many frames, and what the kernel hands over in one piece may have been many datagrams, so nobody
 * here knows how many packets came. Of what a source says at one moment one thing is answered, then: a pile of small
 * frames must not make a relay send a pile of packets to an address that has proved nothing.
 */
import type { UdpEndpoint } from '../../../kernel/api/index.ts'
import { isSameEndpoint, keptEndpoint } from '../endpoint.ts'
import { MOMENT_MS } from './limits.ts'

export class Moments {
  #last: UdpEndpoint = { address: '', port: 0 }
  #untilMs = Number.NEGATIVE_INFINITY

  /** Whether this source may be answered now. What one piece holds comes in a row. */
  take(source: UdpEndpoint, nowMs: number): boolean {
    if (isSameEndpoint(this.#last, source) && nowMs < this.#untilMs) return false
    this.#last = keptEndpoint(source)
    this.#untilMs = nowMs + MOMENT_MS
    return true
  }
}
