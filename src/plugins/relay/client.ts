/**
 * The relay client of one transport: all of its relays and channels, behind the transport's own sockets. It sorts
 * what comes from relays and hands each frame to the channel or the question that it belongs to.
 */
import type { Observable } from 'rxjs'
import { idToBytes } from '../../events/ids.ts'
import type {
  ChannelEvents,
  Clock,
  Keys,
  Outlet,
  Random,
  RelayChannel,
  RelayClient,
  RelayMeasurement,
  RelayPlace,
  UdpEndpoint,
} from '../../kernel/api/index.ts'
import {
  decodeRelayFrame,
  isRelayByte,
  RELAY_DATA_HEAD_BYTES,
  RELAY_FRAME_MAX_BYTES,
  RELAY_FRAMES,
  relayFrameLength,
} from '../../wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayToken } from '../../wire/relay-proof.ts'
import { type RelayTicket, readRelayGrant, readRelayTicket } from '../../wire/relay-ticket.ts'
import { Channel } from './channel.ts'
import { isSameEndpoint } from './endpoint.ts'
import { Prober } from './prober.ts'
import { Survey } from './survey.ts'
import { TokenTable } from './token-table.ts'

export interface ClientParts {
  readonly clock: Clock
  readonly random: Random
  readonly keys: Keys
  readonly outlet: Outlet
}

export class NtmRelayClient implements RelayClient {
  readonly #parts: ClientParts
  readonly #prober: Prober
  readonly #survey: Survey
  readonly #channels = new Set<Channel>()
  readonly #byToken = new TokenTable<Channel>()
  readonly #scratch = new Uint8Array(RELAY_FRAME_MAX_BYTES)
  #isClosed = false

  constructor(parts: ClientParts) {
    this.#parts = parts
    const prober = (this.#prober = new Prober(parts))
    const isBusy = (): boolean => [...this.#channels].some(channel => channel.isAwake)
    this.#survey = new Survey({ clock: parts.clock, outlet: parts.outlet, prober, isBusy })
  }

  get measured$(): Observable<RelayMeasurement> {
    return this.#survey.measured$
  }

  claims(bytes: Uint8Array): boolean {
    return isRelayByte(bytes[0])
  }

  receive(bytes: Uint8Array, from: UdpEndpoint): void {
    let at = 0
    while (at < bytes.length) {
      const length = relayFrameLength(bytes, at)
      if (length === 0) return
      this.#take(bytes.subarray(at, at + length), from)
      at += length
    }
  }

  follow(places: readonly RelayPlace[]): void {
    if (!this.#isClosed) this.#survey.follow(places)
  }

  measurements(): readonly RelayMeasurement[] {
    return this.#survey.measurements()
  }

  observe(endpoint: UdpEndpoint, from: Outlet, timeoutMs: number): Promise<UdpEndpoint | undefined> {
    return new Promise(resolve => {
      this.#prober.ask({
        ...{ endpoint, outlet: from, timeoutMs },
        onAnswer: ({ observed }) => resolve(observed),
        onSilence: () => resolve(undefined),
      })
    })
  }

  open(grantBytes: Uint8Array, events: ChannelEvents): RelayChannel | undefined {
    if (this.#isClosed) return undefined
    const grant = readRelayGrant(grantBytes)
    const ticket = grant.ok ? readRelayTicket(grant.value.ticket) : grant
    if (!grant.ok || !ticket.ok || ticket.value.holder !== this.#parts.keys.tunnelKey) return undefined
    const channel = this.#channel(ticket.value, grant.value.ticket, grant.value.endpoints, events)
    this.#channels.add(channel)
    this.#byToken.add(channel)
    channel.open()
    this.#survey.hurry()
    return channel
  }

  moved(): void {
    for (const channel of this.#channels) channel.moved()
    this.#survey.moved()
  }

  lookAgain(): void {
    for (const channel of this.#channels) if (channel.isAwake && channel.state !== 'refused') channel.moved()
    this.#survey.lookAgain()
  }

  close(): void {
    this.#isClosed = true
    for (const channel of [...this.#channels]) channel.close()
    this.#survey.close()
    this.#prober.close()
  }

  #take(frame: Uint8Array, from: UdpEndpoint): void {
    if (frame[0] === RELAY_FRAMES.data) {
      if (frame.length < RELAY_DATA_HEAD_BYTES) return
      const channel = this.#byToken.find(frame, RELAY_DATA_HEAD_BYTES - 8)
      channel?.deliver(frame.subarray(RELAY_DATA_HEAD_BYTES))
      return
    }
    const read = decodeRelayFrame(frame)
    if (!read.ok) return
    const { value } = read
    if (value.kind === 'probe-ack') this.#prober.take(value)
    else if (value.kind === 'challenge') this.#byToken.find(value.token, 0)?.takeChallenge(value, from)
    else if (value.kind === 'bound')
      this.#byToken.find(value.token, 0)?.takeBound(value.counter, value.cookie, frame)
    else if (value.kind === 'refusal') this.#byToken.find(value.token, 0)?.takeRefusal(value, frame)
  }

  /** That a ticket is over is not the relay's fault. */
  #judged({ relay, refusal }: Channel): void {
    if (refusal === undefined) this.#survey.welcome(relay)
    else if (refusal !== 'expired') this.#survey.refuse(relay)
  }

  /** One channel's relay is the others' too: it is gone for all, or back for all. */
  #changed(channel: RelayChannel, events: ChannelEvents): void {
    const { relay, state } = channel
    if (state === 'lost') this.#survey.lost(relay)
    if (state === 'bound') {
      this.#survey.found(relay)
      for (const other of this.#channels) if (other.relay === relay && other.state === 'lost') other.refresh()
    }
    events.onState(channel)
  }

  #channel(
    ticket: RelayTicket,
    ticketBytes: Uint8Array,
    granted: readonly UdpEndpoint[],
    events: ChannelEvents,
  ): Channel {
    const { clock, outlet, keys } = this.#parts
    const secret = keys.agree(RELAY_SECRET_LABEL, idToBytes(ticket.relay))
    const token = relayToken(secret, ticket)
    const older = this.#byToken.find(token, 0)
    const cookieOf = (endpoint: UdpEndpoint): Uint8Array | undefined =>
      older?.cookieOf(endpoint) ?? this.#survey.cookieOf(endpoint)
    const measured = this.#survey.endpointsOf(ticket.relay)
    const known = measured.map(({ endpoint }) => endpoint)
    const more = granted.filter(each => !known.some(one => isSameEndpoint(one, each)))
    const channel = new Channel({
      ...{ clock, outlet, secret, token, ticket, ticketBytes, cookieOf, scratch: this.#scratch },
      events: { ...events, onState: changed => this.#changed(changed, events) },
      endpoints: [...known, ...more],
      first: measured[0]?.rttMs === undefined ? undefined : measured[0].endpoint,
      onAwake: () => this.#survey.hurry(),
      onJudged: judged => this.#judged(judged),
      onClosed: closed => {
        this.#channels.delete(closed)
        this.#byToken.remove(closed)
      },
    })
    older?.close()
    return channel
  }
}
