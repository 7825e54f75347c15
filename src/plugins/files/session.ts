/**
 * One stream on which a file arrives: feeds the machine, hands verified blocks to the disk, and never has more of them
 * on their way than a few, so that a slow disk slows the sender down.
 */
import type { Clock, PeerStream } from '../../kernel/api/index.ts'
import { type FetchFailure, Fetching, type FetchStep, type Wanted } from './fetching.ts'
import { BLOCK_PATIENCE_MS, STALL_MS, WRITES_MAX } from './limits.ts'
import { Watchdog, writeTo } from './patience.ts'
import { Rooms } from './rooms.ts'

export interface SessionParts {
  readonly clock: Clock
  readonly stream: PeerStream
  readonly wanted: Wanted
  readonly signal: AbortSignal
  /** The block is the writer's until this resolves. */
  write(block: Uint8Array, index: number): Promise<void>
  keepLeaves(group: number, leaves: Uint8Array): Promise<void>
  arrived(bytes: number): void
  /** It is on its way to the disk, or the disk has taken it: nobody was silent until now. */
  moved(): void
  damaged(index: number): void
}

export interface SessionEnd {
  readonly how: 'complete' | 'broken' | FetchFailure
  /** Blocks up to here are written. */
  readonly next: number
}

/** Runs until the stream ends, by whatever. Rejects with what the disk says. */
export async function runSession(parts: SessionParts): Promise<SessionEnd> {
  const session = new Session(parts)
  return session.run()
}

class Session {
  readonly #parts: SessionParts
  readonly #machine: Fetching
  readonly #rooms = new Rooms()
  readonly #writes = new Set<Promise<void>>()
  readonly #bytesDog: Watchdog
  /** Bytes alone do not tame it: only blocks that were verified. */
  readonly #blocksDog: Watchdog
  #next: number
  #failure: unknown
  #end: 'complete' | FetchFailure | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#machine = new Fetching(parts.wanted, length => this.#rooms.take(length))
    this.#next = parts.wanted.from
    const { clock, stream } = parts
    this.#bytesDog = new Watchdog(clock, stream, STALL_MS)
    this.#blocksDog = new Watchdog(clock, stream, BLOCK_PATIENCE_MS)
  }

  async run(): Promise<SessionEnd> {
    const { stream, signal } = this.#parts
    const abort = (): void => void stream.destroy()
    signal.addEventListener('abort', abort)
    try {
      await this.#read()
    } catch {
      // How a stream breaks says nothing that a new one would not show better.
    } finally {
      signal.removeEventListener('abort', abort)
      this.#bytesDog.end()
      this.#blocksDog.end()
      this.#leave(stream)
    }
    await Promise.all(this.#writes)
    if (this.#failure !== undefined) throw this.#failure
    return { how: this.#end ?? 'broken', next: this.#next }
  }

  async #read(): Promise<void> {
    const { stream, signal } = this.#parts
    if (signal.aborted) return
    await writeTo(stream, this.#machine.begin())
    // Left open at the end: the last word has still to go out.
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      this.#bytesDog.pat()
      for (const step of this.#machine.receive(chunk as Uint8Array)) await this.#perform(step)
      stream.giveBack?.(chunk as Uint8Array)
      if (this.#end !== undefined || this.#failure !== undefined) return
    }
  }

  async #perform(step: FetchStep): Promise<void> {
    const { stream, keepLeaves, arrived, damaged } = this.#parts
    switch (step.kind) {
      case 'send':
        return writeTo(stream, step.bytes).catch(() => undefined)
      case 'leaves':
        return this.#hold(keepLeaves(step.group, step.leaves))
      case 'block':
        arrived(step.bytes.length)
        this.#moved()
        this.#next = step.index + 1
        return this.#hold(this.#write(step.bytes, step.index))
      case 'damaged':
        return damaged(step.index)
      case 'complete':
        this.#end = 'complete'
        return
      case 'failed':
        this.#end = step.why
    }
  }

  async #write(block: Uint8Array, index: number): Promise<void> {
    await this.#parts.write(block, index)
    this.#rooms.give(block)
    this.#moved()
  }

  #moved(): void {
    this.#parts.moved()
    this.#blocksDog.pat()
  }

  /** Waits only while too many are under way. */
  async #hold(work: Promise<void>): Promise<void> {
    const held = work.then(
      () => void this.#writes.delete(held),
      error => {
        this.#failure ??= error
        this.#writes.delete(held)
      },
    )
    this.#writes.add(held)
    while (this.#writes.size >= WRITES_MAX) await this.#wait()
  }

  /** A slow disk is no silent sender. */
  async #wait(): Promise<void> {
    this.#bytesDog.hold()
    this.#blocksDog.hold()
    await Promise.race(this.#writes)
    this.#bytesDog.pat()
    this.#blocksDog.pat()
  }

  /** What was complete is closed in order; everything else is broken off. */
  #leave(stream: PeerStream): void {
    if (this.#end !== 'complete') stream.destroy()
    else stream.end(() => stream.destroy())
  }
}
