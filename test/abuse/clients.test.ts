/**
 * A member of the town with a program of her own making turns on the coordinator and the relay: she claims to be at a
 * victim's address, has others directed there, registers without end, and brings a good ticket from a bad place.
 */
import { describe, expect, test } from 'vitest'
import { idToBytes } from '../../src/events/ids.ts'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import { PORTS } from '../../src/plugins/transport-ntm/net/ports.ts'
import { candidateSealer } from '../../src/plugins/transport-ntm/signalling/candidates.ts'
import type { Message } from '../../src/plugins/transport-ntm/signalling/messages.ts'
import { datagramsOf } from '../../src/plugins/transport-ntm/signalling/outputs.ts'
import { encodeNameRecord, signNameRecord } from '../../src/wire/name-record.ts'
import { encodeRelayClaim, RELAY_FRAMES } from '../../src/wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayMac } from '../../src/wire/relay-proof.ts'
import { numbered } from '../sim/support/numbered.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { debts } from './support/eve.ts'
import { type Mallory, mallory } from './support/mallory.ts'
import { AT, type Attacked, attackedTown, ended, heedFailures, SERVER_PORT } from './support/town.ts'

const VICTIM: UdpEndpoint = { address: '192.0.2.100', port: 7_777 }
const isVictim = (address: string): boolean => address === VICTIM.address
const isData = (bytes: Uint8Array): boolean => bytes[0] === 4

/** Says something to the coordinator that her node would not say. */
function tellCoordinator({ dc }: Attacked, { node }: Mallory, message: Message): void {
  const to = node.carrier.neighbour(dc.keys.keys.tunnelKey)!
  for (const datagram of datagramsOf(message))
    node.carrier.send(PORTS.signalling, to, PORTS.signalling, datagram)
}

let transactions = 0
const transaction = (): string => (++transactions).toString(16).padStart(16, '0')

/** A record of hers, as good as any, under one more name. */
function recordOf({ world }: Attacked, { home }: Mallory, count: number): Uint8Array {
  const { keys } = home.keys
  const now = world.clock.now()
  const body = encodeNameRecord({
    ...{ name: `mallory-${count}.example`, person: home.personId!, serial: 1, mailboxes: [] },
    ...{ proof: home.person!.proof, devices: [{ device: keys.device, tunnelKey: keys.tunnelKey }] },
    ...{ issued: now, expires: now + 1_000_000_000 },
  })
  return signNameRecord(body, keys.device, (label, message) => keys.sign(label, message))
}

const statsOf = async ({ world, dc }: Attacked) =>
  (await world.until(dc.call('dc.stats', {}))) as Record<string, number>

