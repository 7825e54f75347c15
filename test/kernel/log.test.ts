/** Own events: sealed in turns, synced in batches, refused alone, and whole after a crash. */
import { beforeEach, expect, test } from 'vitest'
import type { Draft, Recorded } from '../../src/events/envelope.ts'
import { type EventId, NO_STREAM } from '../../src/events/ids.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { DiskError } from '../../src/store/disk.ts'
import { openStore } from '../../src/store/log-store.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { countingEnvironment, deviceOf, keptDraft, START, STREAM, said } from '../support/sealing.ts'
import { all, idsOf } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'
import { settle } from './support/house.ts'
import { OPEN_LAW, openPath, SELF } from './support/path.ts'

let p: Awaited<ReturnType<typeof openPath>>
let batches: number[]
beforeEach(async () => {
  p = await openPath()
  batches = countBatches(p)
})

/** Events in each synced append, in order. */
function countBatches({ store }: typeof p): number[] {
  const sizes: number[] = []
  const append = store.append.bind(store)
  store.append = (arrivals, asides) => {
    sizes.push(arrivals.length)
    return append(arrivals, asides)
  }
  return sizes
}
const texts = (from: number, count: number): Draft[] =>
  Array.from({ length: count }, (_, at) => said(`text ${from + at}`))
const submit = (...drafts: Draft[]): Promise<readonly Recorded[]> => p.log.submit(STREAM, drafts)

test('drafts become one chain of this device, told after the sync in position order', async () => {
  const [hello] = await submit(keptDraft())
  const said3 = await submit(...texts(0, 3))
  expect([hello, ...said3].map(each => each?.event.envelope.seq)).toEqual([0, 1, 2, 3])
  expect(said3[1]?.event.envelope.prev).toBe(said3[0]?.event.id)
  expect(p.appended.map(({ position, via }) => [position, via])).toEqual([1, 2, 3, 4].map(at => [at, 'self']))
  expect(p.appended.every(({ event }) => event.envelope.author === SELF.device)).toBe(true)
})

test('what is submitted while a batch is synced goes into the next one, under shared signatures', async () => {
  await submit(keptDraft())
  let release = (): void => undefined
  p.disk.faults.slowSync = () => new Promise(resolve => void (release = resolve))
  const first = submit(said('alone'))
  await settle()
  const rest = Array.from({ length: 100 }, (_, at) => submit(said(`text ${at}`)))
  await settle()
  p.disk.faults.slowSync = async () => undefined
  release()
  const recorded = (await Promise.all([first, ...rest])).flat()
  expect(batches).toEqual([1, 1, 100])
  expect(recorded.map(({ event }) => event.envelope.seq)).toEqual(
    Array.from({ length: 101 }, (_, at) => at + 1),
  )
  expect(recorded.filter(({ event }) => event.sig !== undefined).map(({ position }) => position)).toEqual([
    2, 66, 102,
  ])
})

test('a whole run is sealed while a batch is synced, and told after it; less waits for its turn', async () => {
  await submit(keptDraft())
  const releases: (() => void)[] = []
  p.disk.faults.slowSync = () => new Promise(resolve => void releases.push(resolve))
  const told: number[] = []
  const ask = (...drafts: Draft[]) =>
    submit(...drafts).then(recorded => void told.push(...recorded.map(({ position }) => position)))
  const asked = [ask(said('alone'))]
  await settle()
  for (const draft of texts(0, 63)) asked.push(ask(draft))
  await settle()
  expect(batches).toEqual([1, 1])
  asked.push(ask(said('the 64th')))
  await settle()
  expect(batches).toEqual([1, 1, 64])
  expect(told).toEqual([])
  asked.push(ask(said('late')))
  await settle()
  expect(batches).toEqual([1, 1, 64])
  for (let left = 3; left > 0; left -= 1) {
    releases.shift()?.()
    await settle()
  }
  await Promise.all(asked)
  expect(batches).toEqual([1, 1, 64, 1])
  expect(told).toEqual(Array.from({ length: 66 }, (_, at) => at + 2))
  expect(p.appended.map(({ position }) => position)).toEqual(Array.from({ length: 67 }, (_, at) => at + 1))
})

test('what was sealed on top of a batch that fails is rejected with it, and nothing forks', async () => {
  await submit(keptDraft())
  let fail = (_: DiskError): void => undefined
  p.disk.faults.slowSync = () => new Promise((_, reject) => void (fail = reject))
  const lost = [submit(said('alone'))]
  await settle()
  lost.push(submit(...texts(0, 64)))
  await settle()
  const waits = submit(said('waits for its turn'))
  expect(batches).toEqual([1, 1, 64])
  delete p.disk.faults.slowSync
  fail(new DiskError('full', 'on purpose'))
  expect(await Promise.allSettled(lost)).toMatchObject(
    lost.map(() => ({ status: 'rejected', reason: { code: 'DISK_FULL' } })),
  )
  const [after] = await waits
  const [next] = await submit(said('next'))
  expect([after, next].map(each => [each?.position, each?.event.envelope.seq])).toEqual([
    [2, 1],
    [3, 2],
  ])
  expect(p.appended.map(({ position }) => position)).toEqual([1, 2, 3])
})

