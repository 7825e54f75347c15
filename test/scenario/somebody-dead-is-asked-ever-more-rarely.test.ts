/**
 * A peer whose power is gone says nothing, and nothing tells its friends. They ask it, and the coordinator for a way to
 * it, closely at first and then ever more rarely, whatever they go on sending; when it is back, they are together at once.
 */
import { describe, expect, test } from 'vitest'
import { numbered } from '../sim/support/numbered.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, statsOf, transportOf } from '../support/ntm-world.ts'

/** What a challenge has as a datagram, by itself and in a relay's frame. */
const CHALLENGE_BYTES = [96, 108]
const MINUTE_MS = 60_000
const SETTLED_MS = 12_000
const EVERY_MS = 20
const LINES = ['home', 'symmetric'] as const

type Hood = Awaited<ReturnType<typeof friends>>

const friends = async (nat: (typeof LINES)[number]) => {
  const hood = await neighbourhood({ seed: 1, alice: { nat }, bob: { nat }, relayLatenciesMs: [5, 15] })
  await say(hood.world, hood.alice.home, hood.bob.home, 'hello')
  await hood.world.run(SETTLED_MS)
  return hood
}

/** Alice's challenges from now on, by where they go. */
const watched = ({ world, alice }: Hood) => {
  const { network } = world
  const carry = network.carry.bind(network)
  const counts = new Map<string, number>()
  network.carry = departure => {
    const { to, bytes } = departure.packet
    if (departure.host === alice.home.host && CHALLENGE_BYTES.includes(bytes.length))
      counts.set(`${to.address}:${to.port}`, (counts.get(`${to.address}:${to.port}`) ?? 0) + 1)
    carry(departure)
  }
  return counts
}

/** Alice goes on sending into what used to be a link, as a program does that does not listen. */
const babble = ({ world, alice, bob }: Hood): void => {
  transportOf(alice.home).datagram.send(bob.home.keys.keys.device, 62_000, Buffer.alloc(200))
  world.clock.after(EVERY_MS, () => babble({ world, alice, bob } as Hood))
}

const write = ({ alice, bob }: Hood): void => {
  alice.home
    .call('send', { to: bob.home.spec.name, text: 'are you there?', wait: 'sent', timeoutMs: 0 })
    .catch(() => undefined)
}

describe.each(LINES)('behind a NAT that is %s, of somebody whose power is gone', nat => {
  test.each([
    ['who has written', write],
    ['who sends all the time', babble],
  ])('%s', async (_, sends) => {
    const hood = await friends(nat)
    const { world, town, bob } = hood
    const asked = async () => (await statsOf(world, town)).received['direction-request'] ?? 0
    const before = await asked()
    const challenges = watched(hood)
    world.crash(bob.home)
    sends(hood)
    await world.run(1.5 * MINUTE_MS)
    for (const count of challenges.values()) expect(count).toBeLessThan(150)
    // Each is said three times, because nobody answers for three seconds.
    expect((await asked()) - before).toBeLessThan(36)
    await world.restart(bob.home)
    expect(await say(world, hood.alice.home, bob.home, 'and now?')).toMatchObject({ state: 'delivered' })
    await world.end()
  })
})

test.each(LINES)('a line that was dead for a minute is back at once, behind a NAT that is %s', async nat => {
  const hood = await friends(nat)
  const { world, alice, bob } = hood
  const flows = [
    numbered(world, alice.home, bob.home, EVERY_MS),
    numbered(world, bob.home, alice.home, EVERY_MS),
  ]
  await world.run(3_000)
  bob.line.block()
  await world.run(MINUTE_MS)
  bob.line.block(false)
  for (const flow of flows) flow.mark()
  await world.run(8_000)
  for (const flow of flows) expect(flow.gapMs).toBeLessThan(1_500)
  expect(transportOf(alice.home).links()[0]?.path).toBe(nat === 'home' ? 'direct' : 'relay')
  await world.end()
})
