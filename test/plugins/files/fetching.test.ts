/** The side that wants a file, step by step: chunks in, steps out; and against the side that has it, byte for byte. */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/events/ids.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { blockCount, TreeBuilder } from '../../../src/plugins/files/block-tree.ts'
import { Fetching, type FetchStep } from '../../../src/plugins/files/fetching.ts'
import {
  encodeAgain,
  encodeBlockHead,
  encodeDone,
  encodeFound,
  encodeLeaves,
  encodeNo,
} from '../../../src/plugins/files/frames.ts'
import { BLOCK_BYTES } from '../../../src/plugins/files/limits.ts'
import { Serving } from '../../../src/plugins/files/serving.ts'

const OFFER = 'cd'.repeat(32) as EventId
const BYTES = 2 * BLOCK_BYTES + 100

const blocks = [1, 2, 3].map(byte => new Uint8Array(byte === 3 ? 100 : BLOCK_BYTES).fill(byte))
const builder = new TreeBuilder()
for (const block of blocks) builder.add(block)
const tree = builder.finish()
const leaves = tree.leaves!

const wanted = (from = 0) => ({ offer: OFFER, bytes: BYTES, root: tree.root, from })
const blockFrame = (index: number, bytes: Uint8Array = blocks[index]!): Uint8Array =>
  Buffer.concat([encodeBlockHead(index, bytes.length), bytes])
const damaged = (index: number): Uint8Array =>
  Uint8Array.from(blocks[index]!, (byte, at) => (at === 50 ? byte ^ 0x80 : byte))

const FOUND = encodeFound(BYTES, tree.nodes)
const LEAVES = encodeLeaves(0, leaves)

/** A step in few words. */
const told = (step: FetchStep): string => {
  switch (step.kind) {
    case 'send':
      return `send ${step.bytes[0] === 3 ? 'done' : `again ${step.bytes.at(-1)}`}`
    case 'leaves':
      return `leaves ${step.group}`
    case 'failed':
      return `failed ${step.why}`
    case 'complete':
      return 'complete'
    default:
      return `${step.kind} ${step.index}`
  }
}

const stepsOf = (from: number, ...chunks: readonly Uint8Array[]): readonly string[] => {
  const machine = new Fetching(wanted(from))
  return chunks.flatMap(chunk => machine.receive(chunk).map(told))
}

describe('whoever wants a file', () => {
  it.each<[string, number, Uint8Array[], string[]]>([
    [
      'takes verified blocks in order and says when it has all',
      0,
      [FOUND, LEAVES, blockFrame(0), blockFrame(1), blockFrame(2)],
      ['leaves 0', 'block 0', 'block 1', 'block 2', 'send done', 'complete'],
    ],
    [
      'goes on from where it was',
      2,
      [FOUND, LEAVES, blockFrame(2)],
      ['leaves 0', 'block 2', 'send done', 'complete'],
    ],
    ['has all already', 3, [FOUND], ['send done', 'complete']],
    [
      'notices a damaged block at once, asks again, and lets pass what was under way',
      0,
      [FOUND, LEAVES, blockFrame(0, damaged(0)), blockFrame(1), LEAVES, blockFrame(0), blockFrame(1)],
      ['leaves 0', 'damaged 0', 'send again 0', 'block 0', 'block 1'],
    ],
    [
      'gives up when a block arrives damaged three times',
      1,
      [FOUND, ...[1, 1, 1].flatMap(index => [LEAVES, blockFrame(index, damaged(index))]), blockFrame(1)],
      ['leaves 0', 'damaged 1', 'send again 1', 'damaged 1', 'send again 1', 'damaged 1', 'failed damaged'],
    ],
    [
      'believes no nodes but those of the root',
      0,
      [encodeFound(BYTES, new Uint8Array(32))],
      ['failed damaged'],
    ],
    [
      'believes no leaves but those of the node',
      0,
      [FOUND, encodeLeaves(0, new Uint8Array(96))],
      ['failed damaged'],
    ],
    [
      'takes no leaves that are too few',
      0,
      [FOUND, encodeLeaves(0, leaves.subarray(0, 64))],
      ['failed damaged'],
    ],
    ['takes no other size', 0, [encodeFound(BYTES + 1, tree.nodes)], ['failed nonsense']],
    [
      'takes no answer of another version than it asked for',
      0,
      [Uint8Array.from(FOUND).fill(2, 4, 5)],
      ['failed version'],
    ],
    ['takes no block before its leaves', 0, [FOUND, blockFrame(0)], ['failed nonsense']],
    ['takes nothing before it was found', 0, [LEAVES], ['failed nonsense']],
    ['takes no block out of order', 0, [FOUND, LEAVES, blockFrame(1)], ['leaves 0', 'failed nonsense']],
    [
      'takes no block of another length',
      0,
      [FOUND, LEAVES, blockFrame(0, blocks[2])],
      ['leaves 0', 'failed nonsense'],
    ],
    ['takes no leaves of another group', 0, [FOUND, encodeLeaves(7, leaves)], ['failed nonsense']],
    ['takes leaves once', 0, [FOUND, LEAVES, LEAVES], ['leaves 0', 'failed nonsense']],
    ['is not found twice', 0, [FOUND, FOUND], ['failed nonsense']],
    ['is told no', 0, [encodeNo('unknown')], ['failed unknown']],
    [
      'is told no in the middle',
      0,
      [FOUND, LEAVES, blockFrame(0), encodeNo('changed')],
      ['leaves 0', 'block 0', 'failed changed'],
    ],
    ['hears nothing after the end', 3, [FOUND, LEAVES, blockFrame(0)], ['send done', 'complete']],
    ['hears nothing after a failure', 0, [encodeNo('busy'), FOUND, LEAVES], ['failed busy']],
    ['takes no frames of its own kind', 0, [encodeDone()], ['failed nonsense']],
  ])('%s', (_, from, chunks, steps) => {
    expect(stepsOf(from, ...chunks)).toEqual(steps)
    const pieces = chunks.flatMap(chunk => [chunk.subarray(0, 3), chunk.subarray(3, 70), chunk.subarray(70)])
    expect(stepsOf(from, ...pieces)).toEqual(steps)
  })

  it('of a file of nothing needs no blocks', () => {
    const empty = new TreeBuilder().finish()
    const machine = new Fetching({ offer: OFFER, bytes: 0, root: empty.root, from: 0 })
    expect(machine.receive(encodeFound(0, empty.nodes)).map(told)).toEqual(['send done', 'complete'])
  })

  it('never gives out what is not part of the file, whatever bits are flipped on the way', () => {
    const random = new SeededRandom(23)
    const stream = Buffer.concat([FOUND, LEAVES, ...blocks.map((_, index) => blockFrame(index))])
    for (let run = 0; run < 300; run += 1) {
      const bytes = Uint8Array.from(stream)
      bytes[Math.floor(random.next() * (run % 2 === 0 ? 300 : bytes.length))]! ^= 1 << (run % 8)
      for (const step of new Fetching(wanted()).receive(bytes))
        if (step.kind === 'block') expect(Buffer.compare(step.bytes, blocks[step.index]!)).toBe(0)
    }
  })
})

