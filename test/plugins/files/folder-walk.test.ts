/** A folder that is offered: what is in it, what is left out, and by which name it is told why it cannot be sent. */
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChatError } from '../../../src/kernel/api/index.ts'
import { systemFileDisk } from '../../../src/kernel/file-disk-shell.ts'
import { MemoryFileDisk } from '../../../src/kernel/testing/memory-file-disk.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { readList } from '../../../src/plugins/files/folder-list.ts'
import { walkFolder } from '../../../src/plugins/files/folder-walk.ts'
import { findSource } from '../../../src/plugins/files/source.ts'
import { fuzzRuns } from '../../support/fuzz.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts'

const BYTE = Uint8Array.of(1)

const with_ = (...paths: readonly string[]): MemoryFileDisk => {
  const disk = new MemoryFileDisk()
  for (const path of paths) disk.put(`/out/${path}`, BYTE)
  return disk
}
const refusalOf = async (disk: MemoryFileDisk): Promise<ChatError> => {
  const error = await walkFolder(disk, '/out').catch(thrown => thrown)
  expect(error).toMatchObject({ code: 'USAGE' })
  return error
}
const deep = (levels: number): string => Array.from({ length: levels }, () => 'd').join('/')

describe('what cannot be sent is named', () => {
  it.each([
    [['Makefile', 'makefile'], 'Makefile and makefile'],
    [['x/a:b', 'x/a_b'], 'x/a:b and x/a_b'],
    [['x/é'.normalize('NFC'), 'x/é'.normalize('NFD')], 'x/é'.normalize('NFD')],
    [['Lib', 'lib/a'], 'Lib and lib/a'],
    [['A/x', 'a:/y', 'a_'], 'a: and a_'],
  ])('%j', async (paths, names) => {
    const { message } = await refusalOf(with_('before', ...paths, 'zz'))
    expect(message).toContain(names)
    expect(message).not.toContain('before')
  })

  it('a path that is too long, and one that is too deep', async () => {
    const long = Array.from({ length: 5 }, () => 'n'.repeat(205)).join('/')
    expect((await refusalOf(with_('a', long))).message).toMatch(
      /^the path of \/out\/n.* has more than 1024 bytes$/,
    )
    const { message } = await refusalOf(with_('a', deep(33)))
    expect(message).toBe(`/out/${deep(33)} is more than 32 levels deep`)
  })
})

describe('what can be sent', () => {
  it('is as deep and as long as is allowed, whatever empty folders lie below', async () => {
    const disk = with_(deep(32), `${'n'.repeat(205)}/`.repeat(4) + 'n'.repeat(200))
    await disk.makeFolder(`/out/e/${deep(40)}`)
    expect(await walkFolder(disk, '/out')).toMatchObject({ skipped: 0, misnamed: 0 })
  })

  it('of any names is a list that is read again, or is refused', async () => {
    const random = new SeededRandom(8)
    const letters = ['a', 'A', 'ß', 'SS', 'é', 'e\u0301', ':', '_', '.', ' ', '\u202e', 'con', '\\', '-']
    const word = (): string =>
      Array.from(
        { length: random.between(1, 3) },
        () => letters[random.between(0, letters.length - 1)]!,
      ).join('')
    let refused = 0
    const runs = fuzzRuns(3_000)
    for (let run = 0; run < runs; run += 1) {
      const paths = Array.from({ length: random.between(1, 5) }, () =>
        Array.from({ length: random.between(1, 2) }, word).filter(part => !/^\.\.?$/.test(part)),
      ).filter(path => path.length > 0)
      const disk = new MemoryFileDisk()
      for (const path of paths)
        try {
          disk.put(`/out/${path.join('/')}`, BYTE)
        } catch (error) {
          expect(error).toBeInstanceOf(ChatError)
        }
      const walked = await walkFolder(disk, '/out').catch(error => {
        expect(error).toMatchObject({ code: 'USAGE' })
        refused += 1
      })
      if (walked !== undefined) expect(readList(walked.list, walked.bytes)).toMatchObject({ ok: true })
    }
    expect(refused).toBeGreaterThan(runs / 100)
    expect(refused).toBeLessThan(runs / 2)
  })
})

describe('on a real disk', () => {
  let directory: TemporaryDirectory
  beforeEach(async () => {
    directory = await temporaryDirectory()
    mkdirSync(join(directory.path, 'folder'))
  })
  afterEach(() => directory.remove())
  const at = (...names: readonly string[]): string => join(directory.path, ...names)
  const find = (path: string) => findSource(systemFileDisk, path)

  it('links, and names that are not UTF-8, are left out and counted', async () => {
    writeFileSync(at('folder', 'a'), 'a')
    symlinkSync('a', at('folder', 'link'))
    symlinkSync('nowhere', at('folder', 'link \ufffd'))
    expect(await find(at('folder'))).toMatchObject({ bytes: 9, skipped: 2, misnamed: 0 })
  })

  it.skipIf(process.platform !== 'linux')('names that are not UTF-8 are no links', async () => {
    const odd = (name: string): Buffer =>
      Buffer.concat([Buffer.from(`${at('folder')}/${name}`), Uint8Array.of(0xff)])
    writeFileSync(at('folder', 'a'), 'a')
    writeFileSync(odd('b'), 'b')
    mkdirSync(odd('c'))
    expect(await find(at('folder'))).toMatchObject({ bytes: 9, skipped: 0, misnamed: 2 })
  })

  it('a link is offered by its own name, and with what it leads to', async () => {
    writeFileSync(at('report-2026-11.txt'), 'words')
    symlinkSync('report-2026-11.txt', at('latest.txt'))
    symlinkSync('folder', at('shelf'))
    expect(await find(at('latest.txt'))).toMatchObject({ name: 'latest.txt', kind: 'file', bytes: 5 })
    expect(await find(at('shelf'))).toMatchObject({ name: 'shelf', kind: 'folder' })
  })

  it('an empty file is sent', async () => {
    writeFileSync(at('folder', 'a'), '')
    expect(await find(at('folder', 'a'))).toMatchObject({ bytes: 0 })
    expect(await find(at('folder'))).toMatchObject({ bytes: 8 })
  })

  it.skipIf(!existsSync('/proc/self/mountinfo'))('one that only says that it is empty is not', async () => {
    const refused = { code: 'USAGE', message: expect.stringContaining('does not say how long it is') }
    await expect(find('/proc/self/mountinfo')).rejects.toMatchObject(refused)
    await expect(find('/proc/self/net/dev_snmp6')).rejects.toMatchObject(refused)
  })
})
