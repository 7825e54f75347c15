/** Where a file is put together: what a part is worth after a restart, what gets a final name and what never does. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/events/ids.ts'
import type { Keyspace } from '../../../src/kernel/api/index.ts'
import { MemoryFileDisk } from '../../../src/kernel/testing/memory-file-disk.ts'
import { standIns } from '../../../src/kernel/testing/stand-ins.ts'
import { Claims } from '../../../src/plugins/files/claims.ts'
import { Landing, partOf } from '../../../src/plugins/files/landing.ts'
import { BLOCK_BYTES } from '../../../src/plugins/files/limits.ts'
import { choosePlace, claimRoom } from '../../../src/plugins/files/place.ts'
import { findSource, hashSource, SourceReader } from '../../../src/plugins/files/source.ts'
import { TreeShelf } from '../../../src/plugins/files/tree-shelf.ts'

const BYTES = 3 * BLOCK_BYTES + 9
const content = Uint8Array.from({ length: BYTES }, (_, at) => (at * 7 + (at >> 12)) & 0xff)
const blockOf = (index: number): Uint8Array => content.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES)

let disk: MemoryFileDisk
let shelf: TreeShelf
beforeEach(() => {
  disk = new MemoryFileDisk()
  disk.put('/in/x', new Uint8Array(0))
  shelf = new TreeShelf(standIns().find(([{ id }]) => id === 'ntm.keyspace')![1] as Keyspace)
})

const OFFER = 'ab'.repeat(32) as EventId
const OTHER = 'cd'.repeat(32) as EventId
const PART = '/in/.a.bin.abababababababab.ntm-part'

const naming = async (): Promise<void> => undefined
const landing = (published?: string): Landing =>
  new Landing({
    ...{ disk, place: { folder: '/in', name: 'a.bin', published }, offer: OFFER },
    ...{ kind: 'file', bytes: BYTES, naming },
  })

/** What is synced and published from now on. */
const operations = (): readonly string[] => {
  const done: string[] = []
  disk.faults.fail = (operation, path) => {
    if (operation === 'sync' || operation === 'publish') done.push(`${operation} ${path}`)
    return undefined
  }
  return done
}

const hashed = async (path: string) => {
  const source = await findSource(disk, path)
  await hashSource(disk, source, shelf, 'tree', () => undefined)
  return source
}

