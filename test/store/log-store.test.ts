/** What is appended is found again by id, by author, by stream, by position, by its being kept. */
import { describe, expect, it } from 'vitest'
import type { EventId, StreamId } from '../../src/events/ids.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { Author, keptFact, said, streamNamed } from '../support/author.ts'
import { all, foreign, idsOf, own } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const stream = streamNamed(1)
const fresh = () => openStore({ disk: new MemoryDisk(), vault: testVault() })

describe('an appended event', () => {
  it('is found by its id, byte for byte', async () => {
    const store = await fresh()
    const [event] = new Author(1).say(stream, [said('hello')])
    const appended = await store.append(foreign([event!]))
    expect(appended).toMatchObject({ ok: true, value: [{ isNew: true, recorded: { position: 1 } }] })
    const found = await store.find(event!.id)
    expect(found).toEqual({
      position: 1,
      receivedAt: event!.envelope.at + 5,
      via: event!.envelope.author,
      status: 'admitted',
      event,
    })
    expect(await store.find(streamNamed(9) as string as EventId)).toBeUndefined()
  })

  it('gets the next position, also across streams and authors', async () => {
    const store = await fresh()
    const [alice, bob] = [new Author(1), new Author(2)]
    const events = [
      ...alice.say(stream, [said('1'), said('2')]),
      ...bob.say(streamNamed(2), [said('3')]),
      ...bob.say(stream, [said('4')]),
    ]
    await Promise.all([store.append(own(events.slice(0, 2))), store.append(foreign(events.slice(2)))])
    expect(idsOf(await all(store.read({})))).toEqual(idsOf(events.map(event => ({ event })) as never))
    expect((await all(store.read({}))).map(({ position }) => position)).toEqual([1, 2, 3, 4])
    expect(store.lastPosition).toBe(4)
  })

  it('is recorded once, however often it arrives', async () => {
    const store = await fresh()
    const events = new Author(1).say(stream, [said('1'), said('2')])
    const [first, second, third] = await Promise.all([
      store.append(foreign(events)),
      store.append(foreign(events)),
      store.append(own([events[1]!, events[1]!])),
    ])
    expect(first).toMatchObject({ value: [{ isNew: true }, { isNew: true }] })
    for (const later of [second, third, await store.append(foreign(events))])
      expect(later).toMatchObject({ value: [{ isNew: false }, { isNew: false, recorded: { position: 2 } }] })
    expect(store.lastPosition).toBe(2)
  })
})

describe('reading', () => {
  it('walks the log and a stream in local order, both ways, between positions', async () => {
    const store = await fresh()
    const [alice, bob] = [new Author(1), new Author(2)]
    for (let index = 0; index < 5; index += 1) {
      await store.append(own(alice.say(stream, [said(`a${index}`)])))
      await store.append(foreign(bob.say(streamNamed(2), [said(`b${index}`)])))
    }
    const positions = async (query: Parameters<typeof store.read>[0]) =>
      (await all(store.read(query))).map(({ position }) => position)
    expect(await positions({ after: 3, before: 7 })).toEqual([4, 5, 6])
    expect(await positions({ stream })).toEqual([1, 3, 5, 7, 9])
    expect(await positions({ stream, after: 3, limit: 2 })).toEqual([5, 7])
    expect(await positions({ stream, reverse: true, limit: 2 })).toEqual([9, 7])
    expect(await positions({ before: 4, reverse: true })).toEqual([3, 2, 1])
    expect(await positions({ limit: 0 })).toEqual([])
    expect(await positions({ after: 10 })).toEqual([])
    expect(await positions({ stream: streamNamed(3) })).toEqual([])
  })

  it('gives an author chain by seq, and reads on to a signature when asked', async () => {
    const store = await fresh()
    const alice = new Author(1)
    await store.append(
      own(
        alice.say(
          stream,
          Array.from({ length: 150 }, (_, n) => said(`${n}`)),
        ),
      ),
    )
    const seqs = async (query: object) =>
      (await all(store.chain({ stream, author: alice.device, ...query }))).map(r => r.event.envelope.seq)
    expect(await seqs({ fromSeq: 60, limit: 3 })).toEqual([60, 61, 62])
    expect(await seqs({ fromSeq: 62, limit: 1, toSignature: true })).toEqual([62, 63])
    expect(await seqs({ fromSeq: 64, limit: 2, toSignature: true })).toHaveLength(64)
    expect(await seqs({ fromSeq: 149 })).toEqual([149])
    expect(await seqs({ fromSeq: Number.MAX_SAFE_INTEGER })).toEqual([])
    expect(await all(store.chain({ stream, author: new Author(2).device }))).toEqual([])
  })

  it('lists streams, tips and kept events', async () => {
    const store = await fresh()
    const [alice, bob] = [new Author(1), new Author(2)]
    const founding = alice.found(keptFact('we begin'))
    const founded = founding.id as string as StreamId
    const rule = alice.say(founded, [said('hi'), keptFact('rule')])
    const bobs = bob.say(stream, [said('elsewhere')])
    await store.append(own([founding, ...rule]))
    await store.append(foreign(bobs))
    expect(new Set(await store.streams())).toEqual(new Set([founded, stream]))
    expect(await store.tips(founded)).toEqual([{ author: alice.device, seq: 2, id: rule[1]!.id }])
    expect(await store.tips(stream)).toEqual([{ author: bob.device, seq: 0, id: bobs[0]!.id }])
    expect(idsOf(await store.keptOf(founded))).toEqual([founding.id, rule[1]!.id])
    expect(await store.keptOf(stream)).toEqual([])
  })
})

