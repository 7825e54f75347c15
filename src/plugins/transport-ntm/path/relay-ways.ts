/**
 * The ways to peers over relays: opens a channel for each grant, keeps the few that are worth keeping, and looks for
 * another where a relay is silent or says no. A ticket is renewed by asking for the way once more before it ends; who is
 * being talked with keeps its channels though nobody renews them, for a relay does not look at a bound slot's ticket again.
 */
import type { Clock, Random, RelayChannel, RelayClient, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Entry } from './entry.ts'
import { CHANNELS_MAX, RENEW_AGAIN_MS, RENEW_FROM, RENEW_SPREAD, TIMER_MAX_MS, WARM_MS } from './limits.ts'

export interface RelayWaysParts {
  readonly clock: Clock
  readonly random: Random
  readonly relays: RelayClient | undefined
  /** A packet of a peer, which seems to have come from here. */
  readonly receive: (packet: Uint8Array, from: UdpEndpoint) => void
  /** A relay that is used does not answer at these places. */
  readonly onRelaySilent: (endpoint: UdpEndpoint) => void
  /** Asks a coordinator for the way to a peer, unless that was done just now. */
  readonly seek: (entry: Entry) => void
  /** A way to a peer is no more. */
  readonly forget: (entry: Entry, endpoint: UdpEndpoint) => void
  readonly story: (entry: Entry, what: string) => void
}

const NEVER = Number.NEGATIVE_INFINITY

export class RelayWays {
  readonly #parts: RelayWaysParts

  constructor(parts: RelayWaysParts) {
    this.#parts = parts
  }

  /**
   * One more way. Both sides may have asked for one at the same time and got two, in different order, so the earlier ones
   * stay for a while: what the peer answers on shows which are good.
   */
  open(entry: Entry, grant: Uint8Array): void {
    const { relays, receive, onRelaySilent } = this.#parts
    const channel: RelayChannel | undefined = relays?.open(grant, {
      onPacket: packet => endpoint !== undefined && receive(packet, endpoint),
      onState: changed => this.#changed(entry, changed),
      onSilence: endpoints => {
        for (const silent of endpoints) onRelaySilent(silent)
      },
    })
    // Its address family may change: what is compared is the channel.
    const endpoint = channel?.endpoint
    if (channel === undefined || endpoint === undefined) return
    entry.paths.learn([endpoint], 'relay')
    entry.channels = [channel, ...entry.channels.filter(({ state }) => state !== 'closed')]
    if (entry.channels.length > CHANNELS_MAX) this.#leastUseful(entry).close()
    this.#forgetClosed(entry)
    const lifeMs = channel.expires - this.#parts.clock.now()
    this.#renewAfter(entry, lifeMs * (RENEW_FROM + RENEW_SPREAD * this.#parts.random.next()))
  }

  close(entry: Entry): void {
    entry.cancelRenewal()
    for (const channel of [...entry.channels]) channel.close()
  }

  /** Not the newest, nor the one that is sent by; the peer sends by one of those that were heard lately. */
  #leastUseful({ channels, paths }: Entry): RelayChannel {
    const inUse = paths.active?.endpoint.via
    const others = channels.slice(1).filter(channel => channel !== inUse)
    return others.reduce((a, b) => ((b.heardMs ?? NEVER) <= (a.heardMs ?? NEVER) ? b : a))
  }

  #changed(entry: Entry, channel: RelayChannel): void {
    const { state } = channel
    if (state === 'closed') this.#forgetClosed(entry)
    if (state === 'bound') entry.refusedBy.delete(channel.relay)
    if (state === 'refused') for (const other of entry.channels) if (other !== channel) other.refresh()
    const isAnyBound = entry.channels.some(each => each.state === 'bound')
    if (isAnyBound || entry.paths.isDirectAndAnswering) return
    if (state === 'lost' && this.#hasTalked(entry, WARM_MS)) this.#parts.seek(entry)
    if (state === 'refused') this.#refused(entry, channel)
  }

  /** Elsewhere there may be room: the coordinator is asked once for each relay that has none. */
  #refused(entry: Entry, { relay, endpoint, refusal }: RelayChannel): void {
    if (entry.refusedBy.has(relay)) return
    entry.refusedBy.add(relay)
    this.#parts.story(entry, `the relay at ${endpoint.address} says no: ${refusal}`)
    if (!entry.paths.isUp || this.#hasTalked(entry, WARM_MS)) this.#parts.seek(entry)
  }

  /** Whether anybody has talked with this peer lately; who has not will ask when there is something to say. */
  #hasTalked({ neighbour: { sentMs, receivedMs } }: Entry, withinMs: number): boolean {
    return this.#parts.clock.monotonicMs() - Math.max(sentMs, receivedMs) < withinMs
  }

  /** Of the two who share a pair the one that comes first asks for both. */
  #renewAfter(entry: Entry, ms: number): void {
    entry.cancelRenewal()
    const afterMs = Math.min(Math.max(ms, RENEW_AGAIN_MS), TIMER_MAX_MS)
    entry.cancelRenewal = this.#parts.clock.after(afterMs, () => {
      if (this.#hasTalked(entry, RENEW_AGAIN_MS)) this.#parts.seek(entry)
      this.#renewAfter(entry, RENEW_AGAIN_MS)
    })
  }

  #forgetClosed(entry: Entry): void {
    const gone = entry.paths.all.filter(
      ({ isRelay, endpoint }) =>
        isRelay && !entry.channels.some(channel => channel === endpoint.via && channel.state !== 'closed'),
    )
    for (const { endpoint } of gone) this.#parts.forget(entry, endpoint)
  }
}