describe('a file that arrives', () => {
  beforeEach(async () => {
    disk.put('/out/a.bin', content)
    await hashed('/out/a.bin')
  })

  it('has its final name when all of it is there, and not before', async () => {
    const here = landing()
    for (let index = 0; index < 4; index += 1) {
      expect(disk.size('/in/a.bin')).toBe(0)
      await here.write(blockOf(index), index)
    }
    expect(await here.finish()).toBe('/in/a.bin')
    expect(Buffer.compare(disk.content('/in/a.bin')!, content)).toBe(0)
    expect(disk.paths().filter(path => path.startsWith('/in/'))).toEqual(['/in/a.bin', '/in/x'])
  })

  it.each([
    ['nothing', 0, () => undefined],
    ['two blocks', 2, () => undefined],
    ['two blocks and a half', 2, (part: Uint8Array) => part.subarray(0, 2.5 * BLOCK_BYTES)],
    [
      'four blocks of which the second is not what it was',
      1,
      (part: Uint8Array) => part.fill(0, BLOCK_BYTES, BLOCK_BYTES + 1),
    ],
    ['something else altogether', 0, () => new Uint8Array(BLOCK_BYTES * 2)],
  ])('and of which %s is there goes on from block %i', async (what, from, change) => {
    const blocks = what === 'nothing' ? 0 : what === 'two blocks' ? 2 : 4
    const here = landing()
    for (let index = 0; index < blocks; index += 1) await here.write(blockOf(index), index)
    await here.close()
    const changed = change(disk.content(PART) ?? new Uint8Array(0))
    if (changed !== undefined) disk.put(PART, changed)
    expect(await landing().have(shelf, 'tree')).toBe(from)
    expect(await landing().have(shelf, 'another'), 'without its hashes').toBe(0)
  })

  it('is on the disk before it has its name, also what was found after the process was killed', async () => {
    const killed = landing()
    for (let index = 0; index < 4; index += 1) await killed.write(blockOf(index), index)
    const here = landing()
    const done = operations()
    expect(await here.have(shelf, 'tree')).toBe(4)
    await here.finish()
    expect(done).toEqual([`sync ${PART}`, 'publish /in/a.bin'])
  })

  it('takes the place of nothing: what is there stays, and it gets a number', async () => {
    const here = landing()
    for (let index = 0; index < 4; index += 1) await here.write(blockOf(index), index)
    disk.put('/in/a.bin', Uint8Array.of(1))
    expect(await here.finish()).toBe('/in/a (2).bin')
    expect(disk.content('/in/a.bin')).toEqual(Uint8Array.of(1))
  })

  it('is known to be finished if only the word of it was lost, whatever was written to it since', async () => {
    disk.put('/in/a (2).bin', content.slice().fill(0, 5, 6))
    expect(await landing('/in/a (2).bin').finished()).toBe('/in/a (2).bin')
    expect(await landing('/in/a.bin').finished(), 'taken away').toBeUndefined()
    expect(await landing().finished(), 'never named').toBeUndefined()
    disk.put('/in/a (2).bin', content.subarray(1))
    expect(await landing('/in/a (2).bin').finished(), 'another file').toBeUndefined()
    disk.put('/in/a (2).bin', content)
    disk.put(PART, content)
    expect(await landing('/in/a (2).bin').finished(), 'of somebody else').toBeUndefined()
    expect(disk.paths()).toContain(PART)
  })

  it('says which name it is about to get before it gets it, until one is free', async () => {
    disk.put('/in/a.bin', Uint8Array.of(1))
    const done = operations()
    const here = new Landing({
      ...{ disk, place: { folder: '/in', name: 'a.bin' }, offer: OFFER, kind: 'file', bytes: BYTES },
      naming: async path => void disk.faults.fail!('publish', `about ${path}`),
    })
    for (let index = 0; index < 4; index += 1) await here.write(blockOf(index), index)
    await here.finish()
    expect(done.filter(what => what.startsWith('publish'))).toEqual([
      ...['publish about /in/a.bin', 'publish /in/a.bin'],
      ...['publish about /in/a (2).bin', 'publish /in/a (2).bin'],
    ])
  })

  it.each([true, false])(
    'that has both names, as a crash leaves it, is finished, be the first one taken (%s) or free',
    async isTaken => {
      if (isTaken) disk.put('/in/a.bin', Uint8Array.of(1))
      const here = landing()
      for (let index = 0; index < 4; index += 1) await here.write(blockOf(index), index)
      await here.close()
      disk.link(PART, '/in/a (2).bin')
      const own = await disk.openOwn('/in/a (2).bin')
      await own.write(Uint8Array.of(9, 9), 0)
      expect(await landing('/in/a (2).bin').finished()).toBe('/in/a (2).bin')
      expect(disk.paths()).not.toContain(PART)
      expect(disk.content('/in/a (2).bin')!.subarray(0, 2)).toEqual(Uint8Array.of(9, 9))
    },
  )

  it('on a full disk is one error, and what is there can be gone on with', async () => {
    const here = landing()
    await here.write(blockOf(0), 0)
    disk.faults.capacityBytes = (await disk.freeBytes()) * 0 + BYTES + 2 * BLOCK_BYTES
    await here.write(blockOf(1), 1)
    await expect(here.write(blockOf(2), 2)).rejects.toMatchObject({ code: 'DISK_FULL' })
    await here.close()
    expect(disk.size('/in/a.bin')).toBe(0)
    expect(await landing().have(shelf, 'tree')).toBe(2)
  })
})

