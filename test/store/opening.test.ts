/** A log opens for its own key and its own layout only, and a damaged one is read but not written. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { del, put } from '../../src/store/disk.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { openStore } from '../../src/store/log-store.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { all, own } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const keys = new Keyspace(vault)

async function written(count = 3): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const store = await openStore({ disk, vault })
  for (let index = 0; index < count; index += 1)
    await store.append(own(new Author(index + 1).say(streamNamed(1), [said('x')])))
  await store.close()
  return disk.reopen()
}

describe('opening', () => {
  it('reads three entries and two ends, however long the log is', async () => {
    const disk = await written(40)
    let reads = 0
    const [get, range] = [disk.get.bind(disk), disk.range.bind(disk)]
    disk.get = key => {
      reads += 1
      return get(key)
    }
    disk.range = async function* (asked) {
      for await (const entry of range(asked)) {
        reads += 1
        yield entry
      }
    }
    expect((await openStore({ disk, vault })).lastPosition).toBe(40)
    expect(reads).toBeLessThanOrEqual(4)
  })

  it('refuses another key', async () => {
    await expect(openStore({ disk: await written(), vault: testVault('other') })).rejects.toMatchObject({
      kind: 'wrong-key',
    })
    const otherStore = testVault('test', new Uint8Array(16).fill(8))
    await expect(openStore({ disk: await written(), vault: otherStore })).rejects.toMatchObject({
      kind: 'wrong-key',
    })
  })

  it('refuses a newer layout and says which', async () => {
    const disk = await written()
    const head = (await disk.get(keys.layout))!
    head[head.length - vault.storeId.length - 1]! += 1
    await disk.batch([put(keys.layout, head)], { sync: true })
    await expect(openStore({ disk, vault })).rejects.toMatchObject({
      kind: 'newer',
      message: expect.stringContaining('layout 2'),
    })
  })

  it('refuses a log without its head, or with the head of something else, and writes nothing', async () => {
    for (const op of [del(keys.layout), put(keys.layout, new Uint8Array(40)), del(keys.check)]) {
      const disk = await written()
      await disk.batch([op], { sync: true })
      disk.faults.fail = () => {
        throw new Error('written')
      }
      await expect(openStore({ disk, vault })).rejects.toMatchObject({ kind: 'damaged' })
    }
  })
})

describe('a damaged log', () => {
  it('stays readable and is not written any more once the damage was met', async () => {
    const disk = await written()
    const value = (await disk.get(keys.record(2)))!
    value[30]! ^= 1
    await disk.batch([put(keys.record(2), value)], { sync: true })
    const store = await openStore({ disk, vault })
    expect(store.damage).toBeUndefined()
    expect((await all(store.read({}))).map(({ position }) => position)).toEqual([1, 3])
    expect(store.damage).toMatchObject({ kind: 'damaged', message: expect.stringContaining('position 2') })
    const more = own(new Author(9).say(streamNamed(1), [said('x')]))
    await expect(store.append(more)).rejects.toMatchObject({ kind: 'damaged' })
    expect(await all(store.read({ stream: streamNamed(1) }))).toHaveLength(2)
  })
})
