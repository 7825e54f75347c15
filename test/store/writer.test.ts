/** One writer: commits gather while a batch is on its way, and a failed batch takes nobody else down. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk, type MemoryDiskFaults } from '../../src/kernel/testing/memory-disk.ts'
import { DiskError } from '../../src/store/disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { all, foreign, own } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()

/** A log whose synced batches wait until they are let go, and are counted. */
async function heldStore() {
  const synced: boolean[] = []
  let release = (): void => {}
  const faults: MemoryDiskFaults = {}
  const disk = new MemoryDisk(faults)
  const store = await openStore({ disk, vault })
  faults.fail = (_nth, sync) => {
    synced.push(sync)
    return undefined
  }
  const hold = () => {
    faults.slowSync = () =>
      new Promise(resolve => {
        release = resolve
      })
  }
  const letGo = () => {
    delete faults.slowSync
    release()
  }
  return { store, disk, faults, synced, hold, letGo }
}

const ticks = async () => {
  for (let count = 0; count < 20; count += 1) await undefined
}

describe('group commit', () => {
  it('gathers everything that is asked for while a batch is being synced', async () => {
    const { store, synced, hold, letGo } = await heldStore()
    const authors = [1, 2, 3, 4, 5].map(seed => new Author(seed))
    hold()
    const first = store.append(own(authors[0]!.say(streamNamed(1), [said('first')])))
    await ticks()
    const others = authors.map(author => store.append(foreign(author.say(streamNamed(2), [said('other')]))))
    await ticks()
    letGo()
    await Promise.all([first, ...others])
    expect(synced).toEqual([true, true])
    expect((await all(store.read({}))).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('answers nobody before the sync', async () => {
    const { store, hold, letGo } = await heldStore()
    hold()
    let answered = false
    const appended = store.append(own(new Author(1).say(streamNamed(1), [said('x')]))).then(() => {
      answered = true
    })
    await ticks()
    expect(answered).toBe(false)
    letGo()
    await appended
    expect(answered).toBe(true)
  })

  it('syncs only what was asked to be synced', async () => {
    const { store, synced } = await heldStore()
    const aside = { kind: 'own', plugin: 'p', key: 'k', value: Uint8Array.of(1) } as const
    await store.write([aside], { sync: false })
    await store.write([aside], { sync: true })
    expect(synced).toEqual([false, true])
  })

  it('splits what is too much for one batch', async () => {
    const { store, synced } = await heldStore()
    const big = new Uint8Array(1024 * 1024)
    const writes = Array.from({ length: 10 }, (_, index) =>
      store.write([{ kind: 'own', plugin: 'p', key: `${index}`, value: big }], { sync: true }),
    )
    await Promise.all(writes)
    expect(synced).toHaveLength(3)
  })
})

describe('what gathers while a batch is on its way', () => {
  it('builds on it: chains go on, what comes twice is known, data can be dropped', async () => {
    const { store, disk, synced, hold, letGo } = await heldStore()
    const alice = new Author(1)
    const [one] = alice.say(streamNamed(1), [said('one')])
    const [two] = alice.say(streamNamed(1), [said('two')])
    hold()
    const first = store.append(own([one!]))
    await ticks()
    const next = store.append(own([two!]))
    const twice = store.append(own([one!, two!]))
    const dropped = store.dropData(one!.id)
    await ticks()
    letGo()
    expect(await first).toMatchObject({ value: [{ isNew: true, recorded: { position: 1 } }] })
    expect(await next).toMatchObject({ value: [{ isNew: true, recorded: { position: 2 } }] })
    expect(await twice).toMatchObject({ value: [{ isNew: false }, { isNew: false }] })
    expect(await dropped).toBe('dropped')
    expect(synced).toEqual([true, true])
    const again = await openStore({ disk: disk.reopen(), vault })
    const events = (await all(again.read({}))).map(({ event }) => event)
    expect(events.map(({ id, data }) => [id, data === undefined])).toEqual([
      [one!.id, true],
      [two!.id, false],
    ])
    expect(await again.verify()).toMatchObject({ isWhole: true, dropped: 1 })
  })

  it('takes old entries out of the journal that are on their way', async () => {
    const { disk, hold, letGo } = await heldStore()
    const store = await openStore({ disk, vault, journalEntries: 2 })
    const about = new Author(1).say(streamNamed(1), [said('x')])[0]!.id
    const note = (at: number) =>
      store.write([{ kind: 'note', entry: { at, about, what: 'w' } }], { sync: true })
    hold()
    const written = [1, 2, 3].map(note)
    await ticks()
    written.push(note(4))
    await ticks()
    letGo()
    await Promise.all(written)
    expect((await all(store.journal(about))).map(({ at }) => at)).toEqual([3, 4])
    expect((await all(store.journal())).map(({ at }) => at)).toEqual([3, 4])
    expect(await store.verify()).toMatchObject({ isWhole: true })
  })

  it('falls with it, and can be written again', async () => {
    const { store, faults, hold, letGo } = await heldStore()
    const alice = new Author(1)
    const [one] = alice.say(streamNamed(1), [said('one')])
    const [two] = alice.say(streamNamed(1), [said('two')])
    hold()
    const held = faults.slowSync!
    faults.slowSync = async () => {
      await held()
      throw new DiskError('full', 'on purpose')
    }
    const outcomes = Promise.allSettled([
      store.append(own([one!])),
      ticks().then(() => store.append(own([two!]))),
      ticks().then(() => store.append(foreign(new Author(2).say(streamNamed(1), [said('b')])))),
    ])
    await ticks()
    await ticks()
    letGo()
    const failed = { status: 'rejected', reason: { kind: 'full' } }
    expect(await outcomes).toMatchObject([failed, failed, failed])
    expect(store.lastPosition).toBe(0)
    expect(await store.append(own([two!]))).toEqual({ ok: false, why: 'gap' })
    expect(await store.append(own([one!, two!]))).toMatchObject({
      value: [{ recorded: { position: 1 } }, { recorded: { position: 2 } }],
    })
  })
})

describe('a full disk', () => {
  it('rejects exactly the commits of that batch and leaves nothing of them', async () => {
    const { store, disk, faults } = await heldStore()
    const [alice, bob] = [new Author(1), new Author(2)]
    const before = alice.say(streamNamed(1), [said('0')])
    await store.append(own(before))
    faults.fail = () => 'full'
    const note = { kind: 'note', entry: { at: 1, about: undefined, what: 'never' } } as const
    const lost = alice.say(streamNamed(1), [said('1')])
    const failed = await Promise.allSettled([
      store.append(own(lost), [note]),
      store.append(foreign(bob.say(streamNamed(1), [said('b')]))),
    ])
    expect(failed).toMatchObject([
      { status: 'rejected', reason: { kind: 'full' } },
      { status: 'rejected', reason: { kind: 'full' } },
    ])
    delete faults.fail
    expect(await store.append(own(lost))).toMatchObject({
      value: [{ isNew: true, recorded: { position: 2 } }],
    })
    const again = await openStore({ disk: disk.reopen(), vault })
    expect((await all(again.read({}))).map(({ event }) => event.id)).toEqual([before[0]!.id, lost[0]!.id])
    expect(await all(again.journal())).toEqual([])
  })

  it('lets the next batch through as soon as there is space', async () => {
    const { store, faults } = await heldStore()
    let count = 0
    faults.fail = () => (++count % 2 === 1 ? 'full' : undefined)
    const authors = Array.from({ length: 6 }, (_, seed) => new Author(seed + 1))
    const outcomes: boolean[] = []
    for (const author of authors) {
      const done = store.append(own(author.say(streamNamed(1), [said('x')])))
      outcomes.push(
        await done.then(
          () => true,
          () => false,
        ),
      )
    }
    expect(outcomes).toEqual([false, true, false, true, false, true])
    expect((await all(store.read({}))).map(({ position }) => position)).toEqual([1, 2, 3])
  })
})

describe('a disk that lies about a failure', () => {
  it('ends the writing, because nobody would know of what it kept', async () => {
    const disk = new MemoryDisk()
    const store = await openStore({ disk, vault })
    const honest = disk.batch.bind(disk)
    disk.batch = async (ops, how) => {
      await honest(ops, how)
      throw new Error('reported as failed')
    }
    const alice = new Author(1)
    await expect(store.append(own(alice.say(streamNamed(1), [said('0')])))).rejects.toThrow(
      'reported as failed',
    )
    disk.batch = honest
    await expect(store.append(own(alice.say(streamNamed(1), [said('1')])))).rejects.toThrow('start again')
  })
})

describe('closing', () => {
  it('finishes what was asked for and takes nothing more', async () => {
    const { store, disk } = await heldStore()
    const alice = new Author(1)
    const last = store.append(own(alice.say(streamNamed(1), [said('last')])))
    await store.close()
    expect(await last).toMatchObject({ ok: true })
    await expect(store.append(own(alice.say(streamNamed(1), [said('late')])))).rejects.toThrow('closed')
    expect((await openStore({ disk: disk.reopen(), vault })).lastPosition).toBe(1)
  })
})
