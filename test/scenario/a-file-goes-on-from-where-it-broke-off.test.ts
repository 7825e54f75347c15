/** Alice offers a file, Bob gets it; it survives the death of either of them, and goes on from the exact block. */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { failuresOf, registered, townOf } from '../support/ntm-world.ts'

const BLOCK = 256 * 1024

interface FileDocument {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly state: string
  readonly mbPerSecond: number | null
  readonly doneBytes: number
}

async function files(world: World, home: SimHome): Promise<readonly FileDocument[]> {
  return ((await world.until(home.call('file.ls', {}))) as { files: FileDocument[] }).files
}

async function offered(world: World, home: SimHome): Promise<FileDocument> {
  let found: FileDocument | undefined
  while ((found = (await files(world, home))[0]) === undefined) await world.run(50)
  return found
}

test('a file arrives whole', async () => {
  const world = new World({ seed: 41 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  for (const home of [alice, bob]) expect(failuresOf(home)).toEqual([])
  const content = world.random.bytes(3 * BLOCK + 17)
  alice.files.put('/home/alice/notes.txt', content)
  bob.files.put('/home/bob/other', new Uint8Array(1))
  const sent = (await world.until(alice.call('file.send', { to: 'bob.example', path: '/home/alice/notes.txt' }))) as FileDocument
  expect(sent).toMatchObject({ name: 'notes.txt', bytes: content.length, state: 'offered', mbPerSecond: null })
  const offer = await offered(world, bob)
  expect(offer).toMatchObject({ id: sent.id, state: 'offered' })
  const got = await world.until(bob.call('file.get', { id: offer.id, path: '/home/bob' }))
  expect(got).toMatchObject({ state: 'done', path: '/home/bob/notes.txt' })
  expect(bob.files.content('/home/bob/notes.txt')).toEqual(content)
  expect(bob.files.paths().filter(path => path.includes('ntm-part'))).toEqual([])
  await world.run(5_000)
  expect(await files(world, alice)).toMatchObject([{ state: 'done' }])
  await world.end()
})
