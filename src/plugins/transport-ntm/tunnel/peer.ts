/**
 * One peer: who it is, where it is, its sessions in their three slots, and what waits for a session. This file
 * holds the rules by which sessions move between slots; messages and time are dealt with elsewhere.
 */

import { idFromBytes, idToBytes, type TunnelKey } from '../../../events/ids.ts'
import { KEY_BYTES, RETIRED_MS, RETIRED_SESSIONS, type TunnelLimits, UNPROVEN_FACTOR } from './constants.ts'
import { cookieKey } from './cookie.ts'
import { copyOf, type Endpoint, isByRelay, sameEndpoint } from './endpoint.ts'
import { mac1Key } from './mac.ts'
import { type Initiated, wipeInitiated } from './noise.ts'
import type { Session } from './session.ts'
import type { Timestamp } from './tai64n.ts'
import { type PeerTimers, RETIRED } from './timers.ts'

/** What the tunnel is told about a peer. */
export interface PeerOptions {
  /** 32 bytes shared beforehand; zero without. */
  readonly presharedKey?: Uint8Array
  /** Where the peer may be. A node's first message goes to all, a plain peer's to one after another. */
  readonly endpoints?: readonly Endpoint[]
  readonly persistentKeepaliveMs?: number
  /** Speaks WireGuard and nothing of ours: it roams by data alone. */
  readonly plain?: boolean
  /** Leaves the table when its keys go. Default: only who came by itself does. */
  readonly transient?: boolean
  /**
   * Somebody challenges its addresses: one that only a handshake has shown gets little until `setEndpoint` says that
   * it answered. A handshake tells who somebody is; whoever passes it on can have it come from anywhere.
   */
  readonly challenged?: boolean
  /** Is spoken to directly even by a device that is hidden. */
  readonly mayKnowPlace?: boolean
}

/** What others may see of a peer. */
export interface TunnelPeer {
  readonly publicKey: Uint8Array
  /** The public key as map key. */
  readonly id: TunnelKey
  readonly plain: boolean
  /** Leaves the table when its keys go. */
  readonly transient: boolean
  /** Where packets go now. */
  readonly endpoint: Endpoint | undefined
  /** Where they go as well, while it is in doubt that they arrive there. */
  readonly alsoTo: readonly Endpoint[]
  /** Where handshakes may go besides. */
  readonly endpoints: readonly Endpoint[]
  /** Whether a session is there to carry packets; it may have aged past use while nothing was sent. */
  readonly established: boolean
  /** Monotonic ms of the last completed handshake. */
  readonly lastHandshakeAt: number | undefined
}

/** Our first message, waiting for its answer. */
export interface PendingHandshake {
  readonly localIndex: number
  readonly initiated: Initiated
  /** As sent, with macs, to be stamped again when a cookie comes. */
  readonly message: Uint8Array
  readonly sentTo: Endpoint[]
  cookieUsed: boolean
  /** An answer was read already, and came to nothing. */
  isAnswerRead: boolean
}

/** Our answer to an accepted first message (SPEC.md §1). */
export interface Answer {
  readonly initiation: Uint8Array
  readonly response: Uint8Array
  readonly at: number
  readonly sources: Endpoint[]
  /** How often it was given. */
  given: number
  cookieUsed: boolean
}

export type PeerSession = Session<Peer>

/** One for all who share no secret beforehand; never written to. */
const NO_PRESHARED_KEY = new Uint8Array(KEY_BYTES)

const NOWHERE: readonly Endpoint[] = []

export class Peer implements TunnelPeer {
  readonly id: TunnelKey
  readonly plain: boolean
  readonly presharedKey: Uint8Array
  /** Leaves the table when its keys go; until somebody says that it is to stay. */
  transient: boolean
  readonly challenged: boolean
  readonly mayKnowPlace: boolean
  readonly timers: PeerTimers<Peer>

  endpoint: Endpoint | undefined
  /** Bytes that may still go to the endpoint; Infinity once it has shown that it is there. */
  allowanceBytes = Number.POSITIVE_INFINITY
  alsoTo: readonly Endpoint[] = NOWHERE
  endpoints: readonly Endpoint[]

  previous: PeerSession | undefined
  current: PeerSession | undefined
  next: PeerSession | undefined
  /** Out of their slots, but packets may be in flight; oldest first. */
  readonly #retired: PeerSession[] = []

  handshake: PendingHandshake | undefined
  answer: Answer | undefined
  cookie: { readonly bytes: Uint8Array; readonly at: number } | undefined
  /** Greatest received. */
  timestamp: Timestamp | undefined
  readonly staged: Uint8Array[] = []

