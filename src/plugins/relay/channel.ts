/**
 * One side of a slot pair, as its holder sees it. Whoever has a warm cookie sends data right behind the first
 * claim; nobody waits for the relay to say yes. It says where it is while packets flow, falls silent when nobody
 * needs it, and does not give up on a relay that is gone.
 */
import type { TunnelKey } from '../../events/ids.ts'
import {
  type ChannelEvents,
  type ChannelState,
  type Clock,
  type Outlet,
  type RelayChannel,
  type RelayRefusal,
  TokenBucket,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import {
  RELAY_DATA_HEAD_BYTES,
  RELAY_FRAME_MAX_BYTES,
  type RelayFrame,
  writeRelayDataHead,
} from '../../wire/relay-frame.ts'
import { relayMacHolds } from '../../wire/relay-proof.ts'
import type { RelayTicket } from '../../wire/relay-ticket.ts'
import { Backlog } from './backlog.ts'
import { Claims, type OpenClaim, waitAfter } from './claims.ts'
import { isSameEndpoint } from './endpoint.ts'
import {
  CLAIMS_UNTIL_LOST,
  DORMANT_AFTER_MS,
  DOUBT_AFTER_MS,
  KEEPALIVE_MS,
  REACTIONS_BURST,
  REACTIONS_PER_SECOND,
  REFUSED_AGAIN_MS,
  RETRY_FIRST_MS,
  RETRY_WITH_DATA_MS,
} from './limits.ts'
import type { Tokened } from './token-table.ts'

export interface ChannelParts {
  readonly clock: Clock
  readonly outlet: Outlet
  readonly secret: Uint8Array
  readonly token: Uint8Array
  readonly ticket: RelayTicket
  readonly ticketBytes: Uint8Array
  /** At least one. */
  readonly endpoints: readonly UdpEndpoint[]
  /** The one to begin with; without it all are tried. */
  readonly first: UdpEndpoint | undefined
  /** A cookie that the relay will probably take from this address. */
  readonly cookieOf: (endpoint: UdpEndpoint) => Uint8Array | undefined
  /** Where DATA frames are put together; shared by the channels of one client. */
  readonly scratch: Uint8Array
  readonly events: ChannelEvents
  /** It is used again after a time of silence. */
  readonly onAwake: () => void
  /** The relay has said yes, or no. */
  readonly onJudged: (channel: Channel) => void
  readonly onClosed: (channel: Channel) => void
}

export class Channel implements RelayChannel, Tokened<Channel> {
  readonly relay: TunnelKey
  readonly expires: number
  readonly token: Uint8Array
  next: Channel | undefined
  readonly #parts: ChannelParts
  readonly #clock: Clock
  readonly #claims: Claims
  readonly #backlog = new Backlog()
  readonly #reactions = new TokenBucket(REACTIONS_PER_SECOND, REACTIONS_BURST)
  readonly #cookies = new Map<UdpEndpoint, Uint8Array>()
  #state: ChannelState = 'binding'
  #refusal: RelayRefusal | undefined
  #endpoint: UdpEndpoint
  /** The endpoint that answered last. */
  #way: UdpEndpoint | undefined
  #heardMs: number | undefined
  #flowedMs: number
  /** Whether the relay may not know the slot: a bare claim would be in vain. */
  #mustBind = true
  #tries = 0
  #claimedMs = Number.NEGATIVE_INFINITY
  #proofs = 0
  #isClaiming = false
  /** Undefined while dormant. */
  #cancelTimer: (() => void) | undefined

  constructor(parts: ChannelParts) {
    const { clock, ticket, ticketBytes, token, secret, endpoints, first } = parts
    this.#parts = parts
    this.#clock = clock
    this.#claims = new Claims({ clock, secret, token, ticket: ticketBytes })
    this.relay = ticket.relay
    this.expires = ticket.expires
    this.token = token
    this.#way = first ?? (endpoints.length === 1 ? endpoints[0] : undefined)
    this.#endpoint = this.#seenAs()
    this.#flowedMs = clock.monotonicMs()
    for (const endpoint of endpoints) {
      const cookie = parts.cookieOf(endpoint)
      if (cookie !== undefined) this.#cookies.set(endpoint, cookie)
    }
  }

  get state(): ChannelState {
    return this.#state
  }

  /** Why the relay said no last; undefined: it has not, or said yes since. */
  get refusal(): RelayRefusal | undefined {
    return this.#refusal
  }

  get endpoint(): UdpEndpoint {
    return this.#endpoint
  }

  get heardMs(): number | undefined {
    return this.#heardMs
  }

  get isAwake(): boolean {
    return this.#cancelTimer !== undefined
  }

  /** For whoever takes this one's place. */
  cookieOf(endpoint: UdpEndpoint): Uint8Array | undefined {
    for (const [at, cookie] of this.#cookies) if (isSameEndpoint(at, endpoint)) return cookie
    return undefined
  }

  open(): void {
    this.#claim(this.#ways())
  }

  send(packet: Uint8Array): void {
    const nowMs = this.#clock.monotonicMs()
    this.#flowedMs = nowMs
    if (this.#state === 'closed' || packet.length > RELAY_FRAME_MAX_BYTES - RELAY_DATA_HEAD_BYTES) return
    if (!this.isAwake) this.refresh()
    else if (this.#state === 'lost' && nowMs - this.#claimedMs >= RETRY_WITH_DATA_MS) this.#try(this.#ways())
    if (this.#state === 'refused') return
    const isWelcome = this.#heardMs !== undefined || this.#isWarm()
    if (this.#isDoubtful(nowMs)) this.#backlog.keep(packet, isWelcome ? this.#claims.last : 0, nowMs)
    if (isWelcome) this.#transmit(packet)
  }

  refresh(): void {
    if (this.#state === 'closed' || (this.#state === 'refused' && this.isAwake)) return
    const wasAwake = this.isAwake
    this.#claim(this.#ways())
    if (!wasAwake) this.#parts.onAwake()
  }

  /** Everywhere at once: the way that worked may not lead out of here. It comes last, so that it is preferred. */
  moved(): void {
    if (this.#state === 'closed') return
    const way = this.#way
    const others = this.#parts.endpoints.filter(endpoint => endpoint !== way)
    this.#claim(way === undefined ? others : [...others, way])
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#sleep()
    this.#backlog.clear()
    this.#turn('closed')
    this.#parts.onClosed(this)
  }

  /** A DATA frame of this channel, without its head. */
  deliver(packet: Uint8Array): void {
    if (this.#state === 'closed') return
    this.#heardMs = this.#flowedMs = this.#clock.monotonicMs()
    this.#parts.events.onPacket(packet, this)
  }

  takeBound(counter: number, cookie: Uint8Array, frame: Uint8Array): void {
    if (this.#state === 'closed' || !relayMacHolds(this.#parts.secret, frame)) return
    const claim = this.#claims.answered(counter)
    if (claim === undefined) return
    this.#heardMs = this.#clock.monotonicMs()
    this.#mustBind = false
    this.#choose(claim.endpoint)
    this.#resend(counter)
    this.#backlog.clear()
    this.#settle(claim, cookie)
    this.#refusal = undefined
    this.#parts.onJudged(this)
    this.#turn('bound')
  }

  /**
   * The relay has no slot for us. It need not be asked soon again, and nothing is sent to it meanwhile. Without a MAC
   * anybody on the way may have said it: a relay that has once said yes is not doubted for that.
   */
  takeRefusal({ counter, why }: Extract<RelayFrame, { kind: 'refusal' }>, frame: Uint8Array): void {
    const isRelays = relayMacHolds(this.#parts.secret, frame)
    if (this.#state === 'closed' || !(isRelays || this.#heardMs === undefined)) return
    if (why === 'leaving') {
      if (isRelays && counter === this.#claims.last) this.#isLeft()
      return
    }
    if (this.#claims.answered(counter) === undefined) return
    this.#mustBind = true
    this.#isClaiming = false
    this.#backlog.clear()
    this.#wait(REFUSED_AGAIN_MS, () => this.#keepAlive())
    this.#refusal = why
    this.#parts.onJudged(this)
    this.#turn('refused')
  }

  /** The relay does not know us, or not from here. */
  takeChallenge({ cookie }: Extract<RelayFrame, { kind: 'challenge' }>, from: UdpEndpoint): void {
    const endpoint = this.#parts.endpoints.find(each => isSameEndpoint(each, from))
    if (this.#state === 'closed' || endpoint === undefined) return
    const known = this.#cookies.get(endpoint)
    this.#cookies.set(endpoint, new Uint8Array(cookie))
    if (this.#way !== undefined && endpoint !== this.#way) return
    if (this.#state === 'refused' && !this.#isClaiming) return
    const isOld = known !== undefined && Buffer.compare(known, cookie) === 0
    if (isOld && this.#mustBind && this.#isClaiming && this.#tries === 1) return
    if (!this.#reactions.take(this.#clock.monotonicMs())) return
    this.#mustBind = true
    this.#choose(endpoint)
    this.#claim([endpoint])
    this.#resend(this.#claims.last)
  }

  /** The relay ends. It may be there again in a moment, so it is called as one that is silent. */
  #isLeft(): void {
    this.#mustBind = true
    this.#refusal = 'leaving'
    this.#parts.onJudged(this)
    this.#turn('lost')
    if (!this.isAwake) return
    this.#tries = 0
    this.#wait(RETRY_FIRST_MS, () => this.#keepAlive())
  }

  #settle({ cookie: sent }: OpenClaim, cookie: Uint8Array): void {
    const isProven = Buffer.compare(sent, cookie) === 0
    this.#cookies.set(this.#way!, new Uint8Array(cookie))
    if (isProven) {
      this.#isClaiming = false
      this.#wait(KEEPALIVE_MS, () => this.#keepAlive())
    } else if (this.#proofs < CLAIMS_UNTIL_LOST) {
      this.#proofs += 1
      this.#try([this.#way!])
    }
  }

  #keepAlive(): void {
    if (this.#isUnused()) this.#sleep()
    else this.#claim(this.#ways())
  }

  #claim(ways: readonly UdpEndpoint[]): void {
    this.#tries = 0
    this.#proofs = 0
    this.#try(ways)
  }

  #try(ways: readonly UdpEndpoint[]): void {
    this.#wait(waitAfter(this.#tries), () => this.#unanswered())
    this.#tries += 1
    this.#claimedMs = this.#clock.monotonicMs()
    this.#isClaiming = true
    const kind = this.#mustBind ? 'bind' : 'rebind'
    for (const endpoint of ways)
      this.#parts.outlet.send(this.#claims.make(kind, endpoint, this.#cookies.get(endpoint)), endpoint)
  }

  #unanswered(): void {
    if (this.#tries >= CLAIMS_UNTIL_LOST) {
      const ways = this.#ways()
      if (this.#parts.endpoints.length > 1) this.#way = undefined
      this.#turn('lost')
      this.#parts.events.onSilence?.(ways)
      if (this.#isUnused()) this.#sleep()
    }
    if (this.#state !== 'closed' && this.isAwake) this.#try(this.#ways())
  }

  #transmit(packet: Uint8Array): void {
    const { scratch, outlet, endpoints } = this.#parts
    const length = RELAY_DATA_HEAD_BYTES + packet.length
    writeRelayDataHead(scratch, this.token, length)
    scratch.set(packet, RELAY_DATA_HEAD_BYTES)
    outlet.send(scratch.subarray(0, length), this.#way ?? endpoints[0]!)
  }

  #resend(counter: number): void {
    this.#backlog.resend(counter, this.#clock.monotonicMs(), packet => this.#transmit(packet))
  }

  #ways(): readonly UdpEndpoint[] {
    return this.#way === undefined ? this.#parts.endpoints : [this.#way]
  }

  #choose(endpoint: UdpEndpoint): void {
    if (this.#way === endpoint) return
    this.#way = endpoint
    this.#endpoint = this.#seenAs()
  }

  #seenAs(): UdpEndpoint {
    const { address, port } = this.#way ?? this.#parts.endpoints[0]!
    return { address, port, via: this }
  }

  /** Whether data may go right behind a claim. */
  #isWarm(): boolean {
    return this.#way !== undefined && this.#cookies.has(this.#way)
  }

  #isDoubtful(nowMs: number): boolean {
    return this.#state !== 'bound' || nowMs - (this.#heardMs ?? 0) > DOUBT_AFTER_MS
  }

  #isUnused(): boolean {
    return this.#clock.monotonicMs() - this.#flowedMs > DORMANT_AFTER_MS
  }

  #wait(ms: number, then: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.after(ms, then)
  }

  #sleep(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#isClaiming = false
  }

  #turn(state: ChannelState): void {
    if (this.#state === state) return
    this.#state = state
    this.#parts.events.onState(this)
  }
}
