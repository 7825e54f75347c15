/**
 * Bob's name is released and somebody else takes it. Alice's node notices when she asks, or when the new holder
 * writes to her, and sends nothing to the name until she accepts who holds it now.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addPerson, registered, say, textsOf, townOf } from '../support/ntm-world.ts'

async function bobIsSomebodyElse(seed: number) {
  const world = new World({ seed })
  const { dc, join, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  await say(world, alice, bob, 'hello bob')
  await world.until(bob.stop())
  await world.until(dc.call('dc.name.release', { name: 'bob.example' }))
  const heir = await addPerson(world, 'bob.example', '10.0.0.66', join)
  await registered(world, heir)
  return { world, alice, bob, heir }
}

const add = (world: World, who: SimHome, name: string) => world.until(who.call('contact.add', { name }))
const contactsOf = async (world: World, who: SimHome) =>
  ((await world.until(who.call('contact.ls', {}))) as { contacts: unknown[] }).contacts

describe('a name that changed its person', () => {
  test('is told when Alice asks, and nothing is sent until she accepts', async () => {
    const { world, alice, bob, heir } = await bobIsSomebodyElse(1)
    await expect(add(world, alice, 'bob.example')).rejects.toMatchObject({
      code: 'KEYS_CHANGED',
      exitCode: 5,
    })
    await expect(say(world, alice, heir, 'secret')).rejects.toMatchObject({ code: 'KEYS_CHANGED' })
    expect(await contactsOf(world, alice)).toMatchObject([{ person: bob.personId, disputed: true }])
    await world.run(600_000)
    expect(await textsOf(world, heir, 'alice.example').catch(() => [])).toEqual([])

    await world.until(alice.call('contact.accept', { name: 'bob.example' }))
    expect(await say(world, alice, heir, 'hello, new bob')).toMatchObject({ state: 'delivered' })
    expect(await textsOf(world, heir, 'alice.example')).toEqual(['hello, new bob'])
    await world.end()
  })

  test('leaves what was said before under the id of whom it was said to', async () => {
    const { world, alice, bob, heir } = await bobIsSomebodyElse(3)
    await add(world, alice, 'bob.example').catch(() => undefined)
    await world.until(alice.call('contact.accept', { name: 'bob.example' }))
    await say(world, alice, heir, 'hello, new bob')
    await world.until(alice.stop())
    await world.restart(alice)
    expect(await contactsOf(world, alice)).toMatchObject([
      { person: heir.personId, state: 'accepted', disputed: false, formerly: [bob.personId] },
    ])
    expect(await textsOf(world, alice, 'bob.example')).toEqual(['hello, new bob'])
    const before = await world.until(alice.call('history', { with: bob.personId }))
    expect(before).toMatchObject({ messages: [{ text: 'hello bob', state: 'delivered' }] })

    // To be read, not to be written to: the name would go back to him.
    const send = alice.call('send', { to: bob.personId, text: 'which bob?', timeoutMs: 1_000 })
    await expect(world.until(send)).rejects.toMatchObject({ code: 'KEYS_CHANGED' })
    expect(await contactsOf(world, alice)).toMatchObject([{ person: heir.personId }])
    await world.until(alice.call('contact.accept', { name: bob.personId }))
    expect(await contactsOf(world, alice)).toMatchObject([
      { person: bob.personId, formerly: [heir.personId] },
    ])
    await world.end()
  })

  test('is told when the new holder writes first', async () => {
    const { world, alice, bob, heir } = await bobIsSomebodyElse(2)
    await world.until(
      heir.call('send', { to: 'alice.example', text: 'it is me', wait: 'sent', timeoutMs: 9_000 }),
    )
    await world.run(20_000)
    expect(await contactsOf(world, alice)).toContainEqual(
      expect.objectContaining({ person: bob.personId, disputed: true }),
    )
    await expect(say(world, alice, heir, 'secret')).rejects.toMatchObject({ code: 'KEYS_CHANGED' })
    await world.end()
  })
})
