/** What is said of a peer's way, and what is limited over all reasons: how often a coordinator is asked for a lost peer. */
import { describe, expect, test } from 'vitest'
import type { ChannelEvents, RelayChannel, UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import type { Neighbour } from '../../../../src/plugins/transport-ntm/neighbour.ts'
import {
  DIRECTION_PAUSE_MS,
  PATIENCE_UNKNOWN_MS,
  TRY_HARDER_AFTER_MS,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Pathfinder, type PathfinderParts } from '../../../../src/plugins/transport-ntm/path/pathfinder.ts'

const RELAY = { address: '203.0.113.10', port: 4_500 }

class Bench {
  readonly clock = new VirtualClock()
  sought = 0
  readonly neighbour = { key: 'ab', peer: { endpoint: undefined as UdpEndpoint | undefined }, sentMs: 0 }
  readonly finder: Pathfinder
  /** Who was sent the first message of a handshake, in order. */
  readonly called: string[] = []
  #channel: { state: RelayChannel['state'] } | undefined
  #events: ChannelEvents | undefined

  constructor() {
    const nothing = (): void => {}
    const relays = {
      open: (_: Uint8Array, events: ChannelEvents) => {
        const ends = { refresh: nothing, close: nothing, send: nothing }
        const channel = { state: 'bound' as const, expires: Number.POSITIVE_INFINITY, ...ends }
        this.#events = events
        return (this.#channel = Object.assign(channel, { endpoint: { ...RELAY, via: channel } }))
      },
      moved: nothing,
      lookAgain: nothing,
      measurements: () => [],
    }
    const tunnel = { callAgain: nothing, setEndpoint: nothing, setCandidates: nothing }
    const parts = {
      ...{ clock: this.clock, random: new SeededRandom(1), network: { localAddresses: () => [] } },
      carrier: {
        ...{ tunnel, locals: [], hint: nothing, knock: nothing, count: nothing, setMtu: nothing },
        renew: ({ key }: Neighbour) => void this.called.push(key),
      },
      own: { nat: 'unknown', list: () => [], publicAddresses: [] },
      acquaintance: { say: nothing, ping: () => Buffer.alloc(8), freshToken: () => Buffer.alloc(8) },
      ...{ relays, mayPunch: false, relayOnly: false, onPath: nothing, onRelaySilent: nothing },
      isOverTcp: () => false,
      ...{ onLookAgain: nothing, story: nothing },
      seek: () => void (this.sought += 1),
    }
    Object.assign(this.neighbour, { receivedMs: 0, heardHereMs: 0, heardMs: 0 })
    this.finder = new Pathfinder(parts as unknown as PathfinderParts)
    this.finder.open(this.neighbour as unknown as Neighbour, { grant: new Uint8Array(1) }, true)
    this.neighbour.peer.endpoint = { ...RELAY, via: this.#channel as unknown as RelayChannel }
    this.finder.established(this.neighbour as unknown as Neighbour)
  }

  /** Somebody else, who was talked with this long ago. */
  meet(key: string, talkedAgoMs: number): void {
    const endpoint = { address: '198.51.100.7', port: 7 }
    const met = { key, peer: { endpoint }, talkedMs: this.clock.monotonicMs() - talkedAgoMs }
    const heard = { sentMs: met.talkedMs, receivedMs: met.talkedMs, heardHereMs: 0, heardMs: 0 }
    this.finder.established({ ...met, ...heard } as unknown as Neighbour)
  }

  run(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms
    while (this.clock.step(untilMs));
    this.neighbour.sentMs = this.clock.monotonicMs()
  }

  /** The relay falls silent, and is back. */
  flap(): void {
    for (const state of ['lost', 'bound'] as const) this.turn(state)
  }

  turn(state: RelayChannel['state']): void {
    this.#channel!.state = state
    this.#events!.onState(this.#channel as unknown as RelayChannel)
  }
}

test('a peer whose only way is gone is met neither directly nor by a relay', () => {
  const bench = new Bench()
  const view = () => bench.finder.viewOf(bench.neighbour as unknown as Neighbour)
  expect(view()).toMatchObject({ isDirect: false, isSuspect: false, endpoint: RELAY })
  bench.turn('closed')
  expect(view()).toMatchObject({ isDirect: false, isSuspect: false, endpoint: undefined })
})

test('a relay that misses an answer is suspect as a direct path is', () => {
  const bench = new Bench()
  bench.run(PATIENCE_UNKNOWN_MS - 100)
  const view = () => bench.finder.viewOf(bench.neighbour as unknown as Neighbour)
  expect(view()).toMatchObject({ isDirect: false, isSuspect: false })
  bench.run(5_000)
  expect(view()).toMatchObject({ isDirect: false, isSuspect: true, endpoint: RELAY })
})

describe('a coordinator is asked for a peer once in two seconds', () => {
  test('when its relay comes and goes', () => {
    const bench = new Bench()
    for (let times = 0; times < 10; times += 1) {
      bench.flap()
      bench.run(50)
    }
    expect(bench.sought).toBe(1)
    bench.run(DIRECTION_PAUSE_MS)
    const before = bench.sought
    for (let times = 0; times < 3; times += 1) bench.flap()
    expect(bench.sought - before).toBeLessThanOrEqual(1)
  })

  test('when this host has moved, too, and at the next round if it had to wait', () => {
    const bench = new Bench()
    bench.run(100)
    bench.flap()
    expect(bench.sought).toBe(1)
    bench.finder.moved({ hasSlept: false })
    bench.run(TRY_HARDER_AFTER_MS + 50)
    expect(bench.sought).toBe(1)
    bench.run(10_000)
    expect(bench.sought).toBeGreaterThanOrEqual(2)
    expect(bench.sought).toBeLessThanOrEqual(1 + 10_000 / DIRECTION_PAUSE_MS)
  })
})

describe('of nine people with whom there is a session', () => {
  const AGO_MS = [1, 2, 3, 11, 12, 13, 14, 15, 16].map(seconds => seconds * 1_000)
  const nine = (): Bench => {
    const bench = new Bench()
    bench.finder.forget(bench.neighbour as unknown as Neighbour)
    bench.run(60_000)
    for (const agoMs of AGO_MS.toReversed()) bench.meet(`${agoMs / 1_000} s ago`, agoMs)
    bench.called.length = 0
    return bench
  }

  test('a host that has slept calls the eight whom it talked with last', () => {
    const bench = nine()
    bench.finder.moved({ hasSlept: true })
    expect(bench.called).toEqual(AGO_MS.slice(0, 8).map(agoMs => `${agoMs / 1_000} s ago`))
  })

  test('one that has only moved leaves out those whom it is talking with', () => {
    const bench = nine()
    bench.finder.moved({ hasSlept: false })
    expect(bench.called).toEqual(AGO_MS.slice(3, 8).map(agoMs => `${agoMs / 1_000} s ago`))
  })
})
