/** What lies beside events: what plugins keep, projections' snapshots, and the bounded journal. */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { KIND } from '../../src/store/keyspace.ts'
import { openStore } from '../../src/store/log-store.ts'
import { NOTE_MAX_BYTES } from '../../src/store/values.ts'
import { verifyLog } from '../../src/store/verify.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { all, own } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const fresh = () => openStore({ disk: new MemoryDisk(), vault })
const bytes = (...values: number[]) => Uint8Array.from(values)

describe('what a plugin keeps', () => {
  const keep = (plugin: string, key: string, value: Uint8Array | undefined) =>
    ({ kind: 'own', plugin, key, value }) as const

  it('is read back, overwritten, deleted, and never seen by another plugin', async () => {
    const store = await fresh()
    await store.write([keep('a', 'k', bytes(1)), keep('b', 'k', bytes(2))], { sync: true })
    expect(await store.own('a').get('k')).toEqual(bytes(1))
    expect(await store.own('b').get('k')).toEqual(bytes(2))
    await store.write([keep('a', 'k', bytes(3)), keep('b', 'k', undefined)], { sync: true })
    expect(await store.own('a').get('k')).toEqual(bytes(3))
    expect(await store.own('b').get('k')).toBeUndefined()
    expect(await all(store.own('b').list(''))).toEqual([])
  })

  it('is listed by prefix, in the order of its keys', async () => {
    const store = await fresh()
    const deep = 'a/b/c/d/e/f/g/h/i/j'
    const keys = ['', 'x', 'z/2', 'z/1', 'z/10', 'z/1/deep', 'za', 'é', deep, `${deep}/k`, '/']
    await store.write(
      keys.map((key, index) => keep('p', key, bytes(index))),
      { sync: true },
    )
    const listed = async (prefix: string) => (await all(store.own('p').list(prefix))).map(([key]) => key)
    for (const prefix of ['', 'z', 'z/', 'z/1', 'z/1/', 'x', 'none', 'none/', '/', 'a/b/c/d/e/f/g/h/', deep])
      expect(await listed(prefix)).toEqual(keys.filter(key => key.startsWith(prefix)).sort())
  })

  it('is seen by a read that follows a write nobody waited for', async () => {
    const store = await fresh()
    void store.write([keep('p', 'k', bytes(7))], { sync: false })
    expect(await store.own('p').get('k')).toEqual(bytes(7))
  })

  it('is written in one batch with an append', async () => {
    const disk = new MemoryDisk()
    const store = await openStore({ disk, vault })
    const [event] = new Author(1).say(streamNamed(1), [said('x')])
    await store.append(own([event!]), [keep('p', 'pointer', bytes(1))])
    const after = await openStore({ disk: disk.crash(), vault })
    expect(await after.own('p').get('pointer')).toEqual(bytes(1))
    expect(await after.find(event!.id)).toBeDefined()
  })
})

describe('a snapshot', () => {
  it('is read back with its version and position, and can be thrown away', async () => {
    const store = await fresh()
    const snapshot = { version: 3, position: 17, state: bytes(1, 2, 3) }
    await store.write([{ kind: 'snapshot', name: 'chats', snapshot }], { sync: true })
    expect(await store.snapshot('chats')).toEqual(snapshot)
    expect(await store.snapshot('other')).toBeUndefined()
    await store.write([{ kind: 'snapshot', name: 'chats', snapshot: undefined }], { sync: true })
    expect(await store.snapshot('chats')).toBeUndefined()
  })
})

describe('the journal', () => {
  const note = (n: number, about?: EventId) =>
    ({ kind: 'note', entry: { at: n, about, what: `note ${n}` } }) as const
  const [one, other] = [streamNamed(1), streamNamed(2)] as unknown as [EventId, EventId]

  it('is read by what it is about, or whole, oldest first', async () => {
    const store = await fresh()
    await store.write([note(1, one), note(2, other), note(3), note(4, one)], { sync: true })
    expect((await all(store.journal(one))).map(({ what }) => what)).toEqual(['note 1', 'note 4'])
    expect((await all(store.journal())).map(({ at }) => at)).toEqual([1, 2, 3, 4])
    expect(await all(store.journal(streamNamed(3) as unknown as EventId))).toEqual([])
  })

  it('never holds more than its bound, whatever the batches are like, and the oldest go', async () => {
    const disk = new MemoryDisk()
    let store = await openStore({ disk, vault, journalEntries: 8 })
    for (let n = 1; n <= 5; n += 1) await store.write([note(n, one)], { sync: true })
    await store.write(
      Array.from({ length: 30 }, (_, index) => note(6 + index, other)),
      { sync: true },
    )
    expect((await all(store.journal())).map(({ at }) => at)).toEqual([28, 29, 30, 31, 32, 33, 34, 35])
    expect(await all(store.journal(one))).toEqual([])
    await store.close()
    const reopened = disk.reopen()
    store = await openStore({ disk: reopened, vault, journalEntries: 8 })
    await store.write([note(36, one)], { sync: true })
    const pointers = await all(reopened.range({ gte: bytes(KIND.about), lt: bytes(KIND.about + 1) }))
    expect(pointers).toHaveLength(8)
    expect((await all(store.journal(one))).map(({ at }) => at)).toEqual([36])
    expect((await verifyLog({ disk: reopened, vault })).damage).toEqual([])
  })

  it('cuts what is longer than an entry may be', async () => {
    const store = await fresh()
    const entry = { at: 1, about: undefined, what: 'x'.repeat(NOTE_MAX_BYTES * 2) }
    await store.write([{ kind: 'note', entry }], { sync: true })
    const [read] = await all(store.journal())
    expect(read?.what).toHaveLength(NOTE_MAX_BYTES)
  })
})
