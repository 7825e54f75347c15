/**
 * What wants to be written but not to wait for it: delivered pointers, notes for the journal. It gathers here
 * and joins the next commit of events; when none comes soon, it goes by itself. A power loss before that loses
 * it, and nothing was promised about it.
 */
import type { Aside } from '../store/gathering.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Clock } from './api/index.ts'

/** How long something waits for a commit to join. */
const PATIENCE_MS = 50
/** After a failed write: the disk may be full for a while. */
const RETRY_MS = 1_000
/** Notes beyond this are lost while the disk is busy; pointers replace each other and need no bound. */
const NOTES_MAX = 1_024

type Own = Extract<Aside, { kind: 'own' }>
type Note = Extract<Aside, { kind: 'note' }>

const keyOf = (plugin: string, key: string): string => `${plugin}\0${key}`

export class Asides {
  readonly #clock: Clock
  readonly #store: Pick<LogStore, 'write'>
  #own = new Map<string, Own>()
  #notes: Note[] = []
  #cancel: (() => void) | undefined
  #closed = false

  constructor(clock: Clock, store: Pick<LogStore, 'write'>) {
    this.#clock = clock
    this.#store = store
  }

  put(plugin: string, key: string, value: Uint8Array | undefined): void {
    this.#own.set(keyOf(plugin, key), { kind: 'own', plugin, key, value })
    this.#arm(PATIENCE_MS)
  }

  note(note: Note): void {
    if (this.#notes.length < NOTES_MAX) this.#notes.push(note)
    this.#arm(PATIENCE_MS)
  }

  /** Everything that waits, to be written now. */
  take(): readonly Aside[] {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#own.size === 0 && this.#notes.length === 0) return NOTHING
    const taken = [...this.#own.values(), ...this.#notes]
    this.#own = new Map()
    this.#notes = []
    return taken
  }

  /** The commit failed: what was taken waits again, unless something newer took its place. */
  giveBack(taken: readonly Aside[]): void {
    const own = new Map<string, Own>()
    for (const aside of taken) {
      if (aside.kind === 'own') own.set(keyOf(aside.plugin, aside.key), aside)
      else if (aside.kind === 'note' && this.#notes.length < NOTES_MAX) this.#notes.push(aside)
    }
    for (const [key, newer] of this.#own) own.set(key, newer)
    this.#own = own
    if (taken.length > 0) this.#arm(RETRY_MS)
  }

  /** Writes what waits. Rejects when the disk fails; then it waits again. */
  async flush(sync: boolean, more: readonly Aside[] = NOTHING): Promise<void> {
    const taken = this.take()
    if (taken.length + more.length === 0) return
    try {
      await this.#store.write([...taken, ...more], { sync })
    } catch (error) {
      this.giveBack(taken)
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.flush(true)
  }

  #arm(afterMs: number): void {
    if (this.#closed) return
    this.#cancel ??= this.#clock.after(afterMs, () => {
      this.#cancel = undefined
      // It was given back and waits for the next commit, or for the next try.
      this.flush(false).catch(() => undefined)
    })
  }
}

const NOTHING: readonly Aside[] = []
