/**
 * Challenges under way: who was asked, and whom to tell of the answer. Only the holder of the tunnel's key can answer
 * one, wherever it was sent.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import { RELAY_CHALLENGES_OPEN_MAX } from './limits.ts'

interface Challenge {
  readonly of: TunnelKey
  readonly answered: () => void
}

export class Challenges {
  /** By token, oldest first. */
  readonly #open = new Map<string, Challenge>()

  begin(of: TunnelKey, token: Uint8Array, answered: () => void): void {
    this.#open.set(Buffer.from(token).toString('hex'), { of, answered })
    const [oldest] = this.#open.keys()
    if (this.#open.size > RELAY_CHALLENGES_OPEN_MAX) this.#open.delete(oldest!)
  }

  answered(by: TunnelKey, token: Uint8Array): void {
    if (this.#open.size === 0) return
    const key = Buffer.from(token).toString('hex')
    const challenge = this.#open.get(key)
    if (challenge?.of !== by) return
    this.#open.delete(key)
    challenge.answered()
  }
}
