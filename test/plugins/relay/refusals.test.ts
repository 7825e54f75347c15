/** What a holder does when a relay says no: it is not asked again at once, sends nothing, and counts the relay out. */
import { describe, expect, test } from 'vitest'
import { type Faults, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { REFUSED_AGAIN_MS, REFUSED_FOR_MS } from '../../../src/plugins/relay/limits.ts'
import { SLOT_SPARE_MS } from '../../../src/plugins/relay/server/limits.ts'
import { decodeRelayFrame, encodeRelayRefusal, RELAY_FRAMES } from '../../../src/wire/relay-frame.ts'
import { couple, HOUR_MS, keysOf, say } from './relay-world.ts'

const FAR: Faults = { ...QUIET, latencyMs: [25, 25] }
const RTT_MS = 50
const { bind, data } = RELAY_FRAMES

/** A relay that two others have taken whole. */
const fullHouse = async () => {
  const { world, alice, bob } = await couple({ faults: FAR, slotsMax: 2 })
  const [carol, dave] = [world.holder(3, '198.51.100.3'), world.holder(4, '198.51.100.4')]
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  const others = { pair: 'ffffffffffffffff' }
  const [his, hers] = [carol.open(0, others), dave.open(1, others)]
  world.run(1_000)
  const keep = (ms: number): void => {
    for (const untilMs = world.clock.monotonicMs() + ms; world.clock.monotonicMs() < untilMs; ) {
      say(his, 'here')
      say(hers, 'here')
      world.run(10_000)
    }
  }
  return { world, alice, bob, keep }
}

describe('a relay that is full', () => {
  test('says so within two round trips, and that it is not reached counts for minutes', async () => {
    const { world, alice, keep } = await fullHouse()
    alice.follow()
    world.run(1_000)
    expect(alice.client.measurements()[0]).toMatchObject({ rttMs: RTT_MS, isRefusing: false })
    const channel = alice.open(0)
    world.run(2 * RTT_MS)
    expect([channel.state, channel.refusal]).toEqual(['refused', 'full'])
    expect(alice.client.measurements()[0]).toMatchObject({ rttMs: undefined, isRefusing: true })
    expect(alice.client.measurements()[0]!.observed).toBeDefined()
    channel.close()
    keep(REFUSED_FOR_MS - 20_000)
    expect(alice.client.measurements()[0]!.rttMs).toBeUndefined()
    keep(20_000)
    expect(alice.client.measurements()[0]).toMatchObject({ rttMs: RTT_MS, isRefusing: false })
  })

  test('is asked once a minute while it is wanted, and is sent nothing else', async () => {
    const { world, alice, keep } = await fullHouse()
    const channel = alice.open(0)
    world.run(1_000)
    const before = alice.sent.length
    const fromMs = world.clock.monotonicMs()
    for (let n = 0; n < 30; n += 1) {
      say(channel, 'a text that is long enough to be doubted')
      channel.refresh()
      alice.client.lookAgain()
      keep(10_000)
    }
    const types = alice.types(fromMs)
    expect(types.filter(type => type === data)).toEqual([])
    expect(types.filter(type => type === bind).length).toBeLessThanOrEqual(
      (30 * 10_000) / REFUSED_AGAIN_MS + 1,
    )
    expect(alice.sent.length).toBeGreaterThan(before)
    expect(alice.states).toEqual(['refused'])
  })

  test('is used as soon as it has room, and counts again', async () => {
    const { world, alice, bob } = await fullHouse()
    alice.follow()
    const channel = alice.open(0)
    world.run(1_000)
    for (let ms = 0; ms < SLOT_SPARE_MS + 6 * 60_000; ms += 30_000) {
      say(channel, 'still wanted')
      world.run(30_000)
    }
    expect(alice.states).toEqual(['refused', 'bound'])
    bob.open(1)
    world.run(1_000)
    say(channel, 'now')
    world.run(1_000)
    expect(bob.heard).toEqual(['now'])
    expect([channel.refusal, alice.client.measurements()[0]!.isRefusing]).toEqual([undefined, false])
  })
})

describe('a ticket that is over', () => {
  test('is refused at a relay that has forgotten it, which is not counted out for that', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow()
    const channel = alice.open(0)
    for (let ms = 0; ms < 2 * HOUR_MS; ms += 60_000) {
      say(channel, 'on and on')
      world.run(60_000)
    }
    expect(channel.state).toBe('bound')
    world.restart()
    say(channel, 'on')
    say(channel, 'and on, longer than what is doubted')
    world.run(1_000)
    expect([channel.state, channel.refusal]).toEqual(['refused', 'expired'])
    expect(alice.client.measurements()[0]).toMatchObject({ rttMs: RTT_MS, isRefusing: false })
  })
})