describe('whoever has a file', () => {
  const due = (serving: Serving): string[] => {
    const told: string[] = []
    for (let next = serving.due(); next !== undefined; next = serving.due())
      told.push(
        next.kind === 'leaves'
          ? `leaves ${next.group}`
          : `${next.isDoubted ? 'doubted' : 'block'} ${next.index}`,
      )
    return told
  }
  const asked = (from: number): Serving => {
    const serving = new Serving()
    expect(serving.receive(new Fetching(wanted(from)).begin())).toEqual([{ kind: 'get', offer: OFFER, from }])
    expect(serving.begin(BYTES, from)).toBe(true)
    return serving
  }

  it('sends leaves before their blocks, each once', () => {
    expect(due(asked(0))).toEqual(['leaves 0', 'block 0', 'block 1', 'block 2'])
    expect(due(asked(2))).toEqual(['leaves 0', 'block 2'])
    expect(due(asked(3))).toEqual([])
  })

  it('goes back to a block that arrived damaged, and doubts it', () => {
    const serving = asked(0)
    due(serving)
    expect(serving.receive(encodeAgain(1))).toEqual([{ kind: 'again' }])
    expect(due(serving)).toEqual(['leaves 0', 'doubted 1', 'block 2'])
  })

  it.each<[string, Uint8Array[], object]>([
    ['a block that was never sent', [encodeAgain(2)], { kind: 'refused', why: 'nonsense' }],
    ['two files on one stream', [new Fetching(wanted()).begin()], { kind: 'refused', why: 'nonsense' }],
    ['an answer', [FOUND], { kind: 'refused', why: 'nonsense' }],
    ['nothing more', [encodeDone()], { kind: 'done' }],
  ])('ends when it is asked for %s', (_, chunks, end) => {
    const serving = asked(0)
    expect(chunks.flatMap(chunk => serving.receive(chunk))).toEqual([end])
    expect(serving.due()).toBeUndefined()
    expect(serving.receive(encodeAgain(0))).toEqual([])
  })

  it('knows no beginning behind the end', () => {
    const serving = new Serving()
    serving.receive(new Fetching(wanted(9)).begin())
    expect(serving.begin(BYTES, 9)).toBe(false)
  })

  it('needs one round trip for a file of one block: all of the answer follows from the question', () => {
    const serving = asked(2)
    const answer = [FOUND]
    for (let next = serving.due(); next !== undefined; next = serving.due())
      answer.push(next.kind === 'leaves' ? LEAVES : blockFrame(next.index))
    expect(blockCount(BYTES) - 2).toBe(1)
    expect(new Fetching(wanted(2)).receive(Buffer.concat(answer)).at(-1)).toEqual({ kind: 'complete' })
  })
})
