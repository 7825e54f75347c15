/** How relays are measured: at once, from other sockets, after moves; and how little that costs who is idle. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../src/events/ids.ts'
import type { Outlet, RelayMeasurement } from '../../../src/kernel/api/index.ts'
import { type Faults, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { MEASURE_BUSY_MS, MEASURE_IDLE_MS } from '../../../src/plugins/relay/limits.ts'
import { RELAY_FRAMES } from '../../../src/wire/relay-frame.ts'
import { couple, HOUR_MS, relayKeys, say } from './relay-world.ts'

const FAR: Faults = { ...QUIET, latencyMs: [25, 25] }
const { tunnelKey } = relayKeys
const probes = (types: readonly number[]) => types.filter(type => type === RELAY_FRAMES.probe).length

describe('a relay that is followed', () => {
  test('is measured at once, at each of its endpoints', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const seen: RelayMeasurement[] = []
    alice.client.measured$.subscribe(measurement => seen.push(measurement))
    alice.follow([world.at, world.at6])
    const blank = { relay: tunnelKey, rttMs: undefined, observed: undefined, isRefusing: false }
    expect(alice.client.measurements()).toEqual(
      [world.at, world.at6].map(endpoint => ({ ...blank, endpoint })),
    )
    world.run(100)
    expect(alice.client.measurements()).toEqual([
      { ...blank, endpoint: world.at, rttMs: 50, observed: { address: '198.51.100.1', port: 50_000 } },
      { ...blank, endpoint: world.at6, rttMs: 50, observed: { address: '2001:db8:a::1', port: 50_000 } },
    ])
    expect(seen).toEqual(alice.client.measurements())
  })

  test('that is silent is asked four times and then much later', async () => {
    const { world, alice } = await couple()
    world.silence()
    const seen: RelayMeasurement[] = []
    alice.client.measured$.subscribe(measurement => seen.push(measurement))
    alice.follow()
    world.run(60_000)
    expect(alice.sent.map(({ atMs }) => atMs)).toEqual([0, 250, 750, 1_750])
    expect(seen.map(({ rttMs }) => rttMs)).toEqual([undefined])
    await world.wake()
    world.run(MEASURE_IDLE_MS)
    expect(alice.client.measurements()[0]!.rttMs).toBe(2)
  })

  test('counts by the least of its last few round trips', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow()
    alice.open(0)
    world.run(1_000)
    world.network.faults = { ...FAR, latencyMs: [100, 100] }
    world.run(2 * MEASURE_BUSY_MS)
    expect(alice.client.measurements()[0]!.rttMs).toBe(50)
    world.run(3 * MEASURE_BUSY_MS)
    expect(alice.client.measurements()[0]!.rttMs).toBe(200)
  })

  test('is measured anew when this node has moved', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow()
    world.run(1_000)
    await alice.goTo('198.51.100.77')
    alice.client.moved()
    expect(alice.client.measurements()[0]!.rttMs).toBeUndefined()
    world.run(100)
    expect(alice.client.measurements()[0]!.observed).toEqual({ address: '198.51.100.77', port: 50_000 })
  })

  test('counts as silent as soon as a channel has lost it, and is measured again as soon as one has it back', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow()
    const channel = alice.open(0)
    world.run(1_000)
    const seen: (number | undefined)[] = []
    alice.client.measured$.subscribe(({ rttMs }) => seen.push(rttMs))
    world.silence()
    channel.refresh()
    world.until(() => channel.state === 'lost')
    expect(seen).toEqual([undefined])
    await world.wake()
    channel.refresh()
    world.run(200)
    expect([channel.state, seen]).toEqual(['bound', [undefined, 50]])
  })

  test('keeps what was measured when a path to somebody is suspected, and is asked again at once', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow()
    world.run(1_000)
    const before = alice.client.measurements()
    expect(before[0]).toMatchObject({ rttMs: 50, observed: { address: '198.51.100.1' } })
    world.network.faults = { ...FAR, latencyMs: [100, 100] }
    const nowMs = world.clock.monotonicMs()
    alice.client.lookAgain()
    expect(alice.client.measurements()).toEqual(before)
    expect(probes(alice.types(nowMs))).toBe(1)
    world.run(1_000)
    expect(alice.client.measurements()).toEqual(before)
    await alice.goTo('198.51.100.77')
    alice.client.lookAgain()
    world.run(1_000)
    expect(alice.client.measurements()[0]).toMatchObject({
      rttMs: 50,
      observed: { address: '198.51.100.77' },
    })
  })

  test('is asked no more when it is not followed any more', async () => {
    const { world, alice } = await couple()
    world.silence()
    alice.follow()
    world.run(100)
    alice.client.follow([])
    world.run(HOUR_MS)
    expect(alice.sent).toHaveLength(1)
    expect(alice.client.measurements()).toEqual([])
  })

  test('is not asked again for being named again', async () => {
    const { world, alice } = await couple()
    alice.follow()
    world.run(100)
    alice.follow()
    expect(alice.sent).toHaveLength(1)
    expect(alice.client.measurements()[0]!.rttMs).toBe(2)
  })
})

describe('a node', () => {
  test('that is idle sends at most one packet in 25 s, channels included, and relays that are gone', async () => {
    const { world, alice, bob } = await couple()
    const gone = Array.from({ length: 3 }, (_, n) => ({
      relay: `${n}`.repeat(64) as TunnelKey,
      endpoints: [{ address: `192.0.2.${n + 50}`, port: 1 }],
    }))
    alice.client.follow([{ relay: tunnelKey, endpoints: [world.at, world.at6] }, ...gone])
    say(alice.open(0), 'hello')
    bob.open(1)
    alice.open(0, { pair: 'ffffffffffffffff', relay: '7'.repeat(64) as TunnelKey }, [
      { address: '192.0.2.77', port: 1 },
    ])
    world.run(10 * 60_000)
    const before = alice.sent.length
    world.run(10 * HOUR_MS)
    expect(alice.sent.length - before).toBeLessThan((10 * HOUR_MS) / 25_000)
  })

  test('that uses relays measures them often enough for a warm cookie', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    alice.follow()
    const inUse = alice.open(0)
    bob.open(1)
    for (let minute = 0; minute < 20; minute += 1) {
      say(inUse, 'still')
      world.run(60_000)
    }
    const challenges = world.server.stats().challenges
    alice.open(0, { pair: 'ffffffffffffffff' })
    world.run(1_000)
    expect(world.server.stats().challenges).toBe(challenges)
    expect(probes(alice.types())).toBeGreaterThanOrEqual((20 * 60_000) / MEASURE_BUSY_MS - 1)
  })
})

test('who opens a channel after a long time measures the relays at once', async () => {
  const { world, alice } = await couple()
  alice.follow()
  world.run(MEASURE_BUSY_MS + 1_000)
  const nowMs = world.clock.monotonicMs()
  alice.open(0)
  world.run(1)
  expect(probes(alice.types(nowMs))).toBe(1)
})

describe('observing from another socket', () => {
  test('tells what the relay sees there', async () => {
    const { world, alice } = await couple()
    const host = world.network.host('198.51.100.1')
    const other = await host.udp({ address: '198.51.100.1', port: 777 }, (bytes, from) =>
      alice.client.receive(bytes, from),
    )
    const observed = alice.client.observe(world.at, other, 1_000)
    world.run(1_000)
    expect(await observed).toEqual({ address: '198.51.100.1', port: 777 })
    expect(alice.sent).toEqual([])
  })

  test('ends after its time, and a late answer is nothing', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const copies: number[] = []
    const deaf: Outlet = { send: () => copies.push(world.clock.monotonicMs()) }
    const observed = alice.client.observe(world.at, deaf, 600)
    world.run(5_000)
    expect(await observed).toBeUndefined()
    expect(copies).toEqual([0, 250])
  })
})
