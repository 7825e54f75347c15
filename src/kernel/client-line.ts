/**
 * The line to whoever makes a call, for as long as the call takes. Every message that somebody sends has one,
 * thousands a second in a burst, so it is a plain object: an abort signal costs twenty times as much and keeps the
 * garbage collector busy.
 */
import type { Client } from './api/points.ts'

export class ClientLine implements Client {
  readonly #emit: (item: unknown) => void
  #hasGone = false
  #listeners: Set<() => void> | undefined

  /** `emit` hears the items of a stream. Without it nobody does. */
  constructor(emit: (item: unknown) => void = () => undefined) {
    this.#emit = emit
  }

  get hasGone(): boolean {
    return this.#hasGone
  }

  onGone(run: () => void): () => void {
    if (this.#hasGone) {
      run()
      return () => undefined
    }
    this.#listeners ??= new Set()
    const listeners = this.#listeners.add(run)
    return () => void listeners.delete(run)
  }

  emit(item: unknown): void {
    this.#emit(item)
  }

  /** The client has gone, or wants no answer any more. */
  hangUp(): void {
    if (this.#hasGone) return
    this.#hasGone = true
    for (const run of this.#listeners ?? []) run()
  }
}
