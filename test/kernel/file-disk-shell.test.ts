/** The real file system behind the interface: final names are taken in one step and from nobody, and failures are told. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemFileDisk as disk } from '../../src/kernel/file-disk-shell.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'

let directory: TemporaryDirectory
const at = (...names: string[]): string => join(directory.path, ...names)
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => directory.remove())

describe('the file system', () => {
  it('writes, reads and syncs anywhere in a file that only its owner may read', async () => {
    const file = await disk.openOwn(at('part'))
    await file.write(Uint8Array.of(4, 5), 3)
    await file.write(Uint8Array.of(1, 2, 3), 0)
    await file.sync()
    const into = new Uint8Array(9)
    expect(await file.read(into, 1)).toBe(4)
    expect([...into.subarray(0, 4)]).toEqual([2, 3, 4, 5])
    expect(await file.facts()).toMatchObject({ kind: 'file', bytes: 5 })
    await file.close()
    expect(statSync(at('part')).mode & 0o777).toBe(0o600)
  })

  it('says what lies on one volume and what does not', async () => {
    writeFileSync(at('a'), '')
    const volumeOf = async (path: string): Promise<string | undefined> => (await disk.facts(path))?.volume
    expect(await volumeOf(at('a'))).toBe(await volumeOf(directory.path))
    if (process.platform === 'linux') expect(await volumeOf('/proc')).not.toBe(await volumeOf(at('a')))
  })

  it('gives a file its name, but never one that is taken', async () => {
    writeFileSync(at('part'), 'new')
    writeFileSync(at('name'), 'old')
    expect(await disk.publish(at('part'), at('name'))).toBe(false)
    expect(readFileSync(at('name'), 'utf8')).toBe('old')
    symlinkSync(at('nowhere'), at('dangling'))
    expect(await disk.publish(at('part'), at('dangling'))).toBe(false)
    expect(await disk.publish(at('part'), at('other'))).toBe(true)
    expect([readFileSync(at('other'), 'utf8'), existsSync(at('part'))]).toEqual(['new', false])
  })

  it('gives a folder its name, but never one that is taken', async () => {
    await disk.makeFolder(at('part', 'sub'))
    mkdirSync(at('taken'))
    writeFileSync(at('taken', 'x'), 'x')
    writeFileSync(at('file'), 'x')
    expect(await disk.publish(at('part'), at('taken'))).toBe(false)
    expect(await disk.publish(at('part'), at('file'))).toBe(false)
    expect(await disk.publish(at('part'), at('free'))).toBe(true)
    expect(await disk.names(at('free'))).toEqual(['sub'])
  })

  it('goes through no link where it writes', async () => {
    writeFileSync(at('precious'), 'precious')
    symlinkSync(at('precious'), at('.a.ntm-part'))
    await expect(disk.openOwn(at('.a.ntm-part'))).rejects.toMatchObject({ code: 'DISK_FAILED' })
    expect(await disk.facts(at('.a.ntm-part'))).toMatchObject({ kind: 'other' })
    expect(await disk.real(at('.a.ntm-part'))).toBe(await disk.real(at('precious')))
  })

  it.each<[string, () => void]>([
    ['was written to', () => writeFileSync(at('a'), 'two')],
    [
      'was written to and got its old time back',
      () => {
        const { atime, mtime, ctimeMs } = statSync(at('a'))
        // The clock of a file system moves on in steps of some milliseconds.
        while (statSync(at('a')).ctimeMs === ctimeMs) writeFileSync(at('a'), 'two')
        utimesSync(at('a'), atime, mtime)
      },
    ],
    [
      'is another one, with an older time',
      () => {
        writeFileSync(at('b'), 'two')
        utimesSync(at('b'), 1, 1)
        renameSync(at('b'), at('a'))
      },
    ],
    [
      'is a link to another one by now',
      () => {
        writeFileSync(at('b'), 'two')
        rmSync(at('a'))
        symlinkSync(at('b'), at('a'))
      },
    ],
  ])('gives another stamp to a file that %s', async (_, change) => {
    const stampOf = async (): Promise<string> => {
      const file = await disk.open(at('a'))
      const { stamp } = await file.facts()
      await file.close()
      return stamp
    }
    writeFileSync(at('a'), 'one')
    utimesSync(at('a'), 2, 2)
    const before = await stampOf()
    expect(await stampOf()).toBe(before)
    expect((await disk.facts(at('a')))?.stamp).toBe(before)
    change()
    expect(await stampOf()).not.toBe(before)
  })

  it('opens nothing but files', async () => {
    await expect(disk.open(at())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(disk.open('/dev/null')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(disk.open(at('nothing'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await disk.facts(at('nothing'))).toBeUndefined()
  })

  it('tells how much room there is', async () => {
    expect(await disk.freeBytes(at())).toBeGreaterThan(0)
    await expect(disk.freeBytes(at('nothing'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('removes folders with everything in them, and what is not there', async () => {
    await disk.makeFolder(at('a', 'b'))
    writeFileSync(at('a', 'b', 'c'), 'x')
    chmodSync(at('a', 'b', 'c'), 0o400)
    await disk.remove(at('a'))
    await disk.remove(at('a'))
    expect(existsSync(at('a'))).toBe(false)
  })
})