  attemptStartedAt = Number.NEGATIVE_INFINITY
  attempts = 0
  handshakeSentAt = Number.NEGATIVE_INFINITY
  initiationReceivedAt = Number.NEGATIVE_INFINITY
  lastHandshakeAt: number | undefined
  /** Whether the coming end of the current session already made us rekey on receiving. */
  lastMinuteRekeyed = false

  constructor(
    publicKey: Uint8Array,
    options: PeerOptions,
    transient: boolean,
    timersOf: (peer: Peer) => PeerTimers<Peer>,
  ) {
    this.id = idFromBytes(publicKey)
    this.plain = options.plain ?? false
    this.presharedKey = options.presharedKey?.slice() ?? NO_PRESHARED_KEY
    this.transient = transient
    this.challenged = options.challenged ?? false
    this.mayKnowPlace = options.mayKnowPlace ?? false
    this.endpoints = options.endpoints?.map(copyOf) ?? NOWHERE
    this.timers = timersOf(this)
  }

  /** Keys as bytes are made when a handshake needs them: a server has many peers and few handshakes. */
  get publicKey(): Uint8Array {
    return idToBytes(this.id)
  }

  get mac1Key(): Uint8Array {
    return mac1Key(this.publicKey)
  }

  get cookieKey(): Uint8Array {
    return cookieKey(this.publicKey)
  }

  get established(): boolean {
    return this.current !== undefined
  }

  /** Whether the endpoint may carry whatever there is. */
  get isProven(): boolean {
    return this.allowanceBytes === Number.POSITIVE_INFINITY
  }

  /** So many bytes of a handshake came from there, and nothing better is known. */
  adopt(from: Endpoint, bytes: number): void {
    if (this.endpoint !== undefined && sameEndpoint(this.endpoint, from)) this.earn(bytes)
    else {
      this.endpoint = copyOf(from)
      const isDoubted = this.challenged && !isByRelay(from)
      this.allowanceBytes = isDoubted ? UNPROVEN_FACTOR * bytes : Number.POSITIVE_INFINITY
    }
  }

  /** More came from the endpoint, so that more may go there. */
  earn(bytes: number): void {
    this.allowanceBytes += UNPROVEN_FACTOR * bytes
  }

  /** Whether the current session, and so the endpoint it is used with, still carries packets. */
  inUse(now: number, limits: TunnelLimits): boolean {
    return this.current?.canSend(now, limits) ?? false
  }

  /** The active endpoint, if any, and the candidates, each once. */
  get allEndpoints(): readonly Endpoint[] {
    const active = this.endpoint
    if (active === undefined) return this.endpoints
    return [active, ...this.endpoints.filter(endpoint => !sameEndpoint(endpoint, active))]
  }

  /** We answered: the new session waits for the initiator's first data. */
  sessionAnswered(session: PeerSession, now: number): readonly PeerSession[] {
    const dropped = this.#retire([this.next], now)
    this.next = session
    return dropped
  }

  /** The initiator used the session we answered with. */
  sessionConfirmed(now: number): readonly PeerSession[] {
    const dropped = this.#retire([this.previous], now)
    this.previous = this.current
    this.current = this.next
    this.next = undefined
    return dropped
  }

  /**
   * Our initiation was answered. If the peer's crossed it, the session from theirs is kept for receiving, and
   * those in use until now drain.
   */
  sessionInitiated(session: PeerSession, now: number): readonly PeerSession[] {
    const crossed = this.next
    const dropped = this.#retire(crossed === undefined ? [this.previous] : [this.previous, this.current], now)
    this.previous = crossed ?? this.current
    this.next = undefined
    this.current = session
    return dropped
  }

  /** Empties the slots and says what was in them. */
  takeSessions(): readonly PeerSession[] {
    const slots = [this.previous, this.current, this.next]
    this.previous = this.current = this.next = undefined
    return [...slots.filter(session => session !== undefined), ...this.takeRetired()]
  }

  takeRetired(): readonly PeerSession[] {
    return this.#retired.splice(0)
  }

  /** Forgets the pending handshake and says which index it held. */
  takeHandshake(): number | undefined {
    const pending = this.handshake
    if (pending === undefined) return undefined
    wipeInitiated(pending.initiated)
    this.handshake = undefined
    return pending.localIndex
  }

  /** Returns what must end now to keep the retired few. */
  #retire(sessions: readonly (PeerSession | undefined)[], now: number): readonly PeerSession[] {
    for (const session of sessions) {
      if (session === undefined) continue
      this.#retired.push(session)
      this.timers.set(RETIRED, now + RETIRED_MS)
    }
    return this.#retired.splice(0, Math.max(0, this.#retired.length - RETIRED_SESSIONS))
  }
}