describe('at the coordinator', () => {
  test('who forges the source of a word is not told to be there', async () => {
    const town = await attackedTown(1)
    const { world, eve, bob } = town
    const peer = await mallory(town)
    peer.forge = to => [to.address === AT.dc ? VICTIM : undefined]
    eve.forget()
    for (let round = 0; round < 5; round += 1) {
      tellCoordinator(town, peer, { type: 'keep-alive', transaction: transaction(), keepAliveMs: 25_000 })
      await world.run(500)
    }
    peer.forge = () => [undefined]
    expect(debts(eve)).toEqual([])
    const { bytes } = eve.came(isVictim)
    // Bob is told where she is.
    await say(world, bob.home, peer.home, 'hello')
    await world.run(3_000)
    expect(eve.came(isVictim).bytes).toBe(bytes)
    await ended(town)
  })

  test('who forges the source of the first word gets three times that at most', async () => {
    const town = await attackedTown(2)
    const { world, eve, bob } = town
    const peer = await mallory(town)
    const { carrier, domains } = peer.node
    // A new session, as after a long sleep.
    world.crash(town.dc)
    peer.forge = (to, bytes) => [to.address === AT.dc && isData(bytes) ? VICTIM : undefined]
    await world.restart(town.dc)
    heedFailures(town, town.dc)
    domains.coordinators.moved()
    eve.forget()
    for (let round = 0; round < 20; round += 1) {
      tellCoordinator(town, peer, { type: 'keep-alive', transaction: transaction(), keepAliveMs: 25_000 })
      bob.node.domains.coordinators
        .direct(peer.home.spec.name, peer.home.keys.keys.tunnelKey)
        .catch(() => undefined)
      await world.run(500)
    }
    expect(carrier.tunnel.counters.handshakesCompleted).toBeGreaterThan(0)
    const account = eve.accounts.get(`${AT.dc} ${VICTIM.address}`)
    expect(account?.inBytes).toBeGreaterThan(0)
    expect(account?.beyondThreeBytes).toBe(0)
    await ended(town)
  })

  test('who asks for directions in a loop, with a victim for her places, brings a trickle upon it', async () => {
    const town = await attackedTown(3)
    const { world, eve, bob } = town
    const peer = await mallory(town)
    await say(world, bob.home, peer.home, 'hello')
    world.network.cut(peer.home.host, bob.home.host, 'both')
    const sealer = candidateSealer(peer.home.keys.keys, world.random)
    const device = bob.home.keys.keys.tunnelKey
    eve.forget()
    const fromMs = world.clock.monotonicMs()
    for (let asked = 0; asked < 200; asked += 1) {
      const candidates = Array.from({ length: 16 }, (_, at) => ({
        kind: 'host' as const,
        endpoint: { ...VICTIM, port: 1_024 + 16 * asked + at },
      }))
      tellCoordinator(town, peer, {
        ...{ type: 'direction-request', transaction: transaction(), name: bob.home.spec.name, device },
        ...{ candidates: sealer.seal(device, candidates), relayOnly: false },
      })
      await world.run(50)
    }
    await world.run(5_000)
    const seconds = (world.clock.monotonicMs() - fromMs) / 1_000
    expect(eve.came(isVictim).packets).toBeGreaterThan(0)
    expect(eve.came(isVictim).packets).toBeLessThanOrEqual(96 + 12 * seconds)
    await ended(town)
  })

  test('a thousand directions to somebody away are too many for one', async () => {
    const town = await attackedTown(4)
    const { world, bob } = town
    const peer = await mallory(town)
    world.crash(bob.home)
    let pending = 0
    for (let asked = 0; asked < 1_000; asked += 1) {
      tellCoordinator(town, peer, {
        ...{ type: 'direction-request', transaction: transaction(), name: bob.home.spec.name },
        ...{ device: undefined, candidates: undefined, relayOnly: false },
      })
      await world.run(2)
      if (asked % 50 === 0) pending = Math.max(pending, (await statsOf(town)).directionsPending!)
    }
    expect(pending).toBe(32)
    await world.run(10_000)
    expect((await statsOf(town)).directionsPending).toBe(0)
    await ended(town)
  })

  test('a thousand names for one key are as many as its budget holds', async () => {
    const town = await attackedTown(7)
    const { world } = town
    const peer = await mallory(town)
    const before = (await statsOf(town)).names!
    const fromMs = world.clock.monotonicMs()
    for (let asked = 0; asked < 1_000; asked += 1) {
      tellCoordinator(town, peer, {
        ...{ type: 'registration-request', transaction: transaction(), record: recordOf(town, peer, asked) },
        ...{ isGuest: false, token: undefined, keepAliveMs: 25_000, capabilities: 0 },
      })
      await world.run(5)
    }
    const seconds = (world.clock.monotonicMs() - fromMs) / 1_000
    const { names, registered } = await statsOf(town)
    expect(names! - before).toBeGreaterThan(0)
    // Signatures checked for one key: four at once, one a second.
    expect(names! - before).toBeLessThanOrEqual(4 + seconds)
    expect(registered).toBeLessThanOrEqual(3)
    await ended(town)
  })

  test('who names a victim as a relay has the coordinator look there a few times a minute, and nobody else', async () => {
    const town = await attackedTown(8)
    const { world, eve, dc } = town
    const peer = await mallory(town)
    const endpoints = [1, 2, 3, 4].map(port => ({ ...VICTIM, port }))
    eve.forget()
    for (let minute = 0; minute < 10; minute += 1) {
      tellCoordinator(town, peer, {
        ...{ type: 'relay-registration', transaction: transaction(), endpoints },
        ...{ token: undefined, keepAliveMs: 60_000 },
      })
      await world.run(60_000)
    }
    const key = peer.home.keys.keys.tunnelKey
    const { relays } = (await world.until(dc.call('dc.relay.ls', {}))) as { relays: object[] }
    expect(relays).toContainEqual(expect.objectContaining({ relay: key, state: 'unproved' }))
    const asking = eve.accounts.get(`${AT.dc} ${VICTIM.address}`)
    expect(asking?.outPackets).toBeGreaterThan(0)
    expect(asking?.outPackets).toBeLessThanOrEqual(2 + 4 * 10)
    for (const at of [AT.alice, AT.bob])
      expect(eve.accounts.get(`${at} ${VICTIM.address}`)?.outPackets ?? 0).toBe(0)
    await ended(town)
  })
})

describe('at the relay', () => {
  /** Her own claim, good in all but where it comes from. */
  function claims({ rs }: Attacked, { home }: Mallory) {
    const secret = home.keys.keys.agree(RELAY_SECRET_LABEL, idToBytes(rs.keys.keys.tunnelKey))
    let counter = Date.UTC(2030, 0, 1)
    return (token: Uint8Array): Uint8Array => {
      counter += 1
      const claim = {
        kind: 'rebind' as const,
        token,
        counter,
        cookie: new Uint8Array(16),
        ticket: new Uint8Array(),
      }
      return encodeRelayClaim(claim, signed => relayMac(secret, signed))
    }
  }

  test('a holder that claims to be at a victim has three times its claims sent there at most', async () => {
    const town = await attackedTown(5)
    const { world, eve, alice } = town
    const tokens: Uint8Array[] = []
    const notHers: string[] = Object.values(AT)
    world.taps.add((_, { from, to, bytes }) => {
      if (!notHers.includes(from.address) && to.address === AT.rs && bytes[0] === RELAY_FRAMES.bind)
        tokens.push(bytes.slice(4, 12))
    })
    const peer = await mallory(town)
    world.network.cut(peer.home.host, alice.home.host, 'both')
    for (let at = 0; at < 5; at += 1) {
      await say(world, alice.home, peer.home, 'over the relay')
      await world.run(1_000)
    }
    expect(transportOf(alice.home).links().at(-1)).toMatchObject({ path: 'relay' })
    const rebind = claims(town, peer)
    const flow = numbered(world, alice.home, peer.home, 5)
    eve.forget()
    for (let round = 0; round < 200; round += 1) {
      for (const token of tokens) eve.send(rebind(token), { address: AT.rs, port: SERVER_PORT }, VICTIM)
      await world.run(25)
    }
    flow.stop()
    const account = eve.accounts.get(`${AT.rs} ${VICTIM.address}`)
    expect(account?.outPackets).toBeGreaterThan(0)
    expect(account?.beyondThreeBytes).toBe(0)
    await world.run(3_000)
    const { bytes } = eve.came(isVictim)
    await say(world, alice.home, peer.home, 'and back')
    expect(eve.came(isVictim).bytes).toBe(bytes)
    await ended(town)
  })
})
