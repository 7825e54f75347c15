/** A verification finds every kind of damage that is planted, names its place, and goes on behind it. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { type DiskOp, del, put } from '../../src/store/disk.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { openStore } from '../../src/store/log-store.ts'
import { encodePosition, encodeRecord, encodeTips } from '../../src/store/values.ts'
import { verifyLog } from '../../src/store/verify.ts'
import { Author, keptFact, said, streamNamed } from '../support/author.ts'
import { all, foreign, own } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const keys = new Keyspace(vault)
const stream = streamNamed(1)

let disk: MemoryDisk
let alices: Opened[]
let bobs: Opened[]

/** Twelve events of two authors: positions 1 to 6 and 7 to 12. */
beforeEach(async () => {
  disk = new MemoryDisk()
  const store = await openStore({ disk, vault })
  const [alice, bob] = [new Author(1), new Author(2)]
  alices = alice.say(stream, [keptFact('rule'), ...['1', '2', '3', '4', '5'].map(said)])
  bobs = bob.say(stream, ['0', '1', '2', '3', '4', '5'].map(said))
  await store.append(own(alices), [
    { kind: 'own', plugin: 'p', key: 'a/b', value: Uint8Array.of(1) },
    { kind: 'snapshot', name: 'chats', snapshot: { version: 1, position: 3, state: Uint8Array.of(1) } },
    { kind: 'note', entry: { at: 1, about: alices[0]!.id, what: 'sent' } },
  ])
  await store.append(foreign(bobs))
})

const verify = () => verifyLog({ disk, vault })
const plant = (...ops: DiskOp[]) => disk.batch(ops, { sync: true })
const flip = async (key: Uint8Array) => {
  const value = (await disk.get(key))!
  value[value.length >> 1]! ^= 1
  await plant(put(key, value))
}
const places = async () => (await verify()).damage.map(({ place, what }) => `${place}: ${what}`)

describe('a whole log', () => {
  it('has nothing to report', async () => {
    expect(await verify()).toEqual({
      events: 12,
      streams: 1,
      chains: 2,
      dropped: 0,
      forks: [],
      gaps: 0,
      unfinished: [],
      isWhole: true,
      damage: [],
      damageCount: 0,
    })
  })

  it('may have dropped data and forks', async () => {
    const store = await openStore({ disk, vault })
    await store.dropData(alices[2]!.id)
    const branch = new Author(2).say(stream, [said('3b')], { seq: 2, id: bobs[2]!.id })
    await store.append(foreign(branch))
    expect(await verify()).toMatchObject({
      dropped: 1,
      isWhole: true,
      forks: [{ stream, author: bobs[0]!.envelope.author, seq: 3, id: branch[0]!.id }],
    })
  })

  it('is not written to', async () => {
    let batches = 0
    disk.faults.fail = () => {
      batches += 1
      return undefined
    }
    await flip(keys.record(3))
    await verify()
    expect(batches).toBe(1)
  })
})

describe('a record', () => {
  it('with a flipped byte is named, and the rest stays readable', async () => {
    await flip(keys.record(3))
    const report = await verify()
    expect(report).toMatchObject({ isWhole: false, damageCount: 1, events: 11 })
    expect(report.damage[0]!.place).toBe('the event at position 3')
    expect(report.damage[0]!.what).toContain('its value was changed')
    expect(report.damage[0]!.advice).toContain('keep a copy')
    const store = await openStore({ disk, vault })
    expect(await all(store.read({}))).toHaveLength(11)
    expect(await all(store.chain({ stream, author: alices[0]!.envelope.author }))).toHaveLength(2)
    await expect(store.find(alices[2]!.id)).rejects.toMatchObject({ kind: 'damaged' })
  })

  it('that is missing is named', async () => {
    await plant(del(keys.record(5)))
    expect(await places()).toEqual(['the event at position 5: it is missing'])
  })

  it('that holds something else is named', async () => {
    const key = keys.record(2)
    await plant(put(key, vault.seal(key, Uint8Array.of(1, 2, 3))))
    expect(await places()).toEqual([expect.stringContaining('it is no sealed event')])
  })

  it('that was moved to another place does not open there', async () => {
    await plant(put(keys.record(4), (await disk.get(keys.record(3)))!))
    expect(await places()).toEqual([expect.stringContaining('position 4')])
  })

  const rewrite = (position: number, event: Opened) => {
    const key = keys.record(position)
    return plant(put(key, vault.seal(key, encodeRecord({ receivedAt: 1, via: 'self', event }))))
  }

  it('with a signature of someone else is named', async () => {
    const [forged] = [{ ...bobs[5]!, sig: alices[5]!.sig! }]
    await rewrite(12, forged)
    expect(await places()).toEqual([expect.stringMatching(/position 12: its signature/)])
  })

  it('that no signature covers is named', async () => {
    const { sig: _, ...unsigned } = bobs[5]!
    await rewrite(12, unsigned)
    expect(await places()).toEqual(['the event at position 12: no signature covers it'])
  })

  it('with other data than was signed is named', async () => {
    await rewrite(9, { ...bobs[2]!, data: bobs[3]!.data!, salt: bobs[3]!.salt! })
    expect(await places()).toEqual([expect.stringContaining('data-not-as-committed')])
  })

  it('of a chain that misses an event is named', async () => {
    await plant(del(keys.record(8)), del(keys.id(bobs[1]!.id)))
    expect(await places()).toEqual([
      'the event at position 8: it is missing',
      'the event at position 9: the author’s event before it (seq 1) is missing',
    ])
  })
})