describe('two offers of one name', () => {
  const ones = content
  const others = new Uint8Array(2 * BLOCK_BYTES).fill(2)
  const other = (place = { folder: '/in', name: 'a.bin' }): Landing =>
    new Landing({ disk, place, offer: OTHER, kind: 'file', bytes: others.length, naming })
  const writeOther = (to: Landing, index: number): Promise<void> =>
    to.write(others.slice(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES), index)

  it('arrive side by side, each with its own bytes', async () => {
    const [one, two] = [landing(), other(await choosePlace(disk, '/in', 'a.bin'))]
    for (let index = 0; index < 4; index += 1) {
      await one.write(blockOf(index), index)
      if (index < 2) await writeOther(two, index)
    }
    expect([await one.finish(), await two.finish()]).toEqual(['/in/a.bin', '/in/a (2).bin'])
    expect(Buffer.compare(disk.content('/in/a.bin')!, ones)).toBe(0)
    expect(Buffer.compare(disk.content('/in/a (2).bin')!, others)).toBe(0)
  })

  it('have nothing of each other: the shorter one does not end with the rest of the longer one', async () => {
    const one = landing()
    for (let index = 0; index < 3; index += 1) await one.write(blockOf(index), index)
    await one.close()
    const two = other()
    for (let index = 0; index < 2; index += 1) await writeOther(two, index)
    expect(await two.finish()).toBe('/in/a.bin')
    expect(disk.size('/in/a.bin')).toBe(others.length)
    expect(disk.size(PART)).toBe(3 * BLOCK_BYTES)
  })

  it('and one that fails takes nothing from the other', async () => {
    const [one, two] = [landing(), other()]
    await one.write(blockOf(0), 0)
    await writeOther(two, 0)
    await two.discard()
    expect(disk.size(PART)).toBe(BLOCK_BYTES)
  })

  it('have parts whose names fit on every disk', () => {
    for (const name of ['a'.repeat(255), '\u{1f600}'.repeat(63)]) {
      const part = disk.split(partOf(disk, { folder: '/in', name }, OFFER)).name
      expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
      expect(part.isWellFormed()).toBe(true)
      expect(part).toMatch(/\.abababababababab\.ntm-part$/)
    }
  })
})

describe('a part that became longer in other hands', () => {
  it('of a file gets no name, and is begun anew', async () => {
    disk.put(PART, new Uint8Array(BYTES + 1))
    const here = landing()
    for (let index = 0; index < 4; index += 1) await here.write(blockOf(index), index)
    await expect(here.finish()).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(disk.paths().filter(path => path.startsWith('/in/'))).toEqual(['/in/x'])
  })
})

