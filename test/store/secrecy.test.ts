/** Whoever has the disk and not the key learns how much was written and when, but not by whom or what. */
import { expect, it } from 'vitest'
import { idToBytes } from '../../src/events/ids.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { Author, keptFact, said, streamNamed } from '../support/author.ts'
import { all, foreign } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

it('no id, key of a plugin or word of a message is on the disk in the clear', async () => {
  const disk = new MemoryDisk()
  const store = await openStore({ disk, vault: testVault() })
  const alice = new Author(1)
  const stream = streamNamed(1)
  const events = alice.say(stream, [keptFact('the rule'), said('a secret word')])
  await store.append(foreign(events), [
    { kind: 'own', plugin: 'ntm.people', key: 'contact/bob.example', value: Buffer.from('a private note') },
    {
      kind: 'snapshot',
      name: 'chats',
      snapshot: { version: 1, position: 1, state: Buffer.from('what was seen') },
    },
    { kind: 'note', entry: { at: 1, about: events[0]!.id, what: 'sent to somebody' } },
  ])
  const entries = await all(disk.range({ gte: new Uint8Array(0), lt: Uint8Array.of(0xff) }))
  const everything = Buffer.concat(entries.flat() as Uint8Array[])
  const words = [
    'secret',
    'rule',
    'contact',
    'bob',
    'ntm.people',
    'private',
    'chats',
    'seen',
    'sent',
    'somebody',
  ]
  for (const word of words) expect(everything.includes(word), word).toBe(false)
  for (const id of [stream, alice.device, ...events.map(event => event.id)]) {
    expect(everything.includes(Buffer.from(idToBytes(id)))).toBe(false)
    expect(everything.includes(id)).toBe(false)
    // Not even a part of it, as a truncated key would show.
    expect(everything.includes(Buffer.from(idToBytes(id).subarray(0, 8)))).toBe(false)
  }
  expect(everything.includes('ntm-chat log'), 'the one thing that is to be read').toBe(true)
})

it('the same id under different kinds of keys does not look the same', async () => {
  const disk = new MemoryDisk()
  const store = await openStore({ disk, vault: testVault() })
  // A founding event's id is its stream's id, too.
  await store.append(foreign([new Author(1).found(keptFact('founded'))]))
  const keys = (await all(disk.range({ gte: Uint8Array.of(2), lt: Uint8Array.of(0xff) }))).map(([key]) => key)
  const hashes = keys
    .filter(key => key.length >= 17)
    .map(key => Buffer.from(key.subarray(1, 17)).toString('hex'))
  const ofStream = new Set(
    keys
      .filter(key => [0x13, 0x14, 0x15, 0x16].includes(key[0]!))
      .map(key => Buffer.from(key.subarray(1, 17)).toString('hex')),
  )
  expect(ofStream.size).toBe(1)
  expect(new Set(hashes).size).toBe(3)
})
