/** What plugins keep and what the journal notes, over a disk that loses power or is full. */
import { beforeEach, expect, test } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import type { Keyspace as KeyspaceService } from '../../src/kernel/api/index.ts'
import { Asides } from '../../src/kernel/asides.ts'
import { journalOf } from '../../src/kernel/journal.ts'
import { keyspaceOf } from '../../src/kernel/keyspace.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { openStore } from '../../src/store/log-store.ts'
import { idOf } from '../support/sealing.ts'
import { all } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'
import { settle } from './support/house.ts'

async function open(disk = new MemoryDisk()) {
  const clock = new VirtualClock()
  const store = await openStore({ disk, vault: testVault() })
  const asides = new Asides(clock, store)
  const space = (plugin: string): KeyspaceService => keyspaceOf(plugin, store, asides)
  return { clock, disk, store, asides, space, journal: journalOf(clock, store, asides) }
}
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()
const bytes = (value: string) => new Uint8Array(Buffer.from(value))

let h: Awaited<ReturnType<typeof open>>
beforeEach(async () => {
  h = await open()
})

test('a plugin reads what it put, and nobody else does', async () => {
  const chat = h.space('chat')
  chat.put('delivered/bob', bytes('1'))
  chat.put('delivered/bob', bytes('2'))
  expect(text(await chat.get('delivered/bob'))).toBe('2')
  expect(await h.space('other').get('delivered/bob')).toBeUndefined()
  chat.put('delivered/bob', undefined)
  expect(await chat.get('delivered/bob')).toBeUndefined()
})

test('what was written survives a power loss, with everything put before it', async () => {
  const chat = h.space('chat')
  chat.put('a', bytes('put'))
  await chat.write([
    ['b', bytes('written')],
    ['c', bytes('written')],
  ])
  chat.put('d', bytes('lost'))
  const again = (await open(h.disk.crash())).space('chat')
  expect((await all(again.list(''))).map(([key]) => key)).toEqual(['a', 'b', 'c'])
})

test('what nobody waits for is written by itself after a moment', async () => {
  h.space('chat').put('a', bytes('1'))
  h.journal.note('sent', idOf<EventId>(1))
  await settle()
  expect(await all(h.store.own('chat').list(''))).toEqual([])
  h.clock.step()
  await settle()
  expect(await all(h.store.own('chat').list(''))).toHaveLength(1)
  expect((await all(h.journal.read(idOf<EventId>(1)))).map(({ what }) => what)).toEqual(['sent'])
})

test('while the disk is full what was put waits, and the newest value wins', async () => {
  const chat = h.space('chat')
  h.disk.faults.fail = () => 'full'
  chat.put('a', bytes('old'))
  chat.put('b', bytes('kept'))
  await expect(chat.write([['c', bytes('x')]])).rejects.toMatchObject({ code: 'DISK_FULL' })
  chat.put('a', bytes('new'))
  h.disk.faults.fail = () => undefined
  while (h.clock.step()) await settle()
  expect(text(await h.store.own('chat').get('a'))).toBe('new')
  expect(text(await h.store.own('chat').get('b'))).toBe('kept')
  expect(await h.store.own('chat').get('c')).toBeUndefined()
})

test('notes that nobody could write are bounded', async () => {
  h.disk.faults.fail = () => 'full'
  for (let at = 0; at < 3_000; at += 1) h.journal.note(`note ${at}`, idOf<EventId>(1))
  h.disk.faults.fail = () => undefined
  await h.asides.flush(true)
  expect(await all(h.store.journal())).toHaveLength(1_024)
})
