/**
 * Forks at the gate: both branches are kept and told of, a third one only for those who built on it, and what was
 * known before a restart is known after it.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import { chainAfter, deviceOf, START, STREAM } from '../support/sealing.ts'
import { all } from '../support/store-world.ts'
import { type AtGate, bob, carol, gateThatKnowsBob, introduce, SOURCE, seal } from './support/at-gate.ts'
import { settle } from './support/house.ts'
import { kindsOf, openPath } from './support/path.ts'

let p: AtGate
let hello: Opened[]
beforeEach(async () => {
  const known = await gateThatKnowsBob()
  ;[p, hello] = [known, known.hello]
})
const ingest: AtGate['ingest'] = (...asked) => p.ingest(...asked)
const stored: AtGate['stored'] = () => p.stored()

test('a fork is kept and reported, a third branch is not', async () => {
  const end = chainAfter(hello)
  const branches = ['left', 'right', 'middle'].map(text => seal([text], end))
  expect(await Promise.all(branches.map(run => ingest(run)))).toEqual([
    ['admitted'],
    ['admitted'],
    ['third-branch'],
  ])
  const after = seal(['right again'], chainAfter(branches[1]!))
  expect(await ingest(after)).toEqual(['admitted'])
  expect(await p.log.tips(STREAM)).toHaveLength(2)
  const notes = await all(p.path.journal.read(bob.device))
  expect(notes.map(({ what }) => what)).toEqual([
    `forked: signed two events with number 1, one is ${branches[1]![0]!.id}`,
  ])
  expect(p.told).toEqual([
    expect.stringContaining(`FORKED: device ${bob.device} signed two events with number 1`),
  ])
  expect((await p.store.verify()).forks).toEqual([expect.objectContaining({ author: bob.device, seq: 1 })])
})

describe('a third branch', () => {
  const fork = () => ['left', 'right', 'middle'].map(text => seal([text], chainAfter(hello)))

  test('is kept when somebody else who may write has built on it', async () => {
    const [left, right, middle] = fork()
    const after = seal(['and on'], chainAfter(middle!))
    const carols = introduce(carol)
    const citing = { ...chainAfter(carols), seen: [after[0]!.id] }
    const reply = seal(['I heard the middle'], citing, carol)
    expect(await ingest([...left!, ...right!, ...carols])).toEqual(['admitted', 'admitted', 'admitted'])
    expect(await ingest(middle!)).toEqual(['third-branch'])
    expect(await ingest(reply, carol.device)).toEqual(['held'])
    expect(await ingest(middle!)).toEqual(['third-branch'])
    expect(await ingest(after)).toEqual(['held'])
    expect(await ingest(middle!)).toEqual(['admitted'])
    await settle()
    expect(await stored()).toContain(reply[0]!.id)
    expect(await p.log.tips(STREAM)).toHaveLength(4)
  })

  test('is not kept because its own author, or a stranger, says so', async () => {
    const [left, right, middle] = fork()
    await ingest([...left!, ...right!])
    const own = seal(['and on'], chainAfter(middle!))
    const stranger = seal(['me too'], { ...START, seen: [middle![0]!.id] }, deviceOf(9))
    expect(await ingest([...own, ...stranger])).toEqual(['held', 'held'])
    expect(await ingest(middle!)).toEqual(['third-branch'])
  })
})

test('a fork is recognised after a restart too', async () => {
  const end = chainAfter(hello)
  await ingest(seal(['left'], end))
  await ingest(seal(['left again'], chainAfter(seal(['x'], end))))
  const again = await openPath({ disk: p.disk.reopen() })
  const rights = [seal(['right'], end), seal(['middle'], end)]
  expect(kindsOf(await again.gate.ingest(rights[0]!, SOURCE))).toEqual(['admitted'])
  expect(kindsOf(await again.gate.ingest(rights[1]!, SOURCE))).toEqual(['third-branch'])
})
