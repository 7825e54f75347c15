/**
 * Invite tokens: each lets one new name in, until it expires. Only their hashes are kept, so whoever reads
 * the coordinator's disk cannot use them.
 */
import type { Millis } from '../../../events/ids.ts'
import { labelledHashHex } from '../../../wire/hash.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { TOKENS_MAX } from './limits.ts'

const TOKEN_LABEL = 'ntm.dc.token.1'

const hashOf = (token: string): string => labelledHashHex(TOKEN_LABEL, Buffer.from(token, 'utf8'))

interface Token {
  readonly expires: Millis
  /** Being spent, but the disk has not said so yet. */
  isReserved: boolean
}

export class Tokens {
  readonly #tokens = new Map<string, Token>()

  get size(): number {
    return this.#tokens.size
  }

  /** Takes in a token that was kept; false if it cannot be read. */
  load(hash: string, kept: Uint8Array): boolean {
    const read = readData(kept)
    const { expires } = (read.ok ? (read.value ?? {}) : {}) as Record<string, unknown>
    if (!Number.isSafeInteger(expires)) return false
    this.#tokens.set(hash, { expires: expires as number, isReserved: false })
    return true
  }

  /** A new token becomes good. Returns what to keep under which hash, undefined if there are too many. */
  add(token: string, expires: Millis): { readonly hash: string; readonly kept: Uint8Array } | undefined {
    if (this.#tokens.size >= TOKENS_MAX) return undefined
    const hash = hashOf(token)
    this.#tokens.set(hash, { expires, isReserved: false })
    return { hash, kept: packData({ expires }) }
  }

  /** Holds a good token for one claim; returns its hash, undefined if it is not good now. */
  reserve(token: string, now: Millis): string | undefined {
    const hash = hashOf(token)
    const found = this.#tokens.get(hash)
    if (found === undefined || found.isReserved || found.expires <= now) return undefined
    found.isReserved = true
    return hash
  }

  /** The claim is on disk, and the token is gone; or it failed, and the token is good again. */
  settle(hash: string, isSpent: boolean): void {
    const found = this.#tokens.get(hash)
    if (isSpent) this.#tokens.delete(hash)
    else if (found !== undefined) found.isReserved = false
  }

  /** Forgets what has expired; returns the hashes. */
  sweep(now: Millis): readonly string[] {
    const gone = [...this.#tokens].filter(([, token]) => token.expires <= now && !token.isReserved)
    for (const [hash] of gone) this.#tokens.delete(hash)
    return gone.map(([hash]) => hash)
  }
}