describe('the writer as the last judge', () => {
  it('refuses an event whose prev is not there, and everything beside it', async () => {
    const store = await fresh()
    const alice = new Author(1)
    const events = alice.say(stream, [said('0'), said('1'), said('2')])
    const note = { kind: 'note', entry: { at: 1, about: undefined, what: 'never' } } as const
    expect(await store.append(foreign([events[0]!, events[2]!]), [note])).toEqual({ ok: false, why: 'gap' })
    expect(store.lastPosition).toBe(0)
    expect(await all(store.journal())).toEqual([])
    expect(await store.append(foreign(events))).toMatchObject({ ok: true })
  })

  it('does not take the event of another chain for prev', async () => {
    const store = await fresh()
    const [alice, bob] = [new Author(1), new Author(2)]
    const [first] = alice.say(stream, [said('0')])
    await store.append(foreign([first!]))
    const stolen = bob.say(stream, [said('1')], { seq: 0, id: first!.id })
    expect(await store.append(foreign(stolen))).toEqual({ ok: false, why: 'gap' })
    const wrongSeq = alice.say(stream, [said('1')], { seq: 4, id: first!.id })
    expect(await store.append(foreign(wrongSeq))).toEqual({ ok: false, why: 'gap' })
  })

  it('keeps the branches of a fork that the gate lets in, and no seventeenth', async () => {
    const store = await fresh()
    const alice = new Author(1)
    const trunk = alice.say(stream, [said('0'), said('1')])
    const base = { seq: 0, id: trunk[0]!.id }
    const second = alice.say(stream, [said('1b'), said('2b')], base)
    const third = alice.say(stream, [said('1c')], base)
    await store.append(foreign(trunk))
    expect(await store.append(foreign(second))).toMatchObject({ ok: true })
    expect(await store.append(foreign(third))).toMatchObject({ ok: true })
    expect(await store.tips(stream)).toEqual([
      { author: alice.device, seq: 1, id: trunk[1]!.id },
      { author: alice.device, seq: 2, id: second[1]!.id },
      { author: alice.device, seq: 1, id: third[0]!.id },
    ])
    const chain = await all(store.chain({ stream, author: alice.device }))
    expect(chain.map(({ event }) => event.envelope.seq)).toEqual([0, 1, 1, 1, 2])
    for (let more = 4; more <= 16; more += 1)
      expect(await store.append(foreign(alice.say(stream, [said(`branch ${more}`)], base)))).toMatchObject({
        ok: true,
      })
    const last = await store.append(foreign(alice.say(stream, [said('branch 17')], base)))
    expect(last).toEqual({ ok: false, why: 'too-many-branches' })
  })

  it('never lets this device fork its own chain', async () => {
    const store = await fresh()
    const alice = new Author(1)
    const trunk = alice.say(stream, [said('0'), said('1')])
    await store.append(own(trunk))
    const again = alice.say(stream, [said('1 again')], { seq: 0, id: trunk[0]!.id })
    expect(await store.append(own(again))).toEqual({ ok: false, why: 'own-fork' })
    alice.rewind(stream, undefined)
    expect(await store.append(own(alice.say(stream, [said('0 again')])))).toEqual({
      ok: false,
      why: 'own-fork',
    })
  })
})

describe('dropping data', () => {
  it('takes the data and leaves the chain', async () => {
    const store = await fresh()
    const alice = new Author(1)
    const [spoken, kept] = alice.say(stream, [said('secret'), keptFact('rule')])
    await store.append(own([spoken!, kept!]))
    expect(await store.dropData(spoken!.id)).toBe('dropped')
    const found = await store.find(spoken!.id)
    expect(found?.event.data).toBeUndefined()
    expect(found?.event.salt).toBeUndefined()
    expect(found?.event.bytes).toEqual(spoken!.bytes)
    expect(await store.dropData(spoken!.id)).toBe('already-dropped')
    expect(await store.dropData(kept!.id)).toBe('kept')
    expect(await store.dropData(stream as string as EventId)).toBe('unknown')
    expect(await store.append(own(alice.say(stream, [said('after')])))).toMatchObject({ ok: true })
  })
})
