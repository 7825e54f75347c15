/** Live states and replay: folded once, saved, loaded, rebuilt and compared. */
import { beforeEach, expect, test } from 'vitest'
import type { Opened, Recorded } from '../../src/events/envelope.ts'
import type { Projection, ProjectionState } from '../../src/kernel/api/index.ts'
import { replay } from '../../src/kernel/replay.ts'
import { sealRun } from '../../src/wire/seal.ts'
import {
  chainAfter,
  countingEnvironment,
  deviceOf,
  keptDraft,
  START,
  STREAM,
  said,
} from '../support/sealing.ts'
import { settle } from './support/house.ts'
import { OPEN_LAW, type Options, openPath } from './support/path.ts'

/** Remembers the ids of what it folded, in order; its fingerprint does not depend on the order. */
class Seen implements ProjectionState {
  ids: string[] = []
  loaded = 0
  apply({ event }: Recorded): void {
    this.ids.push(event.id)
  }
  fingerprint(): Uint8Array {
    return Buffer.from([...this.ids].sort().join())
  }
  save(): Uint8Array {
    return Buffer.from(JSON.stringify(this.ids))
  }
  load(saved: Uint8Array): void {
    this.ids = JSON.parse(Buffer.from(saved).toString())
    this.loaded = this.ids.length
  }
}
const seenProjection = (version = 1, types?: readonly string[]): Projection<Seen> => ({
  name: 'test.seen',
  version,
  ...(types && { types }),
  create: () => new Seen(),
})
const withSeen = (projection: Projection, options: Options = {}) =>
  openPath({ ...options, contributes: { rule: [OPEN_LAW], projection: [projection] } })
const replayOf = ({ path, clock, store, house }: Awaited<ReturnType<typeof openPath>>) =>
  replay({ clock, store, contributions: house.book, person: path.person, views: path.views })

const projection = seenProjection()
let p: Awaited<ReturnType<typeof openPath>>
beforeEach(async () => {
  p = await withSeen(projection)
  await p.log.submit(STREAM, [keptDraft(), said('one'), said('two')])
})

test('a live state has what was synced, before anybody else hears of it', async () => {
  const state = p.path.views.live(projection)
  const lengths: number[] = []
  p.log.appended$.subscribe(() => lengths.push(state.ids.length))
  await p.log.submit(STREAM, [said('three'), said('four')])
  expect(state.ids).toHaveLength(5)
  expect(lengths).toEqual([4, 5])
})

test('a stopped node loads its snapshot and folds nothing twice', async () => {
  await p.path.stop()
  const again = await withSeen(projection, { disk: p.disk.reopen() })
  const state = again.path.views.live(projection)
  expect([state.loaded, state.ids.length]).toEqual([3, 3])
  await again.log.submit(STREAM, [said('three')])
  expect(state.ids).toHaveLength(4)
})

test('a crash before any snapshot folds everything again', async () => {
  const again = await withSeen(projection, { disk: p.disk.crash() })
  const state = again.path.views.live(projection)
  expect([state.loaded, state.ids.length]).toEqual([0, 3])
})

test('a long log is saved on the way, and only its tail is folded after a crash', async () => {
  for (let at = 0; at < 25; at += 1)
    await p.log.submit(
      STREAM,
      Array.from({ length: 64 }, (_, n) => said(`${at} ${n}`)),
    )
  await settle()
  const again = await withSeen(projection, { disk: p.disk.crash() })
  const state = again.path.views.live(projection)
  expect(state.loaded).toBeGreaterThan(999)
  expect(state.ids).toHaveLength(3 + 25 * 64)
  expect(new Set(state.ids).size).toBe(state.ids.length)
})

test('a new version is built from nothing', async () => {
  await p.path.stop()
  const newer = seenProjection(2)
  const again = await withSeen(newer, { disk: p.disk.reopen() })
  expect(again.path.views.live(newer)).toMatchObject({ loaded: 0, ids: { length: 3 } })
})

test('one that starts from nothing does not make another fold anything twice', async () => {
  await p.path.stop()
  const newcomer: Projection<Seen> = { ...seenProjection(), name: 'test.newcomer' }
  const contributes = { rule: [OPEN_LAW], projection: [projection, newcomer] }
  const again = await openPath({ disk: p.disk.reopen(), contributes })
  expect(again.path.views.live(newcomer).ids).toHaveLength(3)
  expect(again.path.views.live(projection).ids).toHaveLength(3)
})

test('only the types that a projection names are folded', async () => {
  const chosen = seenProjection(2, ['chat.said'])
  const again = await withSeen(chosen, { disk: p.disk.reopen() })
  expect(again.path.views.live(chosen).ids).toHaveLength(2)
})

test('a projection that throws is counted against its plugin, and the log goes on', async () => {
  const broken: Projection = {
    ...projection,
    create: () =>
      Object.assign(new Seen(), {
        apply: () => {
          throw new Error('bug')
        },
      }),
  }
  const again = await withSeen(broken, { disk: p.disk.reopen() })
  await again.log.submit(STREAM, [said('three')])
  expect(again.house.fences.get('law')?.failures).toBe(4)
})

test('replay agrees with the live state, and says which projection does not', async () => {
  expect(await replayOf(p)).toMatchObject({ events: 3, differing: [] })
  p.path.views.live(projection).ids.push('a ghost')
  expect(await replayOf(p)).toMatchObject({ differing: ['test.seen'] })
})

test('two devices with the same events have one hash, whatever came first; one event more is another hash', async () => {
  const [bob, carol] = [deviceOf(2), deviceOf(3)]
  const environment = countingEnvironment()
  const run = (texts: readonly string[], chain: Parameters<typeof sealRun>[1], signer = bob): Opened[] =>
    sealRun(texts.map(said), chain, signer, environment)
  const bobs = sealRun([keptDraft()], START, bob, environment)
  const carols = sealRun([keptDraft()], { ...START, seen: [bobs[0]!.id] }, carol, environment)
  const talk = [run(['a', 'b'], chainAfter(bobs)), run(['c'], chainAfter(carols), carol)]
  const hashAfter = async (order: readonly Opened[][], law = OPEN_LAW) => {
    const path = await openPath({ contributes: { rule: [law], projection: [projection] } })
    for (const each of order) await path.gate.ingest(each, bob.device)
    await settle()
    const { stateHash, streams } = await replayOf(path)
    return [stateHash, streams.get(STREAM)]
  }
  const one = await hashAfter([bobs, carols, ...talk])
  expect(await hashAfter([talk[1]!, carols, talk[0]!, bobs])).toEqual(one)
  expect(await hashAfter([bobs, carols, talk[0]!])).not.toEqual(one)
  const strict = { ...OPEN_LAW, voids: () => new Map([[talk[1]![0]!.id, 'onlyBobMaySpeak']]) }
  expect((await hashAfter([bobs, carols, ...talk], strict))[1]).not.toEqual(one[1])
})

test('a replay may end early or look at one stream only', async () => {
  const { clock, store, house, path } = p
  const parts = { clock, store, contributions: house.book, person: path.person, views: path.views }
  expect(await replay(parts, { until: ({ position }) => position === 3 })).toMatchObject({
    events: 2,
    differing: undefined,
  })
  const one = await replay(parts, { stream: STREAM })
  expect(one.stateHash).toBe((await replay(parts)).streams.get(STREAM))
})
