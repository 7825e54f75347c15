/**
 * Bob's name is released and somebody else takes it, and nobody tells Alice: she adds nobody, and the new holder
 * writes to nobody. Her node finds out by itself when Bob is not to be found, and looks rarely when he is only away.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addPerson, registered, say, statsOf, textsOf, townOf } from '../support/ntm-world.ts'

/** `restarts`: Alice's node has no tunnel to Bob left. */
async function acquainted(seed: number, restarts = true) {
  const world = new World({ seed })
  const town = await townOf(world, 'alice', 'bob')
  const { alice, bob } = town.people
  await say(world, alice, bob, 'hello bob')
  await world.until(bob.stop())
  if (restarts) {
    await world.until(alice.stop())
    await world.restart(alice)
    await registered(world, alice)
  }
  const handOver = async (): Promise<SimHome> => {
    await world.until(town.dc.call('dc.name.release', { name: 'bob.example' }))
    const heir = await addPerson(world, 'bob.example', '10.0.0.66', town.join)
    await registered(world, heir)
    return heir
  }
  const write = (text: string, timeoutMs: number) =>
    alice.call('send', { to: 'bob.example', text, wait: 'delivered', timeoutMs })
  return { world, town, alice, bob, handOver, write }
}

const contactsOf = async (world: World, who: SimHome) =>
  ((await world.until(who.call('contact.ls', {}))) as { contacts: unknown[] }).contacts

test.each([
  { how: 'restarted', state: 'queued', withinMs: 10_000 },
  { how: 'running on with a tunnel that is dead', state: 'sent', withinMs: 200_000 },
])('whoever waits for a text is told by a node $how', async ({ how, state, withinMs }) => {
  const { world, alice, bob, handOver, write } = await acquainted(1, how === 'restarted')
  const heir = await handOver()
  const beganAtMs = world.clock.monotonicMs()
  await expect(world.until(write('secret', 600_000))).rejects.toMatchObject({
    code: 'KEYS_CHANGED',
    exitCode: 5,
    fields: { state },
  })
  expect(world.clock.monotonicMs() - beganAtMs).toBeLessThan(withinMs)
  await expect(world.until(write('another', 600_000))).rejects.toMatchObject({ code: 'KEYS_CHANGED' })
  expect(await contactsOf(world, alice)).toMatchObject([{ person: bob.personId, disputed: true }])
  await world.run(600_000)
  expect(await textsOf(world, heir, 'alice.example')).toEqual([])
  await world.end()
})

test('a text that nobody waits for any more is not sent either, and the journal shouts', async () => {
  const { world, alice, bob, handOver, write } = await acquainted(3)
  const notices: string[] = []
  alice.device.notice$.subscribe(notice => notices.push(notice))
  const away = { code: 'PEER_UNREACHABLE', exitCode: 3 }
  await expect(world.until(write('are you there?', 30_000))).rejects.toMatchObject(away)
  const heir = await handOver()
  await expect(world.until(write('still not?', 10_000))).rejects.toMatchObject(away)
  await world.run(180_000)
  const [contact] = await contactsOf(world, alice)
  expect(contact).toMatchObject({ person: bob.personId, disputed: true })
  expect(notices).toEqual(['KEYS CHANGED: another person claims bob.example; nothing is sent to it'])
  expect(await textsOf(world, heir, 'alice.example')).toEqual([])
  await world.end()
})

test('who is only away is looked up at most once a minute, and gets everything when he is back', async () => {
  const { world, town, alice, bob, write } = await acquainted(4)
  const lookUps = async () => (await statsOf(world, town)).received['name-request'] ?? 0
  const before = await lookUps()
  await expect(world.until(write('the first', 10_000))).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  expect(await lookUps()).toBe(before + 1)
  for (let text = 0; text < 60; text += 1) {
    write(`text ${text}`, 0).catch(() => undefined)
    await world.run(10_000)
  }
  const asked = (await lookUps()) - before
  expect(asked).toBeGreaterThan(1)
  expect(asked).toBeLessThanOrEqual(11)
  await world.restart(bob)
  await world.run(120_000)
  expect(await textsOf(world, bob, 'alice.example')).toHaveLength(62)
  expect(await contactsOf(world, alice)).toMatchObject([{ disputed: false }])
  await world.end()
})
