/**
 * Alice blocks Bob. What he sees of her is what he would see if she were away, whether they have met or not: no text
 * of his gets further than it can without a word from her (docs/decisions/0012).
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { say, textsOf, townOf } from '../support/ntm-world.ts'

/** How a text of Bob to Alice ends that is not delivered. */
async function seenBy(world: World, bob: SimHome, wait: 'sent' | 'delivered'): Promise<unknown> {
  const told = bob.call('send', { to: 'alice.example', text: 'are you there?', wait, timeoutMs: 20_000 })
  return world.until(
    told.catch(({ code, message, fields: { state, path } }) => ({ code, message, state, path })),
  )
}

/** Bob knows her by name only, or they have talked; then she blocks him, or goes. */
async function bobSees(seed: number, haveMet: boolean, does: 'block' | 'go') {
  const world = new World({ seed })
  const { alice, bob } = (await townOf(world, 'alice', 'bob')).people
  if (haveMet) await say(world, bob, alice, 'hello')
  else await world.until(bob.call('contact.add', { name: 'alice.example' }))
  if (does === 'block') await world.until(alice.call('contact.block', { name: 'bob.example' }))
  else await world.until(alice.stop())
  const first = await seenBy(world, bob, 'delivered')
  // By now no tunnel of before is left.
  await world.run(300_000)
  const later = await seenBy(world, bob, 'delivered')
  const sent = await seenBy(world, bob, 'sent')
  const stored = does === 'block' ? await textsOf(world, alice, 'bob.example') : []
  await world.end()
  return { seen: { first, later, sent }, stored }
}

const UNREACHABLE = { code: 'PEER_UNREACHABLE', state: 'queued', path: null }

test('before they met: every text stays queued, and nothing is stored', async () => {
  const { seen, stored } = await bobSees(1, false, 'block')
  expect(seen).toMatchObject({ first: UNREACHABLE, later: UNREACHABLE, sent: UNREACHABLE })
  expect(stored).toEqual([])
  expect(seen).toEqual((await bobSees(1, false, 'go')).seen)
})

test('after they met: sent while their tunnel seems to live, queued from then on', async () => {
  const { seen, stored } = await bobSees(2, true, 'block')
  expect(seen).toMatchObject({
    first: { code: 'TIMED_OUT', state: 'sent', path: null },
    ...{ later: UNREACHABLE, sent: UNREACHABLE },
  })
  expect(stored).toEqual(['hello'])
  expect(seen).toEqual((await bobSees(2, true, 'go')).seen)
})
