/** What a channel does by itself: claims, keepalives, silence, back-off, and what it does not believe. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../src/events/ids.ts'
import { type Faults, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { DORMANT_AFTER_MS, KEEPALIVE_MS, RETRY_MAX_MS } from '../../../src/plugins/relay/limits.ts'
import {
  decodeRelayFrame,
  encodeRelayChallenge,
  encodeRelayClaim,
  RELAY_FRAMES,
} from '../../../src/wire/relay-frame.ts'
import { fuzzRuns } from '../../support/fuzz.ts'
import { mutated } from '../../support/mutations.ts'
import { couple, HOUR_MS, keysOf, RelayWorld, say } from './relay-world.ts'

const FAR: Faults = { ...QUIET, latencyMs: [25, 25] }
const { bind, rebind, data } = RELAY_FRAMES

describe('a channel', () => {
  test('is not opened for a grant that does not read, or is somebody else’s', async () => {
    const { world, alice, bob } = await couple()
    expect(alice.client.open(Uint8Array.of(1, 2, 3), alice.events)).toBeUndefined()
    expect(alice.client.open(world.grant(bob.keys, 0), alice.events)).toBeUndefined()
  })

  test('names its relay, its end, and itself as the way', async () => {
    const { world, alice } = await couple()
    const channel = alice.open(0)
    expect(channel.endpoint).toEqual({ ...world.at, via: channel })
    expect(channel.expires).toBe(world.clock.now() + HOUR_MS)
    expect([channel.state, channel.heardMs]).toEqual(['binding', undefined])
  })

  test('says where it is every 20 s while packets flow, and for five minutes after', async () => {
    const { world, alice, bob } = await couple()
    const channel = alice.open(0)
    bob.open(1)
    say(channel, 'one')
    world.run(KEEPALIVE_MS - 1_000)
    const before = alice.types().length
    world.run(HOUR_MS)
    const claims = alice.types().slice(before)
    expect(new Set(claims)).toEqual(new Set([rebind]))
    expect(claims.length).toBeGreaterThanOrEqual(DORMANT_AFTER_MS / KEEPALIVE_MS - 1)
    expect(claims.length).toBeLessThanOrEqual(DORMANT_AFTER_MS / KEEPALIVE_MS + 4)
    expect([channel.state, alice.states]).toEqual(['bound', ['bound']])
    expect(channel.heardMs).toBeLessThan(DORMANT_AFTER_MS + 2 * KEEPALIVE_MS)
  })

  test('says where it is before it sends after a silence, and loses nothing if the relay has forgotten it', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const channel = alice.open(0)
    bob.open(1)
    world.run(HOUR_MS)
    const nowMs = world.clock.monotonicMs()
    say(channel, 'awake')
    expect(alice.types(nowMs)).toEqual([rebind, data])
    world.run(2 * HOUR_MS)
    world.restart()
    const ticketMs = { expires: world.clock.now() + HOUR_MS }
    const again = alice.open(0, ticketMs)
    bob.open(1, ticketMs)
    world.run(HOUR_MS / 2)
    world.restart()
    say(again, 'after the restart')
    bob.client.moved()
    world.run(1_000)
    expect(bob.heard).toEqual(['awake', 'after the restart'])
  })

  test('goes on trying, ever more rarely, while somebody wants it', async () => {
    const { world, alice } = await couple()
    world.silence()
    const channel = alice.open(0)
    world.run(1_749)
    expect([alice.sent.map(({ atMs }) => atMs), channel.state]).toEqual([[0, 250, 750], 'binding'])
    world.run(1)
    expect(channel.state).toBe('lost')
    world.run(120_000)
    const times = alice.sent.map(({ atMs }) => atMs)
    const waits = times.slice(1).map((atMs, n) => Math.round(atMs - times[n]!))
    expect(waits.slice(0, 6)).toEqual([250, 500, 1_000, 1_300, 1_690, 2_197])
    expect(waits.slice(-3)).toEqual([RETRY_MAX_MS, RETRY_MAX_MS, RETRY_MAX_MS])
    say(channel, 'still wanted')
    await world.wake()
    world.run(RETRY_MAX_MS + 100)
    expect(alice.states).toEqual(['lost', 'bound'])
  })

  test('brings a claim with what is sent into it while it is lost, twice a second', async () => {
    const { world, alice } = await couple()
    world.silence()
    const channel = alice.open(0)
    world.run(60_000)
    const fromMs = world.clock.monotonicMs()
    for (let ms = 0; ms < 10_000; ms += 20) {
      say(channel, 'is there anybody?')
      world.run(20)
    }
    const claims = alice.types(fromMs).filter(type => type !== data).length
    expect([claims >= 18, claims <= 21]).toEqual([true, true])
    await world.wake()
    say(channel, 'and now?')
    expect(world.until(() => channel.state === 'bound')).toBeLessThan(600)
  })

  test('hears from the others that a relay is back', async () => {
    const { world, alice } = await couple()
    const [one, other] = [alice.open(0), alice.open(0, { pair: '0807060504030201' })]
    world.run(1_000)
    world.silence()
    for (const channel of [one, other]) channel.refresh()
    world.run(120_000)
    expect([one.state, other.state]).toEqual(['lost', 'lost'])
    await world.wake()
    one.refresh()
    world.run(100)
    expect([one.state, other.state]).toEqual(['bound', 'bound'])
  })

  test('keeps only the last few packets while it binds', async () => {
    const { world, alice, bob } = await couple()
    world.silence()
    const channel = alice.open(0)
    bob.open(1)
    for (let n = 0; n < 100; n += 1) say(channel, `${n}`)
    await world.wake()
    world.run(2_000)
    // The relay keeps four for a side that is not there, or passes on all of them.
    expect(bob.heard.length).toBeLessThanOrEqual(16)
    expect(bob.heard.every(text => Number(text) >= 84)).toBe(true)
    expect(bob.heard.length).toBeGreaterThanOrEqual(4)
  })

  test('loses no first packet to a cookie that the relay takes no more', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    alice.follow()
    bob.open(1)
    world.run(1_000)
    world.restart()
    bob.client.moved()
    const channel = alice.open(0)
    say(channel, 'first')
    world.run(1_000)
    expect(bob.heard).toEqual(['first'])
  })

  test('loses no first packet to the loss of the claim before it', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    alice.follow()
    bob.open(1)
    world.run(1_000)
    world.silence()
    const channel = alice.open(0)
    say(channel, 'first')
    world.run(100)
    await world.wake()
    world.run(1_000)
    expect([bob.heard, channel.state]).toEqual([['first'], 'bound'])
    expect(alice.types().filter(type => type === data)).toHaveLength(2)
  })

  test('takes apart a buffer of several packets', async () => {
    const { world, alice, bob } = await couple()
    const [channel, other] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    for (const text of ['one', 'two', 'three']) say(other, text)
    world.run(10)
    const frames = world.sent.map(({ bytes }) => bytes).filter(([type]) => type === data)
    alice.client.receive(Buffer.concat(frames), channel.endpoint)
    expect(alice.heard).toEqual(['one', 'two', 'three', 'one', 'two', 'three'])
  })

  test('is told by the relay that its address has changed, and says where it is', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const channel = alice.open(0)
    bob.open(1)
    world.run(1_000)
    await alice.goTo('198.51.100.200')
    say(channel, 'dropped, but answered')
    world.run(100)
    say(channel, 'heard')
    world.run(100)
    expect(bob.heard).toEqual(['heard'])
    expect(world.server.stats().moves).toBe(1)
  })

  test('sends nothing when it is closed, and hears nothing', async () => {
    const { world, alice, bob } = await couple()
    const [channel, other] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    channel.close()
    channel.close()
    const before = alice.sent.length
    say(channel, 'nothing')
    channel.refresh()
    alice.client.moved()
    say(other, 'to nobody')
    world.run(HOUR_MS)
    expect([alice.sent.length - before, alice.heard, alice.states]).toEqual([0, [], ['bound', 'closed']])
  })

  test('takes the place of the one with an older ticket without a pause', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const older = alice.open(0)
    const other = bob.open(1)
    world.run(1_000)
    const newer = alice.open(0, { expires: world.clock.now() + 2 * HOUR_MS })
    say(newer, 'under the new ticket')
    say(other, 'to the new one')
    world.run(25)
    world.run(25)
    expect([bob.heard, alice.heard]).toEqual([['under the new ticket'], ['to the new one']])
    expect([older.state, newer.state]).toEqual(['closed', 'bound'])
  })
})

describe('two address families', () => {
  test('are tried together, and the one that answers is used', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    world.silence(world.at6)
    const channel = alice.open(0, {}, [world.at6, world.at])
    bob.open(1)
    say(channel, 'first')
    world.run(100)
    expect([channel.endpoint, bob.heard]).toEqual([{ ...world.at, via: channel }, ['first']])
  })

  test('stand in for each other', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const channel = alice.open(0, {}, [world.at6, world.at])
    const other = bob.open(1)
    world.run(1_000)
    expect(channel.endpoint.address).toBe(world.at6.address)
    world.silence(world.at6)
    channel.refresh()
    world.run(5_000)
    expect([channel.state, channel.endpoint]).toEqual(['bound', { ...world.at, via: channel }])
    say(other, 'over the other family')
    world.run(1_000)
    expect(alice.heard).toEqual(['over the other family'])
    expect(alice.states).toEqual(['bound', 'lost', 'bound'])
  })

  test('are measured, and the nearer is used at once', async () => {
    const { world, alice } = await couple({ faults: FAR })
    alice.follow([world.at6, world.at])
    world.silence(world.at6)
    world.run(5_000)
    const nowMs = world.clock.monotonicMs()
    alice.open(0, {}, [world.at6, world.at])
    expect(alice.sent.filter(({ atMs }) => atMs === nowMs).map(({ to }) => to)).toEqual([world.at])
  })
})

test('a relay that is silent is told of again and again, with all of its places', async () => {
  const { world, alice } = await couple()
  world.silence()
  const silent: string[][] = []
  const onSilence = (places: readonly { address: string }[]) =>
    void silent.push(places.map(({ address }) => address))
  const grant = world.grant(alice.keys, 0, {}, [world.at6, world.at])
  const channel = alice.client.open(grant, { ...alice.events, onSilence })!
  world.run(1_750)
  expect(silent).toEqual([[world.at6.address, world.at.address]])
  say(channel, 'wanted')
  world.run(60_000)
  expect(silent.length).toBeGreaterThan(5)
  world.run(HOUR_MS)
  const before = silent.length
  world.run(HOUR_MS)
  expect(silent.length).toBe(before)
})

describe('what a channel does not believe', () => {
  test('an answer that is not the relay’s, or is an old one', async () => {
    const { world, alice } = await couple()
    const channel = alice.open(0)
    world.run(1_000)
    const bound = world.sent.map(({ bytes }) => bytes).filter(([type]) => type === RELAY_FRAMES.bound)
    world.silence()
    channel.refresh()
    world.run(2_000)
    expect(channel.state).toBe('lost')
    const forged = new Uint8Array(bound.at(-1)!)
    forged[30]! ^= 1
    const claim = decodeRelayFrame(alice.sent.at(-1)!.bytes)
    if (!claim.ok || claim.value.kind !== 'rebind') throw new Error('its last word is no claim')
    const guessed = encodeRelayClaim({ ...claim.value, kind: 'bound' }, () => new Uint8Array(16))
    for (const frame of [...bound, forged, guessed]) alice.client.receive(frame, world.at)
    expect(channel.state).toBe('lost')
  })

  test('challenges without its token or from nowhere, and not too many of the others', async () => {
    const { world, alice } = await couple()
    const channel = alice.open(0)
    world.run(1_000)
    const token = alice.sent[0]!.bytes.slice(4, 12)
    const nowMs = world.clock.monotonicMs()
    const challenge = (of: Uint8Array, byte: number, from = world.at) =>
      alice.client.receive(encodeRelayChallenge(of, new Uint8Array(16).fill(byte)), from)
    challenge(new Uint8Array(8), 1)
    challenge(token, 1, { address: '203.0.113.99', port: 1 })
    expect(alice.types(nowMs)).toEqual([])
    for (let byte = 0; byte < 250; byte += 1) challenge(token, byte)
    expect(alice.types(nowMs).length).toBeLessThanOrEqual(4)
    expect(alice.types(nowMs).every(type => type === bind)).toBe(true)
    world.run(5_000)
    expect([channel.state, alice.types(nowMs).length < 12]).toEqual(['bound', true])
  })

  test('anything that was changed on the way, without a throw', async () => {
    const world = new RelayWorld()
    const alice = world.holder(1, '198.51.100.1')
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
    alice.follow()
    alice.open(0)
    world.run(1_000)
    const samples = [...world.sent.map(({ bytes }) => bytes), alice.sent[1]!.bytes]
    fc.assert(
      fc.property(mutated([...samples, Buffer.concat(samples)]), bytes => {
        if (alice.client.claims(bytes)) alice.client.receive(bytes, world.at)
      }),
      { numRuns: fuzzRuns(10_000) },
    )
  })

  test('a relay that cannot hold the key of the ticket', async () => {
    const { world, alice } = await couple()
    const relay = keysOf(6).tunnelKey
    alice.open(0, { relay })
    alice.open(0, { relay: '0'.repeat(64) as TunnelKey })
    world.run(10_000)
    expect(alice.states).toEqual(['refused', 'refused'])
    expect(world.server.stats().slots).toBe(0)
  })
})
