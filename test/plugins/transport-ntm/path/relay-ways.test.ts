/** Which channels to a peer are kept, when a coordinator is asked for another, and when tickets are renewed. */
import { describe, expect, test } from 'vitest'
import type { ChannelEvents, RelayChannel, UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import type { Entry } from '../../../../src/plugins/transport-ntm/path/entry.ts'
import { RENEW_AGAIN_MS } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { RelayWays } from '../../../../src/plugins/transport-ntm/path/relay-ways.ts'
import { place } from './bench.ts'

const HOUR_MS = 60 * 60_000
type Fake = { -readonly [Key in keyof RelayChannel]: RelayChannel[Key] }

class Bench {
  readonly clock = new VirtualClock()
  readonly events: ChannelEvents[] = []
  readonly opened: Fake[] = []
  readonly silent: UdpEndpoint[] = []
  readonly paths = {
    isUp: true,
    isDirectAndAnswering: false,
    active: undefined as object | undefined,
    all: [],
    learn: () => {},
  }
  readonly neighbour = { sentMs: 0, receivedMs: 0 }
  readonly entry = {
    ...{ neighbour: this.neighbour, paths: this.paths, channels: [], refusedBy: new Set() },
    cancelRenewal: () => {},
  } as unknown as Entry
  sought = 0
  lifeMs = 24 * HOUR_MS
  readonly ways = new RelayWays({
    ...{
      clock: this.clock,
      random: new SeededRandom(3),
      receive: () => {},
      story: () => {},
      forget: () => {},
    },
    relays: { open: (_: Uint8Array, events: ChannelEvents) => this.#channel(events) } as never,
    onRelaySilent: endpoint => this.silent.push(endpoint),
    seek: () => void (this.sought += 1),
  })

  /** One more grant; `relay` is a letter. */
  open(relay = 'a'): Fake {
    this.ways.open(this.entry, Buffer.from(relay))
    return Object.assign(this.opened.at(-1)!, { relay })
  }

  turn(channel: Fake, state: RelayChannel['state']): void {
    channel.state = state
    this.events[this.opened.indexOf(channel)]!.onState(channel)
  }

  run(ms: number, talks = true): void {
    for (const untilMs = this.clock.monotonicMs() + ms; this.clock.monotonicMs() < untilMs; ) {
      this.clock.step(Math.min(untilMs, this.clock.monotonicMs() + 60_000))
      if (talks) this.neighbour.sentMs = this.clock.monotonicMs()
    }
  }

  #channel(events: ChannelEvents): RelayChannel {
    const channel: Fake = {
      ...{ relay: 'a' as never, state: 'binding', refusal: undefined, heardMs: undefined },
      ...{ expires: this.clock.now() + this.lifeMs, endpoint: place(1), refresh: () => {}, send: () => {} },
      close: () => void (channel.state = 'closed'),
    }
    this.events.push(events)
    this.opened.push(channel)
    return channel
  }
}

const states = ({ opened }: Bench): readonly string[] => opened.map(({ state }) => state)

describe('of too many channels', () => {
  test('the one closes by which nothing was heard for longest, and not the one in use', () => {
    const bench = new Bench()
    const [oldest, second, third] = [bench.open(), bench.open(), bench.open()]
    Object.assign(oldest, { heardMs: 5 })
    Object.assign(second, { heardMs: 20 })
    Object.assign(third, { heardMs: 10 })
    bench.paths.active = { endpoint: { via: oldest } }
    bench.open()
    expect(states(bench)).toEqual(['binding', 'binding', 'closed', 'binding'])
    bench.open()
    expect(states(bench)[0]).toBe('binding')
    expect(bench.entry.channels).toHaveLength(4)
  })

  test('one that was never heard goes first, and never the newest', () => {
    const bench = new Bench()
    for (const heardMs of [1, undefined, 2]) Object.assign(bench.open(), { heardMs })
    bench.open()
    expect(states(bench)).toEqual(['binding', 'closed', 'binding', 'binding'])
  })
})

describe('a relay that says no', () => {
  test('has another asked for once, also before there is a session, until one says yes', () => {
    const bench = new Bench()
    bench.paths.isUp = false
    bench.neighbour.sentMs = bench.neighbour.receivedMs = Number.NEGATIVE_INFINITY
    bench.turn(bench.open('a'), 'refused')
    expect(bench.sought).toBe(1)
    const again = bench.open('a')
    bench.turn(again, 'refused')
    expect(bench.sought).toBe(1)
    bench.turn(bench.open('b'), 'refused')
    expect(bench.sought).toBe(2)
    bench.turn(again, 'bound')
    bench.turn(again, 'refused')
    expect(bench.sought).toBe(3)
  })

  test('is nothing to whom another carries', () => {
    const bench = new Bench()
    const [one, other] = [bench.open('a'), bench.open('b')]
    bench.turn(one, 'bound')
    bench.turn(other, 'refused')
    bench.paths.isDirectAndAnswering = true
    bench.turn(one, 'lost')
    bench.turn(bench.open('c'), 'refused')
    expect(bench.sought).toBe(0)
  })
})

test('whoever can go another way hears of every place where a relay is silent', () => {
  const bench = new Bench()
  bench.open()
  for (let times = 0; times < 2; times += 1) bench.events[0]!.onSilence!([place(6), place(4)])
  expect(bench.silent).toEqual([place(6), place(4), place(6), place(4)])
})

describe('a ticket', () => {
  test('is renewed in the last quarter of its life, then now and then until there is a newer one', () => {
    const bench = new Bench()
    bench.open()
    bench.run(18 * HOUR_MS - 1)
    expect(bench.sought).toBe(0)
    bench.run(3 * HOUR_MS + 1)
    expect(bench.sought).toBeGreaterThanOrEqual(1)
    const before = bench.sought
    bench.run(10 * HOUR_MS)
    expect(bench.sought - before).toBe((10 * HOUR_MS) / RENEW_AGAIN_MS)
    bench.open()
    const renewed = bench.sought
    bench.run(17 * HOUR_MS)
    expect(bench.sought).toBe(renewed)
  })

  test('of whom nobody talks with is left alone', () => {
    const bench = new Bench()
    bench.open()
    bench.run(48 * HOUR_MS, false)
    expect(bench.sought).toBe(0)
  })

  test.each([-1, 0, 2 ** 47])('that ends at a strange time does no harm (%i)', lifeMs => {
    const bench = new Bench()
    bench.lifeMs = lifeMs
    bench.open()
    bench.run(HOUR_MS)
    expect(bench.sought).toBeLessThanOrEqual(HOUR_MS / RENEW_AGAIN_MS)
  })

  test('is not renewed of who is forgotten', () => {
    const bench = new Bench()
    bench.open()
    bench.ways.close(bench.entry)
    expect([states(bench), bench.clock.nextAtMs()]).toEqual([['closed'], undefined])
  })
})
