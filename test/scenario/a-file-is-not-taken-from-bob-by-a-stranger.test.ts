/** Whoever knows the id of an offer may say anything about it in a conversation of his own: that is no word of Bob's. */
import { expect, test } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { fileDraft } from '../../src/plugins/files/file-events.ts'
import { contentOf, get, isContent, offer } from '../support/file-talk.ts'
import { say, townOf } from '../support/ntm-world.ts'

test('what Carol says of a file that was offered to Bob ends nothing', async () => {
  const world = new World({ seed: 91 })
  const { people } = await townOf(world, 'alice', 'bob', 'carol')
  const { alice, bob, carol } = people
  const content = contentOf(1_000_000)
  alice.files.put('/home/alice/a.bin', content)
  bob.files.put('/home/bob/x', new Uint8Array(1))
  const { id } = await offer(world, alice, bob, '/home/alice/a.bin')
  const said = await say(world, carol, alice, 'hello')
  const { log } = carol.device.path
  const { stream } = (await world.until(log.find(said.id as EventId)))!.event.envelope
  for (const fact of [
    { type: 'file.received', offer: id as EventId },
    { type: 'file.failed', offer: id as EventId, reason: 'changed' },
  ] as const) {
    const [lie] = await world.until(log.submit(stream, [fileDraft(fact)]))
    while ((await world.until(alice.device.path.log.find(lie!.event.id))) === undefined) await world.run(100)
  }
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})