test('drafts of one moment share a batch', async () => {
  await Promise.all([submit(keptDraft()), ...texts(0, 5).map(draft => submit(draft))])
  expect(batches).toEqual([6])
})

test('a burst is cut into turns, in order, and none is lost', async () => {
  await submit(keptDraft())
  const burst = Array.from({ length: 1_500 }, (_, at) => submit(said(`text ${at}`)))
  const recorded = (await Promise.all(burst)).flat()
  expect(Math.max(...batches)).toBeLessThanOrEqual(1_024)
  expect(recorded.map(({ event }) => event.envelope.seq)).toEqual(burst.map((_, at) => at + 1))
})

test('a disk that fails in the middle of a burst rejects what it lost and keeps the rest whole', async () => {
  await submit(keptDraft())
  p.disk.faults.fail = nth => (nth === 3 ? 'full' : undefined)
  const burst = Array.from({ length: 2_000 }, (_, at) => submit(said(`text ${at}`)))
  const settled = await Promise.allSettled(burst)
  const kept = settled.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
  expect(kept.length).toBeLessThan(2_000)
  expect(kept.length).toBeGreaterThan(0)
  expect(idsOf(await all(p.store.read({ after: 1 })))).toEqual(idsOf(kept))
})

test('a draft that cannot be sealed is refused alone', async () => {
  await submit(keptDraft())
  const good = [submit(said('one')), submit(said('two'))]
  const bad = submit({ type: 'test.bad', rev: 1, data: { when: new Date(0) } })
  good.push(submit(said('three')))
  await expect(bad).rejects.toMatchObject({ code: 'BUG' })
  expect((await Promise.all(good)).flat().map(({ event }) => event.envelope.seq)).toEqual([1, 2, 3])
  expect(idsOf(await all(p.store.read({})))).toHaveLength(4)
})

test('a device that the law does not name may not write, and nothing is kept', async () => {
  await expect(submit(said('x'))).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
  p = await openPath({ contributes: {} })
  await expect(submit(keptDraft())).rejects.toMatchObject({ code: 'PLUGIN_NEEDS_MISSING' })
  expect(p.store.lastPosition).toBe(0)
})

test('a full disk rejects, keeps nothing, and leaves no gap behind', async () => {
  await submit(keptDraft())
  p.disk.faults.fail = () => 'full'
  const lost = [submit(said('lost')), submit(said('lost too'))]
  for (const each of lost) await expect(each).rejects.toMatchObject({ code: 'DISK_FULL' })
  p.disk.faults.fail = () => undefined
  const [kept] = await submit(said('kept'))
  expect([kept?.position, kept?.event.envelope.seq]).toEqual([2, 1])
  expect(p.appended).toHaveLength(2)
})

test('a disk that gets full and has space again is told of once each', async () => {
  await submit(keptDraft())
  expect([p.path.disk.current, p.told]).toEqual(['ok', []])
  p.disk.faults.fail = () => 'full'
  for (let n = 0; n < 3; n += 1) await submit(said('lost')).catch(() => undefined)
  expect([p.path.disk.current, p.told]).toEqual(['full', [expect.stringContaining('free some space')]])
  p.disk.faults.fail = () => undefined
  for (let n = 0; n < 3; n += 1) await submit(said('kept'))
  expect([p.path.disk.current, p.told]).toEqual([
    'ok',
    [expect.any(String), 'the disk takes what is written again.'],
  ])
})

test('a log that takes nothing more says so at the end, too, in the words of the house', async () => {
  await submit(keptDraft())
  p.disk.faults.fail = () => 'damaged'
  p.path.journal.note('waits to be written')
  await expect(p.path.stop()).rejects.toMatchObject({
    code: 'LOG_DAMAGED',
    hint: expect.stringContaining('verify'),
  })
})

test('an event cites the tips of others once', async () => {
  await submit(keptDraft())
  const bob = deviceOf(2)
  const hello = sealRun([keptDraft()], START, bob, countingEnvironment())
  await p.gate.ingest(hello, bob.device)
  const [first] = await submit(said('seen'))
  const [second] = await submit(said('seen already'))
  expect(first?.event.envelope.seen).toEqual([hello[0]?.id])
  expect(second?.event.envelope.seen).toEqual([])
})

test('more tips than an event may cite are cited by the next one', async () => {
  await submit(keptDraft())
  const others = Array.from({ length: 12 }, (_, at) => deviceOf(10 + at))
  for (const other of others)
    await p.gate.ingest(sealRun([keptDraft()], START, other, countingEnvironment()), other.device)
  const seen: EventId[] = []
  for (let at = 0; at < 3; at += 1) seen.push(...((await submit(said('x')))[0]?.event.envelope.seen ?? []))
  expect(new Set(seen).size).toBe(12)
  expect(seen).toHaveLength(12)
})

