/**
 * The side that has a file, as a machine (SPEC.md §4): what is asked on one stream, and which frame is due next. It
 * knows nothing of who asks or of what the file holds.
 */
import { blockCount, groupOf } from './block-tree.ts'
import { ASKED, FRAME, type Frame, FrameReader, type Get, readGet, readIndex } from './frames.ts'
import { GROUP_BLOCKS } from './limits.ts'

export type Asked =
  | ({ readonly kind: 'get' } & Get)
  | { readonly kind: 'again' }
  | { readonly kind: 'done' }
  /** What the asker sends is of a later version, or does not keep to the protocol. */
  | { readonly kind: 'refused'; readonly why: 'version' | 'nonsense' }

export type Due =
  | { readonly kind: 'leaves'; readonly group: number }
  /** Doubted: it arrived damaged, so it must be looked at before it is sent again. */
  | { readonly kind: 'block'; readonly index: number; readonly isDoubted: boolean }

export class Serving {
  readonly #reader = new FrameReader(ASKED)
  #hasAsked = false
  #blocks = 0
  #next = 0
  #needsLeaves = true
  #doubted: number | undefined
  #isOver = false

  receive(chunk: Uint8Array): readonly Asked[] {
    const asked: Asked[] = []
    if (this.#isOver) return asked
    const read = this.#reader.read(chunk, frame => {
      const one = this.#take(frame)
      asked.push(one)
      this.#isOver = one.kind === 'done' || one.kind === 'refused'
      return !this.#isOver
    })
    if (read.ok) return asked
    this.#isOver = true
    return [...asked, { kind: 'refused', why: 'nonsense' }]
  }

  /** The file was found. False when it has no such beginning. */
  begin(bytes: number, from: number): boolean {
    this.#blocks = blockCount(bytes)
    this.#next = from
    return from <= this.#blocks
  }

  /** What has to be sent now, each once. Undefined when everything was: then wait for what is asked. */
  due(): Due | undefined {
    if (this.#isOver || this.#next >= this.#blocks) return undefined
    if (this.#needsLeaves) {
      this.#needsLeaves = false
      return { kind: 'leaves', group: groupOf(this.#next) }
    }
    const index = this.#next
    this.#next += 1
    this.#needsLeaves = this.#next % GROUP_BLOCKS === 0
    const isDoubted = this.#doubted === index
    if (isDoubted) this.#doubted = undefined
    return { kind: 'block', index, isDoubted }
  }

  #take({ type, payload }: Frame): Asked {
    if (type === FRAME.done) return { kind: 'done' }
    if (type === FRAME.get) {
      const get = readGet(payload)
      if (!get.ok) return { kind: 'refused', why: get.why }
      if (this.#hasAsked) return { kind: 'refused', why: 'nonsense' }
      this.#hasAsked = true
      return { kind: 'get', ...get.value }
    }
    const block = readIndex(payload)
    // Only what was sent can have arrived damaged.
    if (block >= this.#next) return { kind: 'refused', why: 'nonsense' }
    this.#next = block
    this.#doubted = block
    this.#needsLeaves = true
    return { kind: 'again' }
  }
}