describe('an index', () => {
  const author = () => alices[0]!.envelope.author

  it('that lost an entry is named', async () => {
    await plant(
      del(keys.id(alices[1]!.id)),
      del(keys.order(stream, 3)),
      del(keys.kept(stream, 1)),
      del(keys.chain(stream, author(), 3, 4)),
    )
    expect((await verify()).damage.map(({ place }) => place)).toEqual([
      `the kept index of event ${alices[0]!.id}`,
      `the id index of event ${alices[1]!.id}`,
      `the order index of event ${alices[2]!.id}`,
      `the chain index of event ${alices[3]!.id}`,
    ])
  })

  it('that points elsewhere is named', async () => {
    const key = keys.id(alices[1]!.id)
    await plant(put(key, vault.seal(key, encodePosition(9))))
    expect((await places())[0]).toContain('it points at position 9, the event is at 2')
  })

  it('whose value does not open is named once', async () => {
    await flip(keys.id(alices[1]!.id))
    expect(await places()).toHaveLength(1)
  })

  it('with an entry too many is named', async () => {
    const empty = new Uint8Array(0)
    await plant(put(keys.order(stream, 99), empty), put(keys.order(streamNamed(2), 3), empty))
    await plant(put(keys.kept(stream, 4), empty), put(keys.chain(stream, author(), 9, 2), empty))
    expect((await places()).sort()).toEqual([
      'the chain index: an entry points at position 2 wrongly',
      'the kept index: an entry points at position 4 wrongly',
      'the order index: an entry points at position 3 wrongly',
      'the order index: an entry points at position 99 wrongly',
    ])
  })

  it('of tips that are behind, gone or too many is named', async () => {
    const bob = bobs[0]!.envelope.author
    const tip = (seq: number, of: Opened[], key = keys.tips(stream, bob), by = bob) =>
      put(key, vault.seal(key, encodeTips({ author: by, branches: [{ seq, id: of[seq]!.id }] })))
    const stray = keys.tips(streamNamed(3), bob)
    await plant(tip(4, bobs), tip(0, alices, stray), del(keys.tips(stream, author())))
    expect(await places()).toEqual([
      `the tips of author ${author()} in stream ${stream}: they are not where the chain ends`,
      `the tips of author ${bob} in stream ${stream}: they are not where the chain ends`,
      `the tips of author ${bob}: there is no such chain`,
    ])
  })

  it('of streams that lost one is named', async () => {
    await plant(del(keys.stream(stream)))
    expect(await places()).toEqual([`the list of streams: stream ${stream} is missing`])
  })
})

describe('what lies beside the events', () => {
  it('is named when it does not open', async () => {
    await flip(keys.snapshot('chats'))
    await flip(keys.own('p', 'a/b'))
    await flip(keys.journal(1))
    const report = await verify()
    expect(report.damage.map(({ place }) => place.replace(/ \(key.*/, ''))).toEqual([
      'a snapshot',
      'an entry of a plugin',
      'a journal entry',
    ])
  })

  it('is named when it points at nothing or is of no known kind', async () => {
    await plant(del(keys.journal(1)), put(Uint8Array.of(0x77, 1), new Uint8Array(0)))
    expect(await places()).toEqual([
      'the journal’s index: it points at entry 1, which is not there',
      'the keyspace: key 7701 is of no known kind',
    ])
  })
})

describe('the head', () => {
  it('that is damaged hides nothing behind it', async () => {
    await flip(keys.layout)
    await flip(keys.record(3))
    expect(await places()).toHaveLength(2)
  })

  it('of another key ends the verification with one sentence', async () => {
    const report = await verifyLog({ disk, vault: testVault('other') })
    expect(report).toMatchObject({ events: 0, damageCount: 1 })
    expect(report.damage[0]!.what).toContain('the key does not open this log')
  })
})
