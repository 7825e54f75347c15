/** Damage on a real LevelDB directory becomes a sentence, is never overwritten, and hides no more than itself. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskError, del, put } from '../../src/store/disk.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { openLevelDisk } from '../../src/store/level-disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { verifyLog } from '../../src/store/verify.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { all, own } from '../support/store-world.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const keys = new Keyspace(vault)
const EVENTS = 200

let directory: TemporaryDirectory
let location: string

/** A log of several hundred events, closed and opened once, so that they lie in a table. */
beforeEach(async () => {
  directory = await temporaryDirectory()
  location = join(directory.path, 'log')
  const store = await openStore({ disk: await openLevelDisk({ location, create: true }), vault })
  const alice = new Author(1)
  await store.append(
    own(
      alice.say(
        streamNamed(1),
        Array.from({ length: EVENTS }, (_, n) => said(`text ${n}`)),
      ),
    ),
  )
  await store.close()
  await (await openLevelDisk({ location, create: false })).close()
})
afterEach(() => directory.remove())

const openDisk = () => openLevelDisk({ location, create: true })
const files = async (pattern: RegExp) => (await readdir(location)).filter(name => pattern.test(name)).sort()
const contents = async () =>
  Promise.all(
    (await files(/ldb$|CURRENT|MANIFEST/)).map(async name => [name, await readFile(join(location, name))]),
  )

async function verify() {
  const disk = await openDisk()
  try {
    return await verifyLog({ disk, vault })
  } finally {
    await disk.close()
  }
}

describe('LevelDB that is whole', () => {
  it('verifies, and can be read while it is locked for others', async () => {
    expect(await verify()).toMatchObject({ isWhole: true, events: EVENTS })
    const disk = await openDisk()
    await expect(openDisk()).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringContaining(location),
    })
    await disk.close()
  })

  it('is not made where none is wanted', async () => {
    await expect(
      openLevelDisk({ location: join(directory.path, 'no'), create: false }),
    ).rejects.toMatchObject({
      kind: 'damaged',
    })
    expect(await readdir(directory.path)).toEqual(['log'])
  })
})

describe('a directory that LevelDB cannot open', () => {
  const damages: Record<string, () => Promise<void>> = {
    'without CURRENT': () => rm(join(location, 'CURRENT')),
    'with an empty CURRENT': () => truncate(join(location, 'CURRENT'), 0),
    'with a CURRENT that names nothing': () => writeFile(join(location, 'CURRENT'), 'MANIFEST-999999\n'),
    'without its MANIFEST': async () => rm(join(location, (await files(/MANIFEST/))[0]!)),
    'with an empty MANIFEST': async () => truncate(join(location, (await files(/MANIFEST/))[0]!), 0),
    'without a table': async () => rm(join(location, (await files(/ldb$/))[0]!)),
  }
  for (const [name, damage] of Object.entries(damages))
    it(`${name} is refused with a sentence and left as it is`, async () => {
      await damage()
      const before = await contents()
      const refused = await openDisk().catch(error => error)
      expect(refused).toBeInstanceOf(DiskError)
      expect(refused).toMatchObject({ kind: 'damaged', message: expect.stringContaining(location) })
      expect(await contents()).toEqual(before)
    })
})

describe('a damaged value', () => {
  it('is named by its position; what is around it is read, and nothing is written', async () => {
    const disk = await openDisk()
    const value = (await disk.get(keys.record(120)))!
    value[40]! ^= 1
    await disk.batch([put(keys.record(120), value), del(keys.record(121))], { sync: true })
    await disk.close()
    expect((await verify()).damage.map(({ place }) => place)).toEqual([
      'the event at position 120',
      'the event at position 121',
    ])
    const store = await openStore({ disk: await openDisk(), vault })
    expect(await all(store.read({}))).toHaveLength(EVENTS - 2)
    expect(store.damage?.message).toContain('position 120')
    await expect(store.append(own(new Author(2).say(streamNamed(1), [said('x')])))).rejects.toMatchObject({
      kind: 'damaged',
    })
    await store.close()
  })
})
