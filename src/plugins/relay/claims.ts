/**
 * The claims of one channel: each has a higher counter than the one before, also across restarts with the same
 * ticket, and its answer is known by it. Which claim was answered tells which way works and whether the relay has
 * taken its cookie.
 */
import type { Clock, UdpEndpoint } from '../../kernel/api/index.ts'
import { encodeRelayClaim, RELAY_COOKIE_BYTES, type RelayClaim } from '../../wire/relay-frame.ts'
import { relayMac } from '../../wire/relay-proof.ts'
import {
  CLAIMS_UNTIL_LOST,
  OPEN_CLAIMS_MAX,
  RETRY_FIRST_MS,
  RETRY_GROWTH_LOST,
  RETRY_MAX_MS,
} from './limits.ts'

export interface OpenClaim {
  readonly counter: number
  readonly endpoint: UdpEndpoint
  readonly cookie: Uint8Array
}

export interface ClaimsParts {
  readonly clock: Clock
  readonly secret: Uint8Array
  readonly token: Uint8Array
  readonly ticket: Uint8Array
}

const NO_COOKIE = new Uint8Array(RELAY_COOKIE_BYTES)
const NO_TICKET = new Uint8Array(0)

/** How long the answer to one more claim is waited for, after so many. */
export const waitAfter = (tries: number): number => {
  const doublings = Math.min(tries, CLAIMS_UNTIL_LOST - 1)
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** doublings * RETRY_GROWTH_LOST ** (tries - doublings))
}

export class Claims {
  readonly #parts: ClaimsParts
  #last = 0
  /** The newest last. */
  #open: readonly OpenClaim[] = []

  constructor(parts: ClaimsParts) {
    this.#parts = parts
  }

  /** Counter of the newest claim; 0 before the first. */
  get last(): number {
    return this.#last
  }

  make(kind: 'bind' | 'rebind', endpoint: UdpEndpoint, cookie: Uint8Array = NO_COOKIE): Uint8Array {
    const { clock, secret, token, ticket } = this.#parts
    const counter = (this.#last = Math.max(this.#last + 1, clock.now()))
    this.#open = [...this.#open, { counter, endpoint, cookie }].slice(-OPEN_CLAIMS_MAX)
    const claim: RelayClaim = { kind, token, counter, cookie, ticket: kind === 'bind' ? ticket : NO_TICKET }
    return encodeRelayClaim(claim, signed => relayMac(secret, signed))
  }

  /** The claim that this answers, once; those before it are answered with it. */
  answered(counter: number): OpenClaim | undefined {
    const claim = this.#open.find(each => each.counter === counter)
    if (claim !== undefined) this.#open = this.#open.filter(each => each.counter > counter)
    return claim
  }
}