describe('a no that anybody on the way may have said', () => {
  const refusalOf = (frame: Uint8Array, macOf = () => new Uint8Array(16)) => {
    const claim = decodeRelayFrame(frame)
    if (!claim.ok || !('counter' in claim.value)) throw new Error('no claim')
    return encodeRelayRefusal(claim.value, 'foreign', macOf)
  }

  test('is heard by who was never bound, and taken back by a yes', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const channel = alice.open(0)
    alice.client.receive(refusalOf(alice.sent.at(-1)!.bytes), world.at)
    expect(channel.state).toBe('refused')
    alice.client.moved()
    world.run(1_000)
    expect(alice.states).toEqual(['refused', 'bound'])
  })

  test('is not heard by who was, nor is one of a claim that was not made', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const channel = alice.open(0)
    world.run(1_000)
    channel.refresh()
    alice.client.receive(refusalOf(alice.sent.at(-1)!.bytes), world.at)
    alice.client.receive(
      refusalOf(alice.sent.at(-1)!.bytes, () => new Uint8Array(16).fill(7)),
      world.at,
    )
    const other = alice.open(0, { pair: 'eeeeeeeeeeeeeeee' })
    const forged = new Uint8Array(refusalOf(alice.sent.at(-1)!.bytes))
    forged[19]! ^= 1
    alice.client.receive(forged, world.at)
    expect([channel.state, other.state]).toEqual(['bound', 'binding'])
  })

  test('comes from a relay that the ticket is not for', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const channel = alice.open(0, { relay: keysOf(6).tunnelKey })
    world.run(3 * RTT_MS)
    expect([channel.state, channel.refusal]).toEqual(['refused', 'foreign'])
  })
})

describe('a relay that ends', () => {
  test('is left at once, and used again as soon as it is back', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    alice.follow()
    const channel = alice.open(0)
    bob.open(1)
    world.run(1_000)
    world.server.leave()
    world.restart()
    world.silence()
    world.run(RTT_MS)
    expect([channel.state, channel.refusal]).toEqual(['lost', 'leaving'])
    expect(alice.client.measurements()[0]).toMatchObject({ isRefusing: true })
    await world.wake()
    world.run(1_000)
    expect(alice.client.measurements()[0]).toMatchObject({ isRefusing: false })
    say(channel, 'there you are')
    world.run(1_000)
    expect([alice.states, bob.heard]).toEqual([['bound', 'lost', 'bound'], ['there you are']])
  })

  test('wakes nobody who is not talking', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const channel = alice.open(0)
    world.run(HOUR_MS)
    world.server.leave()
    const fromMs = world.clock.monotonicMs()
    world.run(HOUR_MS)
    expect([channel.state, alice.types(fromMs)]).toEqual(['lost', []])
  })

  test('is believed for the last claim only', async () => {
    const { world, alice } = await couple({ faults: FAR })
    const channel = alice.open(0)
    world.run(1_000)
    world.server.leave()
    const leaving = world.sent.at(-1)!.bytes
    channel.refresh()
    world.run(1_000)
    const before = alice.states.length
    alice.client.receive(leaving, world.at)
    expect([alice.states.length - before, channel.state]).toEqual([0, 'bound'])
  })
})
