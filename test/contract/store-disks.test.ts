/** The log behaves the same on the simulator's disk and on LevelDB, also when its process ends without a word. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import type { Disk } from '../../src/store/disk.ts'
import { openLevelDisk } from '../../src/store/level-disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { verifyLog } from '../../src/store/verify.ts'
import { Author, keptFact, said, streamNamed } from '../support/author.ts'
import { all, foreign, own } from '../support/store-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const stream = streamNamed(1)

interface Home {
  readonly disk: Disk
  /** The disk as a new process finds it after this one was killed. */
  killed(): Promise<Disk>
  dispose(): Promise<void>
}

const homes: Record<string, () => Promise<Home>> = {
  'the disk in memory': async () => {
    const disk = new MemoryDisk()
    return { disk, killed: async () => disk.crash(), dispose: () => disk.close() }
  },
  LevelDB: async () => {
    const directory = await temporaryDirectory()
    const location = join(directory.path, 'log')
    const disk = await openLevelDisk({ location, create: true })
    return {
      disk,
      // What a killed process leaves is what the files hold at that moment.
      killed: async () => {
        const copy = join(directory.path, 'copy')
        await cp(location, copy, { recursive: true })
        return openLevelDisk({ location: copy, create: false })
      },
      dispose: async () => {
        await disk.close()
        await directory.remove()
      },
    }
  },
}

for (const [name, make] of Object.entries(homes))
  describe(`the log on ${name}`, () => {
    let home: Home
    beforeEach(async () => {
      home = await make()
    })
    afterEach(() => home.dispose())

    it('has every acknowledged event after its process was killed, and goes on from there', async () => {
      const store = await openStore({ disk: home.disk, vault })
      const authors = [1, 2, 3].map(seed => new Author(seed))
      const acknowledged: EventId[] = []
      const asked: Promise<unknown>[] = []
      for (let round = 0; round < 30; round += 1)
        for (const author of authors) {
          const events = author.say(
            stream,
            round === 0 ? [keptFact('hello')] : [said(`${round}`), said('more')],
          )
          const done = store.append(foreign(events), [
            { kind: 'note', entry: { at: round, about: events[0]!.id, what: 'arrived' } },
            { kind: 'own', plugin: 'p', key: `last/${author.device}`, value: Uint8Array.of(round) },
          ])
          asked.push(done.then(() => acknowledged.push(...events.map(({ id }) => id))))
        }
      await Promise.all(asked.slice(0, 40))
      const known = [...acknowledged]
      const disk = await home.killed()
      await Promise.allSettled(asked)
      const after = await openStore({ disk, vault })
      const found = new Set((await all(after.read({}))).map(({ event }) => event.id))
      expect(known.filter(id => !found.has(id))).toEqual([])
      expect(known.length).toBeGreaterThan(0)
      expect((await verifyLog({ disk, vault })).damage).toEqual([])
      expect(await after.append(own(new Author(9).say(stream, [said('on')])))).toMatchObject({ ok: true })
      await after.close()
    })

    it('reads while it is written', async () => {
      const store = await openStore({ disk: home.disk, vault })
      const alice = new Author(1)
      await store.append(
        own(
          alice.say(
            stream,
            Array.from({ length: 300 }, (_, n) => said(`${n}`)),
          ),
        ),
      )
      let seen = 0
      for await (const recorded of store.read({ stream })) {
        seen += 1
        expect(recorded.position).toBe(seen)
        if (seen % 100 === 0) await store.append(own(alice.say(stream, [said('meanwhile')])))
      }
      expect(seen).toBe(300)
      expect(store.lastPosition).toBe(303)
      expect(await verifyLog({ disk: home.disk, vault })).toMatchObject({ isWhole: true, events: 303 })
    })
  })
