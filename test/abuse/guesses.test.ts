/**
 * Contacts that are met over a relay ask for guesses at their ports, as people behind hard NATs would, in a loop, and a
 * coordinator that is with them says that they are at a victim's address. What reaches the victim is bounded: so many
 * guesses an attempt, so many attempts.
 */
import { expect, test } from 'vitest'
import { People, type UdpEndpoint } from '../../src/kernel/api/index.ts'
import {
  ATTEMPT_EVERY_MS,
  ATTEMPTS_AT_ONCE,
  GUESSES_MAX,
  PROBES_BURST,
  PROBES_PER_SECOND,
} from '../../src/plugins/transport-ntm/path/limits.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { type Mallory, mallory } from './support/mallory.ts'
import { type Attacked, attackedTown, ended } from './support/town.ts'

const VICTIM: UdpEndpoint = { address: '192.0.2.100', port: 7_777 }
const LOOP_MS = 60_000
const EVERY_MS = 100

/** What a coordinator says that is with her. */
function attest({ alice }: Attacked, { home }: Mallory): void {
  const card = alice.home.device.house.get(People).card(home.keys.keys.device)!
  alice.node.transport.open(card, { attested: VICTIM })
}

async function overRelay(town: Attacked, name: string, address: string): Promise<Mallory> {
  const { world, alice } = town
  const peer = await mallory(town, { name, address })
  world.network.cut(peer.home.host, alice.home.host, 'both')
  for (let at = 0; at < 5; at += 1) {
    await say(world, alice.home, peer.home, 'over the relay')
    await world.run(1_000)
  }
  const device = peer.home.keys.keys.device
  expect(
    transportOf(alice.home)
      .links()
      .find(link => link.device === device),
  ).toMatchObject({ path: 'relay' })
  return peer
}

/** They get no more guesses sent to a victim than the attempts of one hold. */
async function guessed(count: number): Promise<void> {
  const town = await attackedTown(count)
  const { world, eve } = town
  const peers: Mallory[] = []
  for (let at = 0; at < count; at += 1)
    peers.push(await overRelay(town, `mallory${at}`, `198.51.100.${70 + at}`))
  eve.forget()
  for (let waitedMs = 0; waitedMs < LOOP_MS; waitedMs += EVERY_MS) {
    if (waitedMs % 1_000 === 0) for (const peer of peers) attest(town, peer)
    for (const peer of peers)
      peer.word({ kind: 'punch', token: world.random.bytes(8), first: 1_024, step: 1, count: 60_000 })
    await world.run(EVERY_MS)
  }
  const { packets } = eve.came(address => address === VICTIM.address)
  expect(packets).toBeGreaterThan(0)
  const probes = PROBES_BURST + (PROBES_PER_SECOND * LOOP_MS) / 1_000
  const attempts = ATTEMPTS_AT_ONCE + LOOP_MS / ATTEMPT_EVERY_MS
  expect(packets).toBeLessThanOrEqual(probes + attempts * GUESSES_MAX)
  await ended(town)
}

test('a contact gets no more guesses sent to a victim than its attempts hold', () => guessed(1))

test('nor do several', () => guessed(4))
