/** What is remembered of own offers, over a loss of power at every moment of offering one. */
import { beforeEach, expect, it } from 'vitest'
import type { DeviceId, EventId, StreamId } from '../../../src/events/ids.ts'
import type { Keyspace } from '../../../src/kernel/api/index.ts'
import { standIns } from '../../../src/kernel/testing/stand-ins.ts'
import { TreeBuilder } from '../../../src/plugins/files/block-tree.ts'
import type { FileState, Offer } from '../../../src/plugins/files/offers-view.ts'
import { type Kept, OwnOffers } from '../../../src/plugins/files/own-offers.ts'
import { TreeShelf } from '../../../src/plugins/files/tree-shelf.ts'

const builder = new TreeBuilder()
builder.add(Uint8Array.of(1, 2, 3))
const built = builder.finish()
const STREAM = 'stream' as StreamId

let keyspace: Keyspace
let shelf: TreeShelf
/** As after a start. */
let own: OwnOffers
beforeEach(() => {
  keyspace = standIns().find(([{ id }]) => id === 'ntm.keyspace')![1] as Keyspace
  shelf = new TreeShelf(keyspace)
  own = new OwnOffers(keyspace, shelf)
})

const keptAs = (tree: string): Kept => ({ path: `/out/${tree}`, kind: 'file', tree, stamp: '1 2' })
const hash = async (tree: string): Promise<void> => {
  await shelf.keepLeaves(tree, 0, built.leaves!)
  await shelf.keepTop(tree, built.nodes, undefined)
}
const said = (id: string, state: FileState = 'offered', stream = STREAM): Offer => ({
  ...{
    id: id as EventId,
    stream,
    author: 'device' as DeviceId,
    at: 0,
    name: 'a',
    kind: 'file',
    bytes: 3,
    state,
  },
  hash: Buffer.from(built.root).toString('hex'),
})
const keys = async (): Promise<readonly string[]> => {
  const keys: string[] = []
  for await (const [key] of keyspace.list('')) keys.push(key)
  return keys
}

it('the power goes while it is read, or before it is said: nothing is left', async () => {
  await own.begin(STREAM, keptAs('half'))
  await shelf.keepLeaves('half', 0, built.leaves!)
  await own.begin(STREAM, keptAs('whole'))
  await hash('whole')
  await own.recover([said('elsewhere', 'offered', 'other' as StreamId), { ...said('other'), hash: 'ff' }])
  expect(await keys()).toEqual([])
})

it('the power goes when it was said: it is kept under its id', async () => {
  await own.begin(STREAM, keptAs('tree'))
  await hash('tree')
  await own.recover([said('id')])
  expect(await own.kept('id' as EventId)).toEqual(keptAs('tree'))
  expect(await shelf.leaves('tree', 0)).toEqual(built.leaves)
  await own.forget('id' as EventId)
  expect(await keys()).toEqual([])
})

it('of several offers of one content each has its own, and what has arrived needs none', async () => {
  await own.begin(STREAM, keptAs('one'))
  await own.said('one' as EventId, keptAs('one'))
  for (const tree of ['two', 'three', 'unsaid']) {
    await own.begin(STREAM, keptAs(tree))
    await hash(tree)
  }
  await own.recover([said('arrived', 'done'), said('one'), said('two'), said('three')])
  expect(await own.kept('arrived' as EventId)).toBeUndefined()
  expect(await own.kept('one' as EventId)).toEqual(keptAs('one'))
  const others = await Promise.all(['two', 'three'].map(id => own.kept(id as EventId)))
  expect(new Set(others.map(kept => kept?.tree)).size).toBe(2)
  expect((await keys()).filter(key => key.includes('/nodes'))).toHaveLength(2)
})

it('the power goes when it has arrived, before it was forgotten: nothing is left, and others stay', async () => {
  for (const [tree, id] of [
    ['arrived', 'done'],
    ['waiting', 'open'],
  ] as const) {
    await own.begin(STREAM, keptAs(tree))
    await hash(tree)
    await own.said(id as EventId, keptAs(tree))
  }
  await own.recover([said('done', 'done'), said('open')])
  expect(await own.kept('done' as EventId)).toBeUndefined()
  expect(await own.kept('open' as EventId)).toEqual(keptAs('waiting'))
  expect((await keys()).filter(key => key.includes('arrived'))).toEqual([])
  expect((await keys()).some(key => key.includes('waiting'))).toBe(true)
})
