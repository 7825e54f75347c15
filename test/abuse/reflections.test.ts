/**
 * Whoever is authentic can still lie about where: packets may bear the source of a victim. Alice must not send a stream
 * there. Until the victim has answered a challenge, at no moment has it got more than three times what seemed to come
 * from it.
 */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { numbered } from '../sim/support/numbered.ts'
import { say } from '../support/ntm-world.ts'
import { type Forge, mallory } from './support/mallory.ts'
import { isHandshake } from './support/replayer.ts'
import { AT, type Attacked, attackedTown, ended, heedFailures } from './support/town.ts'

const VICTIM: UdpEndpoint = { address: '192.0.2.100', port: 7_777 }
const STREAM_MS = 8_000
const EVERY_MS = 5

/** Alice sends all she can to somebody for a while. */
async function streamed({ world, alice, eve }: Attacked, to: SimHome): Promise<void> {
  const flow = numbered(world, alice.home, to, EVERY_MS)
  await world.run(STREAM_MS)
  flow.stop()
  const account = eve.accounts.get(`${AT.alice} ${VICTIM.address}`)
  expect(account?.inBytes).toBeGreaterThan(0)
  expect(account?.beyondThreeBytes).toBe(0)
}

const DATA: Forge = () => [VICTIM]
const ALICES = AT.alice

/** What she forges, and from where. */
const FORGERIES: readonly (readonly [string, Forge])[] = [
  ['data alone', (to, bytes) => [to.address === ALICES && !isHandshake(bytes) ? VICTIM : undefined]],
  [
    'handshakes, and them from her own place, too',
    (to, bytes) => (to.address === ALICES && isHandshake(bytes) ? [VICTIM, undefined] : [undefined]),
  ],
  ['the victim first in everything', to => (to.address === ALICES ? [VICTIM, undefined] : [undefined])],
  [
    'the victim alone in handshakes',
    (to, bytes) => [to.address === ALICES && isHandshake(bytes) ? VICTIM : undefined],
  ],
  [
    'the victim alone in everything',
    to => (to.address === ALICES ? DATA(to, new Uint8Array()) : [undefined]),
  ],
]

describe.each(FORGERIES)('a contact that forges its source: %s', (_, forge) => {
  test('while a session is in use', async () => {
    const town = await attackedTown(1)
    const { world } = town
    const peer = await mallory(town)
    peer.forge = forge
    const flow = numbered(world, peer.home, town.alice.home, 50)
    peer.node.carrier.renew(peer.node.carrier.neighbour(town.alice.home.keys.keys.tunnelKey)!)
    await streamed(town, peer.home)
    flow.stop()
    await ended(town)
  })

  test('when a session is opened', async () => {
    const town = await attackedTown(2)
    const { world, alice, dc } = town
    const peer = await mallory(town)
    // Without the coordinator's help only the two know where they are, and Alice calls all whom she met.
    world.crash(dc)
    world.crash(alice.home)
    peer.forge = forge
    await world.restart(alice.home)
    heedFailures(town, alice.home)
    const flow = numbered(world, peer.home, alice.home, 50)
    await streamed(town, peer.home)
    flow.stop()
    await ended(town)
  })
})

describe('an observer without any key, who sends on what Bob says with another source', () => {
  test.each([
    ['before it comes from Bob', false],
    ['and nothing comes from Bob', true],
  ])('%s', async (_, isAlone) => {
    const town = await attackedTown(3)
    const { world, alice, bob, eve, dc } = town
    await say(world, alice.home, bob.home, 'hello')
    await say(world, bob.home, alice.home, 'hello Alice')
    await world.run(2_000)
    world.crash(dc)
    world.crash(alice.home)
    const fill = isAlone ? world.network.cut(bob.home.host, alice.home.host) : () => undefined
    const tap = (
      fate: string,
      { from, to, bytes }: { from: UdpEndpoint; to: UdpEndpoint; bytes: Uint8Array },
    ): void => {
      const isBobs = from.address === AT.bob && to.address === AT.alice
      if (isBobs && fate !== 'nobody') eve.send(bytes, to, VICTIM)
    }
    world.taps.add(tap)
    await world.restart(alice.home)
    heedFailures(town, alice.home)
    await streamed(town, bob.home)
    world.taps.delete(tap)
    fill()
    await world.run(10_000)
    expect(await say(world, alice.home, bob.home, 'and now?')).toMatchObject({ state: 'delivered' })
    await ended(town)
  })
})