test('time in a chain never goes back, also over a restart with a clock that did', async () => {
  p.clock.after(5_000, () => undefined)
  p.clock.step()
  const [hello] = await submit(keptDraft())
  const again = await openPath({ disk: p.disk.reopen() })
  const [later] = await again.log.submit(STREAM, [said('x')])
  expect(again.clock.now()).toBeLessThan(hello!.event.envelope.at)
  expect(later?.event.envelope.at).toBe(hello?.event.envelope.at)
})

test('a founding event makes a stream of its own id, and its chain goes on there', async () => {
  const [founding] = await p.log.submit(NO_STREAM, [keptDraft('founded')])
  const stream = founding!.event.id as string as typeof STREAM
  const [next] = await p.log.submit(stream, [said('first')])
  expect(next?.event.envelope).toMatchObject({ stream, seq: 1, prev: founding?.event.id })
  expect(await p.log.streams()).toEqual([stream])
  expect(await p.log.authors(stream)).toEqual(new Set([SELF.device]))
})

test('a founding event sealed outside is adopted once', async () => {
  const [founding] = sealRun([keptDraft()], { ...START, stream: NO_STREAM }, SELF, countingEnvironment())
  expect((await p.log.adopt(founding!))?.position).toBe(1)
  expect(await p.log.adopt(founding!)).toBeUndefined()
  const stranger = sealRun([said('x')], START, deviceOf(9), countingEnvironment())
  await expect(p.log.adopt(stranger[0]!)).rejects.toMatchObject({ code: 'NOT_ADMITTED' })
})

test('power lost at any moment leaves whole runs: no tip is without a signature', async () => {
  for (let crashAt = 0; crashAt < 12; crashAt += 1) {
    const before = await openPath({ disk: new MemoryDisk() })
    const rest = [before.log.submit(STREAM, [keptDraft()]), before.log.submit(STREAM, texts(0, 70))]
    const acknowledged: Recorded[] = []
    for (const each of rest) each.then(recorded => acknowledged.push(...recorded)).catch(() => undefined)
    for (let turn = 0; turn < crashAt; turn += 1) await Promise.resolve()
    const after = await openPath({ disk: before.disk.crash(crashAt % 2) })
    const kept = await all(after.store.read({}))
    expect(idsOf(kept)).toEqual(expect.arrayContaining(idsOf(acknowledged)))
    const tip = kept.at(-1)
    expect(tip === undefined || tip.event.sig !== undefined).toBe(true)
    const next = await after.log.submit(STREAM, [keptDraft('again')])
    expect(next[0]?.event.envelope.seq).toBe(kept.length)
  }
})

test('reading goes by stream, author and position, and serving goes on to the next signature', async () => {
  await submit(keptDraft())
  await submit(...texts(0, 10))
  const read = async (query: Parameters<typeof p.log.read>[0]) =>
    (await all(p.log.read(query))).map(({ position }) => position)
  expect(await read({ stream: STREAM, author: SELF.device, fromSeq: 8 })).toEqual([9, 10, 11])
  expect(await read({ stream: STREAM, afterPosition: 9 })).toEqual([10, 11])
  expect(await read({ beforePosition: 3, reverse: true })).toEqual([2, 1])
  expect(await read({ reverse: true, limit: 2 })).toEqual([11, 10])
  const served = await all(p.log.chain({ stream: STREAM, author: SELF.device, fromSeq: 1, limit: 2 }))
  expect(served.map(({ position }) => position)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  expect((await p.log.find(served[0]!.event.id))?.position).toBe(2)
})

test('after stop nothing is taken, and what was asked for before is there', async () => {
  const asked = [submit(keptDraft()), ...texts(0, 1_200).map(draft => submit(draft))]
  await p.path.stop()
  expect((await Promise.all(asked)).flat()).toHaveLength(1_201)
  await expect(submit(said('late'))).rejects.toMatchObject({ code: 'NOT_RUNNING' })
})

test('the law may come and go with its plugin', async () => {
  await submit(keptDraft())
  p.house.remove('law')
  await expect(submit(said('x'))).rejects.toMatchObject({ code: 'PLUGIN_NEEDS_MISSING' })
  p.house.install('law again', { rule: [OPEN_LAW] })
  await expect(submit(said('x'))).resolves.toHaveLength(1)
})

test('an own tip is signed, at whichever batch the power went', async () => {
  let cuts = 0
  for (let survivors = 0; ; survivors += 1) {
    const p = await openPath({ faults: { ignoresSync: true } })
    await p.log.submit(STREAM, [keptDraft(), ...texts(0, 3)])
    const bursts = [1, 70, 2, 5].map(count => p.log.submit(STREAM, texts(0, count)))
    await Promise.all(bursts)
    await p.log.submit(STREAM, texts(0, 9))
    const whole = p.store.lastPosition
    const store = await openStore({ disk: p.disk.crash(survivors), vault: testVault() })
    const [tip] = await store.tips(STREAM)
    if (tip !== undefined) expect((await store.find(tip.id))?.event.sig).toBeDefined()
    expect(await store.verify()).toMatchObject({ isWhole: true, gaps: 0 })
    cuts += 1
    if (store.lastPosition === whole) break
  }
  expect(cuts).toBeGreaterThan(3)
})
