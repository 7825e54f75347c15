/**
 * A contact of Alice's wants her to send to somebody else: it announces a thousand places of a victim, all addresses of
 * the victim's network, the same victim by many contacts at once, and has her guess at ports there. What reaches the
 * victim is bounded per address, over all peers.
 */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import { say } from '../support/ntm-world.ts'
import { type Mallory, mallory } from './support/mallory.ts'
import { type Attacked, attackedTown, ended } from './support/town.ts'

const VICTIM = '192.0.2.100'
const LOOP_MS = 10_000
const EVERY_MS = 40
/** `ProbeBudget`: a burst, and so many a second. */
const PROBES_BURST = 96
const PROBES_PER_SECOND = 12
/** A challenge, or the first message of a handshake. */
const PROBE_MAX_BYTES = 148

const budgetPackets = (ms: number): number => PROBES_BURST + (PROBES_PER_SECOND * ms) / 1_000

/** Places that were not announced before, at the victim's or at others. */
function* places(addressAt: (at: number) => string): Generator<UdpEndpoint> {
  for (let at = 0; ; at += 1) yield { address: addressAt(at), port: 1_024 + (at % 60_000) }
}

const take = <T>(from: Generator<T>, count: number): readonly T[] =>
  Array.from({ length: count }, () => from.next().value as T)

/** They announce in a loop; what came to the victim while they did. */
async function announced(
  { world, eve }: Attacked,
  peers: readonly Mallory[],
  next: () => readonly UdpEndpoint[],
  isVictim: (address: string) => boolean,
) {
  const fromMs = world.clock.monotonicMs()
  eve.forget()
  while (world.clock.monotonicMs() - fromMs < LOOP_MS) {
    for (const peer of peers) peer.announce(next())
    await world.run(EVERY_MS)
  }
  const { packets, bytes } = eve.came(isVictim)
  const sinceMs = world.clock.monotonicMs() - fromMs
  return { packets, bytes, allowed: budgetPackets(sinceMs) }
}

const isBounded = ({ packets, bytes, allowed }: Awaited<ReturnType<typeof announced>>): void => {
  expect(packets).toBeGreaterThan(0)
  expect(packets).toBeLessThanOrEqual(allowed)
  expect(bytes).toBeLessThanOrEqual(allowed * PROBE_MAX_BYTES)
}

const isVictim = (address: string): boolean => address === VICTIM

/** Contacts announce anybody's addresses, so that what is counted of the victim's may be forgotten for them. */
async function amongOthers(count: number): Promise<void> {
  const town = await attackedTown(5)
  const { world } = town
  const peers: Mallory[] = []
  for (let at = 0; at < count; at += 1)
    peers.push(await mallory(town, { name: `mallory${at}`, address: `198.51.100.${70 + at}` }))
  const others = places(at => `11.${(at >> 16) & 0xff}.${(at >> 8) & 0xff}.${at & 0xff}`)
  const ports = places(() => VICTIM)
  const next = (): readonly UdpEndpoint[] =>
    world.clock.monotonicMs() % 2_000 < 300 ? take(ports, 16) : take(others, 16)
  isBounded(await announced(town, peers, next, isVictim))
  await ended(town)
}

describe('a victim is sent no more than its address is allowed', () => {
  test.each([1, 2])('when a contact announces thousands of its ports (seed %i)', async seed => {
    const town = await attackedTown(seed)
    const peer = await mallory(town)
    const ports = places(() => VICTIM)
    isBounded(await announced(town, [peer], () => take(ports, 16), isVictim))
    await say(town.world, town.alice.home, peer.home, 'stop that')
    await ended(town)
  })

  test('when five contacts announce it at once', async () => {
    const town = await attackedTown(3)
    const peers: Mallory[] = []
    for (let at = 0; at < 5; at += 1)
      peers.push(await mallory(town, { name: `mallory${at}`, address: `198.51.100.${70 + at}` }))
    const ports = places(() => VICTIM)
    isBounded(await announced(town, peers, () => take(ports, 16), isVictim))
    await ended(town)
  })

  test('when a contact announces all addresses of its network', async () => {
    const town = await attackedTown(4, '2001:db8:1::1')
    const peer = await mallory(town)
    const hosts = places(at => `2001:db8:bad:0:1::${(at + 1).toString(16)}`)
    isBounded(
      await announced(
        town,
        [peer],
        () => take(hosts, 16),
        address => address.startsWith('2001:db8:bad:'),
      ),
    )
    await ended(town)
  })

  test('when five contacts announce thousands of others between', () => amongOthers(5))

  test('when twenty do', () => amongOthers(20))

  test('when a contact that announced it is gone, and is written to', async () => {
    const town = await attackedTown(6)
    const { world, eve, alice } = town
    const peer = await mallory(town)
    const ports = places(() => VICTIM)
    for (let round = 0; round < 5; round += 1) {
      peer.announce(take(ports, 16))
      await world.run(500)
    }
    world.crash(peer.home)
    eve.forget()
    const fromMs = world.clock.monotonicMs()
    for (let round = 0; round < 6; round += 1) {
      await alice.home
        .call('send', { to: 'mallory.example', text: 'where are you?', wait: 'sent', timeoutMs: 0 })
        .catch(() => undefined)
      await world.run(20_000)
    }
    const { packets } = eve.came(isVictim)
    expect(packets).toBeLessThanOrEqual(budgetPackets(world.clock.monotonicMs() - fromMs))
    await ended(town)
  })
})
