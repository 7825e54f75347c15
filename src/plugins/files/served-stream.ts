/**
 * One stream on which a file is asked for: hears what is wanted, answers whether it can be had, and sends block after
 * block as fast as they are taken.
 */
import type { Duplex } from 'node:stream'
import type { EventId } from '../../events/ids.ts'
import { ChatError, type Clock } from '../../kernel/api/index.ts'
import { Bell } from './bell.ts'
import { blockCount, groupOf } from './block-tree.ts'
import { encodeBlockHead, encodeFound, encodeLeaves, encodeNo, type Get, type NoReason } from './frames.ts'
import { BLOCK_PATIENCE_MS, READ_AHEAD_BLOCKS, SLICE_BYTES, STALL_MS } from './limits.ts'
import { Watchdog, writeTo } from './patience.ts'
import { ReadAhead } from './read-ahead.ts'
import { Rooms } from './rooms.ts'
import { type Asked, Serving } from './serving.ts'
import { isPromised, type SourceReader } from './source.ts'

/** A file that may be had, opened. */
export interface Served {
  readonly bytes: number
  readonly nodes: Uint8Array
  readonly reader: SourceReader
  /** Whether whoever asks for it may still have it. */
  isMeant(): boolean
  /** Undefined when they were lost. */
  leaves(group: number): Promise<Uint8Array | undefined>
  sending(from: number): void
  sent(bytes: number): void
  /** It is not any more what was offered. */
  changed(error: ChatError): void
}

export interface ServedParts {
  readonly clock: Clock
  readonly stream: Duplex
  /** The file, or why not. */
  find(offer: EventId): Promise<Served | NoReason>
}

/** Resolves when the stream is over. Never rejects for what the other side does. */
export async function serveStream(parts: ServedParts): Promise<void> {
  await new ServedStream(parts).run()
}

class ServedStream {
  readonly #parts: ServedParts
  readonly #serving = new Serving()
  readonly #bell = new Bell()
  readonly #rooms = new Rooms()
  readonly #asked: Asked[] = []
  readonly #watchdog: Watchdog
  #leaves: { readonly group: number; readonly leaves: Uint8Array } | undefined

  constructor(parts: ServedParts) {
    this.#parts = parts
    this.#watchdog = new Watchdog(parts.clock, parts.stream, STALL_MS)
  }

  async run(): Promise<void> {
    const { stream } = this.#parts
    stream.on('data', (chunk: Uint8Array) => {
      this.#asked.push(...this.#serving.receive(chunk))
      this.#bell.ring()
    })
    for (const event of ['end', 'close', 'error'] as const) stream.on(event, () => this.#bell.ring())
    try {
      const get = await this.#firstAsked()
      if (get !== undefined) await this.#answer(get)
    } finally {
      this.#watchdog.end()
      stream.destroy()
    }
  }

  async #firstAsked(): Promise<Get | undefined> {
    while (this.#asked.length === 0) {
      if (this.#isOver()) return undefined
      await this.#bell.rung()
    }
    const first = this.#asked.shift()!
    if (first.kind === 'get') return first
    if (first.kind === 'refused' && first.why === 'version') await this.#end(encodeNo('version'))
    return undefined
  }

  async #answer({ offer, from }: Get): Promise<void> {
    const { stream } = this.#parts
    const found = await this.#parts.find(offer)
    if (typeof found === 'string') return this.#end(encodeNo(found))
    try {
      if (!this.#serving.begin(found.bytes, from)) return
      found.sending(from)
      await this.#write(encodeFound(found.bytes, found.nodes))
      await this.#send(found)
    } catch (error) {
      if (!(error instanceof ChatError)) {
        if (stream.destroyed) return
        throw error
      }
      if (error.code === 'FILE_CHANGED') found.changed(error)
      await this.#end(encodeNo(error.code === 'FILE_CHANGED' ? 'changed' : 'unreadable'))
    } finally {
      await found.reader.close().catch(() => undefined)
    }
  }

  async #send(found: Served): Promise<void> {
    const read = (index: number) => found.reader.block(index, length => this.#rooms.take(length))
    const ahead = new ReadAhead(read, blockCount(found.bytes), READ_AHEAD_BLOCKS)
    for (;;) {
      if (this.#asked.some(({ kind }) => kind === 'done' || kind === 'refused')) return
      this.#asked.length = 0
      const due = this.#serving.due()
      if (due === undefined) {
        if (this.#isOver()) return
        await this.#bell.rung()
      } else if (due.kind === 'leaves') {
        await this.#write(encodeLeaves(due.group, await this.#leavesOf(found, due.group)))
      } else {
        const block = await ahead.block(due.index)
        // Broken off, not ended: then what is queued does not leave either.
        if (!found.isMeant()) return
        await this.#judge(found, block, due.index, due.isDoubted)
        await this.#sendBlock(block, due.index)
        found.sent(block.length)
      }
    }
  }

  async #leavesOf(found: Served, group: number): Promise<Uint8Array> {
    if (this.#leaves?.group === group) return this.#leaves.leaves
    const leaves = await found.leaves(group)
    if (leaves === undefined) throw new ChatError('NOT_FOUND', 'the hashes of the file are not kept any more')
    this.#leaves = { group, leaves }
    return leaves
  }

  /** What may have changed is compared with what was offered before it leaves. */
  async #judge(found: Served, block: Uint8Array, index: number, isDoubted: boolean): Promise<void> {
    if (!isDoubted && !found.reader.isDoubted) return
    if (!isPromised(block, index, await this.#leavesOf(found, groupOf(index)))) throw found.reader.changed
  }

  async #sendBlock(block: Uint8Array, index: number): Promise<void> {
    await this.#write(encodeBlockHead(index, block.length))
    const last = block.length - SLICE_BYTES
    for (let at = 0; at < block.length; at += SLICE_BYTES) {
      const taken = at < last ? undefined : () => this.#rooms.give(block)
      await this.#write(block.subarray(at, at + SLICE_BYTES), taken)
    }
  }

  /** `taken` is called when the bytes are nobody's any more. */
  async #write(bytes: Uint8Array, taken?: () => void): Promise<void> {
    await writeTo(this.#parts.stream, bytes, taken)
    this.#watchdog.pat(BLOCK_PATIENCE_MS)
  }

  /** The last word, if it can still be said; whoever hears it hangs up. */
  async #end(bytes: Uint8Array): Promise<void> {
    const { stream } = this.#parts
    if (stream.destroyed || !stream.writable) return
    stream.end(bytes)
    while (!stream.destroyed && !stream.readableEnded) await this.#bell.rung()
  }

  #isOver(): boolean {
    const { stream } = this.#parts
    return stream.destroyed || stream.readableEnded
  }
}
