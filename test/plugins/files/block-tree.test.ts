/** The hash of a file: what it depends on, and that it is built the same however large the file is. */
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import {
  blockCount,
  blockLength,
  groupCount,
  leafHash,
  leavesIn,
  nodeHash,
  rootHash,
  TreeBuilder,
} from '../../../src/plugins/files/block-tree.ts'
import { BLOCK_BYTES, FILE_MAX_BYTES, GROUP_BLOCKS } from '../../../src/plugins/files/limits.ts'
import { labelledHash } from '../../../src/wire/hash.ts'

const LEAF_LABEL = Buffer.from('ntm.file.leaf.1')

const treeOf = (...blocks: Uint8Array[]) => {
  const builder = new TreeBuilder()
  const groups = blocks.flatMap(block => builder.add(block) ?? [])
  const { leaves, nodes, root } = builder.finish()
  return { groups: leaves === undefined ? groups : [...groups, leaves], nodes, root }
}
const block = (byte: number, length = BLOCK_BYTES): Uint8Array => new Uint8Array(length).fill(byte)

describe('the hash of a file', () => {
  it('of nothing is that of no groups', () => {
    expect(treeOf()).toEqual({ groups: [], nodes: Buffer.alloc(0), root: rootHash(0, new Uint8Array(0)) })
  })

  it('follows from its blocks by the three labels', () => {
    const one = block(1)
    const two = block(2, 5)
    const leaves = Buffer.concat([one, two].map(bytes => sha256(Buffer.concat([LEAF_LABEL, bytes]))))
    const size = Buffer.alloc(8)
    size.writeUInt32BE(BLOCK_BYTES + 5, 4)
    const root = labelledHash('ntm.file.root.1', size, labelledHash('ntm.file.node.1', leaves))
    expect(Buffer.from(treeOf(one, two).root)).toEqual(Buffer.from(root))
  })

  it('is another one when blocks change places, when one is cut off, and when a bit is flipped', () => {
    const roots = [
      treeOf(block(1), block(2)),
      treeOf(block(2), block(1)),
      treeOf(block(1)),
      treeOf(block(1), block(2, BLOCK_BYTES - 1)),
      treeOf(
        block(1),
        Uint8Array.from(block(2), (byte, at) => (at === 77 ? byte ^ 1 : byte)),
      ),
    ].map(({ root }) => Buffer.from(root).toString('hex'))
    expect(new Set(roots).size).toBe(roots.length)
  })

  it('never takes a leaf for a node', () => {
    const bytes = block(3, 64)
    expect(leafHash(bytes)).not.toEqual(nodeHash(bytes))
  })

  it('of more than one group has a node for each', () => {
    const small = block(1, 1)
    const builder = new TreeBuilder()
    const full: Uint8Array[] = []
    for (let index = 0; index <= GROUP_BLOCKS; index += 1) full.push(...[builder.add(small) ?? []].flat())
    const { leaves, nodes } = builder.finish()
    expect(full.map(({ length }) => length)).toEqual([GROUP_BLOCKS * 32])
    expect(leaves?.length).toBe(32)
    expect(nodes.length).toBe(64)
    expect(Buffer.from(nodes.subarray(32))).toEqual(Buffer.from(nodeHash(leaves!)))
  })
})

describe('the places of blocks', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1],
    [BLOCK_BYTES, 1, 1],
    [BLOCK_BYTES + 1, 2, 1],
    [BLOCK_BYTES * GROUP_BLOCKS, GROUP_BLOCKS, 1],
    [BLOCK_BYTES * GROUP_BLOCKS + 1, GROUP_BLOCKS + 1, 2],
    [FILE_MAX_BYTES, 2 ** 24, 2 ** 14],
  ])('of %i bytes: %i blocks in %i groups', (bytes, blocks, groups) => {
    expect([blockCount(bytes), groupCount(bytes)]).toEqual([blocks, groups])
    if (blocks === 0) return
    expect(blockLength(bytes, blocks - 1)).toBe(bytes - (blocks - 1) * BLOCK_BYTES)
    expect(leavesIn(bytes, groups - 1)).toBe(blocks - (groups - 1) * GROUP_BLOCKS)
  })
})
