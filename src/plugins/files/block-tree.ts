/**
 * The hash of a file (SPEC.md §1): a tree of three levels over its blocks. A block can be judged as soon as it is
 * there, with the hashes of its group, and those with the hashes of all groups, which the root stands for.
 */
import { labelledHash, labelledSha256 } from '../../wire/hash.ts'
import { BLOCK_BYTES, GROUP_BLOCKS, GROUP_BYTES } from './limits.ts'

export const HASH_BYTES = 32

const LEAF_LABEL = 'ntm.file.leaf.1'
const NODE_LABEL = 'ntm.file.node.1'
const ROOT_LABEL = 'ntm.file.root.1'

/** The only one that is made of much. */
export const leafHash = (block: Uint8Array): Uint8Array => labelledSha256(LEAF_LABEL, block)
/** Of the leaves of one group, one after the other. */
export const nodeHash = (leaves: Uint8Array): Uint8Array => labelledHash(NODE_LABEL, leaves)

/** Of a file of so many bytes, from the nodes of all its groups, one after the other. */
export function rootHash(bytes: number, nodes: Uint8Array): Uint8Array {
  const size = Buffer.alloc(8)
  size.writeBigUInt64BE(BigInt(bytes))
  return labelledHash(ROOT_LABEL, size, nodes)
}

export const blockCount = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES)
export const groupCount = (bytes: number): number => Math.ceil(bytes / GROUP_BYTES)
export const groupOf = (block: number): number => Math.floor(block / GROUP_BLOCKS)
/** How many blocks are in a group. */
export const leavesIn = (bytes: number, group: number): number =>
  Math.min(GROUP_BLOCKS, blockCount(bytes) - group * GROUP_BLOCKS)
/** How long a block is. */
export const blockLength = (bytes: number, block: number): number =>
  Math.min(BLOCK_BYTES, bytes - block * BLOCK_BYTES)

/** The hash at this place in a row of hashes. */
export const hashAt = (hashes: Uint8Array, index: number): Uint8Array =>
  hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)

export const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

/** Hashes a file block after block; holds one group at a time. */
export class TreeBuilder {
  readonly #nodes: Uint8Array[] = []
  #leaves: Uint8Array[] = []
  #bytes = 0

  /** Blocks in order, all whole but for the last. Returns the leaves of a group when it is full. */
  add(block: Uint8Array): Uint8Array | undefined {
    this.#leaves.push(leafHash(block))
    this.#bytes += block.length
    return this.#leaves.length === GROUP_BLOCKS ? this.#closeGroup() : undefined
  }

  /** The leaves of the last group, if it has any that were not returned yet, and what stands above. */
  finish(): {
    readonly leaves: Uint8Array | undefined
    readonly nodes: Uint8Array
    readonly root: Uint8Array
  } {
    const leaves = this.#leaves.length > 0 ? this.#closeGroup() : undefined
    const nodes = Buffer.concat(this.#nodes)
    return { leaves, nodes, root: rootHash(this.#bytes, nodes) }
  }

  #closeGroup(): Uint8Array {
    const leaves = Buffer.concat(this.#leaves)
    this.#leaves = []
    this.#nodes.push(nodeHash(leaves))
    return leaves
  }
}