describe('a folder that arrives', () => {
  const files = { 'a.txt': 5, empty: 0, 'sub/b.bin': 2 * BLOCK_BYTES, 'sub/deep/c': 17 } as const

  const send = async (blocks = Number.POSITIVE_INFINITY, from = 0) => {
    const source = await hashed('/out')
    const reader = new SourceReader(disk, source)
    const here = new Landing({
      disk,
      place: { folder: '/in', name: 'out' },
      offer: OFFER,
      kind: 'folder',
      bytes: source.bytes,
      naming,
    })
    const have = await here.have(shelf, 'tree')
    expect(have).toBe(from)
    for (let index = have; index < Math.min(blocks, source.bytes / BLOCK_BYTES); index += 1)
      await here.write(await reader.block(index), index)
    return here
  }
  beforeEach(() => {
    for (const [path, length] of Object.entries(files))
      disk.put(
        `/out/${path}`,
        Uint8Array.from({ length }, (_, at) => (at * 3 + length) & 0xff),
      )
  })

  it('has everything in its place', async () => {
    expect(await (await send()).finish()).toBe('/in/out')
    for (const path of Object.keys(files))
      expect(Buffer.compare(disk.content(`/in/out/${path}`)!, disk.content(`/out/${path}`)!), path).toBe(0)
    expect(disk.paths().filter(path => path.includes('ntm-part'))).toEqual([])
  })

  it('goes on from the block where it stopped', async () => {
    await (await send(2)).close()
    expect(await (await send(99, 2)).finish()).toBe('/in/out')
    expect(disk.size('/in/out/sub/b.bin')).toBe(files['sub/b.bin'])
  })

  it('is on the disk before it has its name, also what was found after the process was killed', async () => {
    await send(2)
    const done = operations()
    expect(await (await send(99, 2)).finish()).toBe('/in/out')
    const tree = '/in/.out.abababababababab.ntm-part/tree'
    const synced = done.slice(0, done.indexOf('publish /in/out'))
    for (const path of Object.keys(files)) expect(synced).toContain(`sync ${tree}/${path}`)
    for (const folder of [tree, `${tree}/sub`]) expect(synced).toContain(`sync ${folder}`)
  })

  it('is known to be finished if the power went before its part was removed', async () => {
    const place = { folder: '/in', name: 'out', published: '/in/out (2)' }
    const finished = (): Promise<string | undefined> =>
      new Landing({ disk, place, offer: OFFER, kind: 'folder', bytes: 1, naming }).finished()
    const part = '/in/.out.abababababababab.ntm-part'
    await (await send()).close()
    disk.put('/in/out (2)/x', new Uint8Array(1))
    expect(await finished(), 'of somebody else').toBeUndefined()
    await disk.remove('/in/out (2)')
    await disk.publish(`${part}/tree`, '/in/out (2)')
    expect(await finished()).toBe('/in/out (2)')
    expect(disk.paths()).not.toContain(part)
  })

  it('gets no name when one of its files became longer in other hands', async () => {
    const here = await send()
    disk.put('/in/.out.abababababababab.ntm-part/tree/a.txt', new Uint8Array(6))
    await expect(here.finish()).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(disk.paths().filter(path => path.startsWith('/in/'))).toEqual(['/in/x'])
  })

  it('needs room only for what is missing', async () => {
    await (await send(2)).close()
    const { bytes } = await findSource(disk, '/out')
    const claiming = { id: OFFER, kind: 'folder', bytes, arrivedBytes: () => 0 } as const
    const room = (): Promise<void> => claimRoom(disk, new Claims(), { folder: '/in', name: 'out' }, claiming)
    const used = 2 ** 40 - (await disk.freeBytes())
    disk.faults.capacityBytes = used + bytes - BLOCK_BYTES * 2
    await room()
    disk.faults.capacityBytes = used + bytes - BLOCK_BYTES * 2 - 500
    await expect(room()).rejects.toMatchObject({ code: 'DISK_FULL' })
  })

  it('begins anew when the list was not whole', async () => {
    await (await send(2)).close()
    disk.put('/in/.out.abababababababab.ntm-part/list', Uint8Array.of(1, 0, 0))
    expect(await (await send()).finish()).toBe('/in/out')
  })

  it('whose list does harm is refused, and nothing is written outside', async () => {
    const list = Buffer.concat([Uint8Array.of(1, 0, 0, 0, 8, 6), Buffer.from('../pwn'), Uint8Array.of(1)])
    const bytes = list.length + 1
    const here = new Landing({
      disk,
      place: { folder: '/in', name: 'out' },
      offer: OFFER,
      kind: 'folder',
      bytes,
      naming,
    })
    await expect(here.write(Buffer.concat([list, Uint8Array.of(7)]), 0)).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    })
    expect(disk.paths().filter(path => path.includes('pwn'))).toEqual([])
  })

  it('without a list is refused', async () => {
    const here = new Landing({
      disk,
      place: { folder: '/in', name: 'out' },
      offer: OFFER,
      kind: 'folder',
      bytes: 3,
      naming,
    })
    await here.write(new Uint8Array(3), 0)
    await expect(here.finish()).rejects.toMatchObject({ code: 'FILE_REFUSED' })
  })
})

describe('a place', () => {
  it.each([
    ['/in', { folder: '/in', name: 'a.bin' }],
    ['/in/other.bin', { folder: '/in', name: 'other.bin' }],
  ])('%s is %j', async (path, place) => expect(await choosePlace(disk, path, 'a.bin')).toEqual(place))

  it('that is taken is left alone', async () => {
    await expect(choosePlace(disk, '/in/x', 'a.bin')).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    await expect(choosePlace(disk, '/nowhere/x', 'a.bin')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    disk.put('/in/a.bin', content)
    expect(await choosePlace(disk, '/in', 'a.bin')).toEqual({ folder: '/in', name: 'a (2).bin' })
  })
})
