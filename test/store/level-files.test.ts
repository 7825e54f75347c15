/** Files of LevelDB are judged by their checksums, and a damaged directory is verified without touching it. */
import { appendFile, cp, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32c } from '../../src/store/crc32c.ts'
import { openLevelDisk } from '../../src/store/level-disk.ts'
import { checkJournals, checkTable } from '../../src/store/level-files.ts'
import { examineJournal } from '../../src/store/level-journal.ts'
import { listedIn, readListing } from '../../src/store/level-manifest.ts'
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
    expect(listedIn(bytes)?.tables.size).toBe(1)
    for (let offset = 0; offset < bytes.length; offset += 1) {
      listedIn(bytes.subarray(0, offset))
      bytes[offset]! ^= 0x81
      listedIn(bytes)
      bytes[offset]! ^= 0x81
    }
  })
})

describe('a manifest that lost its last edit', () => {
  it('keeps the log from being opened, before LevelDB deletes the tables that the edit added', async () => {
    await settle()
    const name = (await readdir(location)).find(file => file.startsWith('MANIFEST'))!
    const bytes = await readFile(join(location, name))
    let last = 0
    for (let at = 0; at < bytes.length; at += 7 + bytes.readUInt16LE(at + 4)) last = at
    await flip(join(location, name), last + 5)
    const before = await readdir(location)
    await expect(open_(false)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining(`${name}, byte ${last}`),
    })
    expect((await verify()).damage[0]).toMatchObject({ place: `file ${name}, byte ${last}` })
    expect(await readdir(location)).toEqual(before)
  })
})

describe('the journal of LevelDB', () => {
  const holes = (bytes: Uint8Array) => examineJournal(bytes).holes

  it('may end torn, but may not have a hole', async () => {
    const bytes = await readFile(await pathOf('.log'))
    expect(bytes.length).toBeGreaterThan(3 * 32_768)
    expect(examineJournal(bytes)).toEqual({ holes: [], isEmpty: false, tornAt: undefined })
    for (let length = 0; length < bytes.length; length += 4999)
      expect(holes(bytes.subarray(0, length))).toEqual([])
    for (let offset = 0; offset < bytes.length; offset += 1997) {
      bytes[offset]! ^= 1
      expect(holes(bytes), `byte ${offset}`).toHaveLength(1)
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

describe('a journal of a few short texts', () => {
  const TEXTS = 5
  let path: string
  let whole: Buffer
  /** Where each record begins. */
  let starts: number[]

  beforeEach(async () => {
    await rm(location, { recursive: true })
    const store = await openStore({ disk: await open_(true), vault })
    const alice = new Author(1)
    for (let n = 0; n < TEXTS; n += 1) await store.append(own(alice.say(streamNamed(1), [said(`text ${n}`)])))
    await store.close()
    path = await pathOf('.log')
    whole = await readFile(path)
    starts = [0]
    for (let at = 0; at < whole.length; starts.push(at)) at += 7 + whole.readUInt16LE(at + 4)
    expect(starts.pop()).toBe(whole.length)
  })

  it('is damaged wherever a bit of it flips, also in its last record, and says where', () => {
    expect(whole.length).toBeLessThan(32_768)
    for (let offset = 0; offset < whole.length; offset += 1) {
      const bytes = Buffer.from(whole)
      bytes[offset]! ^= 1 << (offset & 7)
      const { holes } = examineJournal(bytes)
      expect(holes, `byte ${offset}`).toHaveLength(1)
      expect(holes[0]!.offset).toBe(starts.findLast(start => start <= offset))
    }
  })

  it('has a hole where a record, or every record but the last, did not arrive', () => {
    for (const [from, to] of [
      [starts[2]!, starts[3]!],
      [starts[2]! + 7, starts[3]!],
      [0, starts.at(-1)!],
    ] as const) {
      const bytes = Buffer.from(whole).fill(0, from, to)
      expect(examineJournal(bytes).holes).toMatchObject([{ offset: from < starts[2]! ? 0 : starts[2]! }])
    }
  })

  it('ends torn where a write was cut off, or the file had grown and the data had not come', () => {
    const last = starts.at(-1)!
    for (let length = 0; length <= whole.length; length += 1) {
      expect(examineJournal(whole.subarray(0, length)).holes, `cut at ${length}`).toEqual([])
      const grown = Buffer.concat([whole.subarray(0, length), Buffer.alloc(70_000)])
      expect(examineJournal(grown).holes, `zeros from ${length}`).toEqual([])
    }
    for (let sector = (last | 511) + 1; sector < whole.length; sector += 512) {
      const torn = Buffer.from(whole).fill(0, sector, Math.min(sector + 512, whole.length))
      expect(examineJournal(torn)).toMatchObject({ holes: [], tornAt: last })
    }
  })

  it('is refused with the place, is left alone, and the rest is read', async () => {
    await flip(path, whole.length >> 1)
    const hole = starts.findLast(start => start <= whole.length >> 1)
    const before = [await readdir(location), await readFile(path)]
    await expect(open_(false)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining(`${basename(path)}, byte ${hole}`),
    })
    const report = await verify()
    expect(report).toMatchObject({ isWhole: false, events: TEXTS - 1 })
    expect(report.damage[0]).toMatchObject({ place: `file ${basename(path)}, byte ${hole}` })
    expect(report.damage).toContainEqual(expect.objectContaining({ what: 'it is missing' }))
    expect([await readdir(location), await readFile(path)]).toEqual(before)
  })

  it('that is torn is told of, and is left alone until the log is opened', async () => {
    await truncate(path, whole.length - 3)
    const torn = await readFile(path)
    expect(await verify()).toMatchObject({
      isWhole: true,
      events: TEXTS - 1,
      unfinished: [`file ${basename(path)}, byte ${starts.at(-1)}`],
    })
    expect(await readFile(path)).toEqual(torn)
  })

  it('may not end torn when a younger one has something in it', async () => {
    await truncate(path, whole.length - 3)
    const younger = join(location, '000999.log')
    await writeFile(younger, '')
    expect((await checkJournals(location)).damage).toEqual([])
    await writeFile(younger, whole)
    expect((await checkJournals(location)).damage).toMatchObject([{ file: basename(path) }])
  })

  it('that its manifest no longer counts is not looked at', async () => {
    await settle()
    await writeFile(join(location, '000001.log'), Buffer.concat([whole, whole.fill(1, 0, 20)]))
    expect((await checkJournals(location)).damage).toEqual([])
  })

  it('that cannot be read is damage, and no reason to go on without it', async () => {
    await mkdir(join(location, '000999.log'))
    await expect(open_(false)).rejects.toMatchObject({ message: expect.stringContaining('EISDIR') })
    expect(await verify()).toMatchObject({ isWhole: false, events: TEXTS })
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
    expect((await readListing(location))?.tables).toEqual(new Set([table]))
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

  it('that does not open is told of by its own name, not by that of a copy', async () => {
    await settle()
    await appendFile(await pathOf('.log'), Buffer.alloc(100, 3))
    await rm(await pathOf('.ldb'))
    const { damage } = await verify()
    expect(damage[0]?.what).toContain(location)
    expect(JSON.stringify(damage)).not.toContain('scratch')
  })

  it('with a table that was cut off, or with nothing in it, is reported', async () => {
    await settle()
    await truncate(await pathOf('.ldb'), 5_000)
    expect(await verify()).toMatchObject({ isWhole: false })
    await rm(location, { recursive: true })
    expect((await verify()).damage).toMatchObject([{ what: expect.stringContaining('there is no log') }])
  })
})
