/** What is read to be sent: whether it is still what was offered, and whether that can be told without comparing. */
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChatError, type FileDisk, type Keyspace } from '../../../src/kernel/api/index.ts'
import { systemFileDisk } from '../../../src/kernel/file-disk-shell.ts'
import { MemoryFileDisk } from '../../../src/kernel/testing/memory-file-disk.ts'
import { standIns } from '../../../src/kernel/testing/stand-ins.ts'
import { findSource, hashSource, type Source, SourceReader } from '../../../src/plugins/files/source.ts'
import { TreeShelf } from '../../../src/plugins/files/tree-shelf.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts'

const content = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 12)) & 0xff)

let disk: MemoryFileDisk
beforeEach(() => {
  disk = new MemoryFileDisk()
})

const hashed = async (path: string, on: FileDisk = disk) => {
  const shelf = new TreeShelf(standIns().find(([{ id }]) => id === 'ntm.keyspace')![1] as Keyspace)
  const source = await findSource(on, path)
  await hashSource(on, source, shelf, 'tree', () => undefined)
  return source
}

describe('what is sent', () => {
  it.each<[string, (disk: MemoryFileDisk) => void]>([
    ['shorter', disk => disk.put('/out/a.bin', content.subarray(0, 5))],
    ['longer', disk => disk.put('/out/a.bin', Buffer.concat([content, content]))],
    ['away', disk => void disk.remove('/out/a.bin')],
  ])('and is %s by now is not sent', async (_, change) => {
    disk.put('/out/a.bin', content)
    const source = await hashed('/out/a.bin')
    change(disk)
    await expect(new SourceReader(disk, source).block(0)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
  })

  const isDoubtedOf = async (source: Source): Promise<boolean> => {
    const reader = new SourceReader(disk, source)
    await reader.block(0)
    return reader.isDoubted
  }

  it('and was left alone is not doubted', async () => {
    disk.put('/out/a.bin', content)
    expect(await isDoubtedOf(await hashed('/out/a.bin'))).toBe(false)
  })

  it('and was written to since is doubted', async () => {
    disk.put('/out/a.bin', content)
    const source = await hashed('/out/a.bin')
    const file = await disk.openOwn('/out/a.bin')
    await file.write(Uint8Array.of(1), 0)
    expect(await isDoubtedOf(source)).toBe(true)
  })

  it('and is another file of the same size and an older time is doubted', async () => {
    disk.put('/out/a.bin', content, 1_000)
    const source = await hashed('/out/a.bin')
    disk.put('/out/a.bin', content.slice().fill(0x53), 900)
    expect(await isDoubtedOf(source)).toBe(true)
  })

  it('and is a folder is always doubted, for its files may come from anywhere by now', async () => {
    disk.put('/out/a.bin', content)
    expect(await isDoubtedOf(await hashed('/out'))).toBe(true)
  })

  it('and of which no stamp was kept is doubted', async () => {
    disk.put('/out/a.bin', content)
    const { stamp, ...source } = await hashed('/out/a.bin')
    expect(stamp).toBeTypeOf('string')
    const reader = new SourceReader(disk, { ...source, stamp: undefined })
    await reader.block(0)
    expect(reader.isDoubted).toBe(true)
  })

  it('must be a file or a folder, and there', async () => {
    await expect(findSource(disk, '/nowhere')).rejects.toBeInstanceOf(ChatError)
  })
})

describe('what is sent from a real disk', () => {
  let directory: TemporaryDirectory
  let path: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'a.bin')
    writeFileSync(path, content)
  })
  afterEach(() => directory.remove())

  /** Of the second block, after this has happened; the file was open then, or not yet. */
  const secondBlock = async (isOpen: boolean, change: () => void): Promise<Uint8Array> => {
    const reader = new SourceReader(systemFileDisk, await hashed(path, systemFileDisk))
    try {
      if (isOpen) await reader.block(0)
      change()
      return await reader.block(1)
    } finally {
      await reader.close()
    }
  }
  const away = (): void => rmSync(path)

  it.each<[string, boolean, () => void]>([
    ['shrank', false, () => truncateSync(path, 270_000)],
    ['shrank while it was open', true, () => truncateSync(path, 270_000)],
    ['grew', false, () => appendFileSync(path, 'x')],
    ['grew while it was open', true, () => appendFileSync(path, 'x')],
    ['vanished', false, away],
    ['vanished with its folder', false, () => renameSync(directory.path, `${directory.path}.away`)],
    [
      'is a folder by now',
      false,
      () => {
        away()
        mkdirSync(path)
      },
    ],
    [
      'is a link to nothing by now',
      false,
      () => {
        away()
        symlinkSync('nowhere', path)
      },
    ],
  ])('and %s has changed', async (_, isOpen, change) => {
    await expect(secondBlock(isOpen, change)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    rmSync(`${directory.path}.away`, { recursive: true, force: true })
  })

  it.each<[string, () => void]>([
    ['vanished', away],
    ['was exchanged', () => renameSync(join(directory.path, 'b.bin'), path)],
  ])('and %s while it was open is what it was', async (_, change) => {
    writeFileSync(join(directory.path, 'b.bin'), 'other')
    expect(Buffer.compare(await secondBlock(true, change), content.subarray(262_144))).toBe(0)
  })
})
