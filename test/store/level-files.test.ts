/** Files of LevelDB are judged by their checksums, and a damaged directory is verified without touching it. */
import { appendFile, cp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c } from '../../src/store/crc32c.ts'
import { openLevelDisk } from '../../src/store/level-disk.ts'
import { checkJournal, checkTable } from '../../src/store/level-files.ts'
import { liveTables, tablesIn } from '../../src/store/level-manifest.ts'
import { openStore } from '../../src/store/log-store.ts'
import { verifyDirectory } from '../../src/store/verify-directory.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { own } from '../support/store-world.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const EVENTS = 400

let directory: TemporaryDirectory
let location: string

const open_ = (create: boolean) => openLevelDisk({ location, create })
const pathOf = async (ending: string) =>
  join(location, (await readdir(location)).find(name => name.endsWith(ending)) ?? `no ${ending}`)
const verify = () => verifyDirectory({ location, vault, scratch: join(directory.path, 'scratch') })

/** Several hundred events in LevelDB's journal. */
beforeEach(async () => {
  directory = await temporaryDirectory()
  location = join(directory.path, 'log')
  const store = await openStore({ disk: await open_(true), vault })
  const alice = new Author(1)
  for (let part = 0; part < 4; part += 1) {
    const texts = Array.from({ length: EVENTS / 4 }, (_, n) => said(`text ${part} ${n}`))
    await store.append(own(alice.say(streamNamed(1), texts)))
  }
  await store.close()
})
afterEach(() => directory.remove())

/** Moves the events from the journal to a table. */
const settle = async () => (await open_(false)).close()

async function flip(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, offset)
  byte[0]! ^= 0x10
  await file.write(byte, 0, 1, offset)
  await file.close()
}

describe('the checksum', () => {
  it('is that of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })
})

describe('a table', () => {
  it('is sound as it was written, and nowhere else', async () => {
    await settle()
    const bytes = await readFile(await pathOf('.ldb'))
    expect(checkTable('t', bytes)).toEqual([])
    for (let offset = 0; offset < bytes.length - 48; offset += 997) {
      bytes[offset]! ^= 1
      expect(checkTable('t', bytes), `byte ${offset}`).toHaveLength(1)
      bytes[offset]! ^= 1
    }
    for (let length = 0; length < bytes.length; length += 4999)
      expect(checkTable('t', bytes.subarray(0, length))).toHaveLength(1)
  })
})

describe('a manifest', () => {
  it('that was changed anywhere never throws', async () => {
    await settle()
    const name = (await readdir(location)).find(file => file.startsWith('MANIFEST'))!
    const bytes = await readFile(join(location, name))
    expect(tablesIn(bytes)?.size).toBe(1)
    for (let offset = 0; offset < bytes.length; offset += 1) {
      tablesIn(bytes.subarray(0, offset))
      bytes[offset]! ^= 0x81
      tablesIn(bytes)
      bytes[offset]! ^= 0x81
    }
  })
})

describe('the journal of LevelDB', () => {
  it('may end torn, but may not have a hole', async () => {
    const bytes = await readFile(await pathOf('.log'))
    expect(bytes.length).toBeGreaterThan(3 * 32_768)
    expect(checkJournal('j', bytes)).toEqual([])
    for (let length = 0; length < bytes.length; length += 4999)
      expect(checkJournal('j', bytes.subarray(0, length))).toEqual([])
    for (let offset = 0; offset < bytes.length - 40_000; offset += 4999) {
      bytes[offset]! ^= 1
      expect(checkJournal('j', bytes), `byte ${offset}`).toHaveLength(1)
      bytes[offset]! ^= 1
    }
  })

  it('with a hole keeps the log from being opened, before LevelDB throws the rest away', async () => {
    const path = await pathOf('.log')
    await flip(path, 40_000)
    const before = await readFile(path)
    await expect(open_(false)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('hole'),
    })
    expect(await readFile(path)).toEqual(before)
    expect(await verify()).toMatchObject({ isWhole: false })
    expect(await readFile(path)).toEqual(before)
  })

  it('with a torn end is opened', async () => {
    await appendFile(await pathOf('.log'), Buffer.alloc(100, 3))
    const store = await openStore({ disk: await open_(false), vault })
    expect(store.lastPosition).toBe(EVENTS)
    await store.close()
  })
})

describe('a directory', () => {
  it('that is whole has nothing to report', async () => {
    expect(await verify()).toMatchObject({ isWhole: true, events: EVENTS })
    await settle()
    expect(await verify()).toMatchObject({ isWhole: true, events: EVENTS })
  })

  it('may hold half a table that its manifest does not list', async () => {
    await settle()
    const table = Number.parseInt(basename(await pathOf('.ldb')), 10)
    await writeFile(join(location, '000999.ldb'), new Uint8Array(5_000))
    expect(await verify()).toMatchObject({ isWhole: true, events: EVENTS })
    expect(await liveTables(location)).toEqual(new Set([table]))
  })

  it('with damaged blocks is read around them and left as it is', async () => {
    await settle()
    const path = await pathOf('.ldb')
    const length = (await readFile(path)).length
    await flip(path, Math.floor(length * 0.3))
    await flip(path, Math.floor(length * 0.6))
    const before = await readFile(path)
    const report = await verify()
    expect(report.damage.slice(0, 2)).toMatchObject([
      {
        place: expect.stringMatching(/^file \d+\.ldb, byte \d+$/),
        what: expect.stringContaining('checksum'),
      },
      { place: expect.stringMatching(/^file/) },
    ])
    expect(report.events).toBeGreaterThan(EVENTS * 0.9)
    expect(await readFile(path)).toEqual(before)
    expect(await readdir(directory.path)).toEqual(['log'])
  })

  it('survives a flip at any byte of a table', async () => {
    await settle()
    const path = await pathOf('.ldb')
    const whole = await readFile(path)
    const kept = join(directory.path, 'whole')
    await cp(location, kept, { recursive: true })
    for (let part = 1; part <= 12; part += 1) {
      await flip(path, Math.floor((whole.length * part * 0.997) / 12))
      expect((await verify()).isWhole, `part ${part}`).toBe(false)
      await rm(location, { recursive: true })
      await cp(kept, location, { recursive: true })
    }
  }, 60_000)

  it('with a table that was cut off, or with nothing in it, is reported', async () => {
    await settle()
    await truncate(await pathOf('.ldb'), 5_000)
    expect(await verify()).toMatchObject({ isWhole: false })
    await rm(location, { recursive: true })
    expect((await verify()).damage).toMatchObject([{ what: expect.stringContaining('there is no log') }])
  })
})
