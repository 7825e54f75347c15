/**
 * What a scenario plays on: two people in conversation, and a clock for what happens meanwhile. What is judged is that
 * everything arrives, once and in order, and that no silence was longer than a generous time: how long one lasts depends
 * on the machine too.
 */

import { type Cell, OTHER, SIDES } from '../people/cell.ts'
import { Conversation } from '../people/conversation.ts'
import type { Side } from '../topology/addresses.ts'

/** For what had to wait: several rounds of everything. */
const QUIET_TIMEOUT_MS = 45_000

export const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

interface During {
  readonly beforeMs?: number
  readonly afterMs?: number
  /** Before the figures. */
  readonly label?: string
}

export class Stage {
  readonly cell: Cell
  readonly talk: Conversation
  readonly #figures: string[] = []
  readonly #silencesMs: Record<Side, number> = { a: 0, b: 0 }
  #longestMs = 0

  private constructor(cell: Cell, talk: Conversation) {
    this.cell = cell
    this.talk = talk
  }

  /** Both are up and have said a first word to each other. */
  static async set(cell: Cell): Promise<Stage> {
    await Promise.all(SIDES.map(side => cell.up(side)))
    const stage = new Stage(cell, await Conversation.begin(cell))
    for (const side of SIDES) await stage.talk.say(side)
    return stage
  }

  tell(what: string, ms: number | null | undefined): void {
    this.#figures.push(`${what} ${ms === null || ms === undefined ? 'never' : `${Math.round(ms)} ms`}`)
  }

  /** Talks, lets something happen, goes on talking, and tells the longest silence at each side that listened. */
  async during(
    everyMs: Partial<Readonly<Record<Side, number>>>,
    happens: () => Promise<unknown>,
    { beforeMs = 500, afterMs = 3_000, label = '' }: During = {},
  ): Promise<void> {
    this.talk.start({ everyMs })
    await sleep(beforeMs)
    const from = Date.now()
    await happens()
    await sleep(afterMs)
    this.talk.stop()
    const to = Date.now()
    for (const side of SIDES) {
      if (everyMs[OTHER[side]] === undefined) continue
      this.#silencesMs[side] = this.talk.longestGapMs(side, from, to)
      this.#longestMs = Math.max(this.#longestMs, this.#silencesMs[side])
      this.tell(`${label}longest silence at ${side}`, this.#silencesMs[side])
    }
  }

  /** What should have cut the two off did: a silence that is too short would mean that nothing happened. */
  mustHaveBeenSilent(ms: number): void {
    for (const side of SIDES)
      if (this.#silencesMs[side] < ms)
        throw new Error(`the longest silence at ${side} was ${this.#silencesMs[side]} ms, less than ${ms} ms`)
  }

  /** Of all silences while they talked, and of all texts whose time was taken. */
  get longestMs(): number {
    return this.#longestMs
  }

  /** Says one text and tells how long it took to be acknowledged. */
  async sayTimed(side: Side, lengthMin = 0): Promise<void> {
    const from = Date.now()
    await this.talk.say(side, lengthMin)
    const tookMs = Date.now() - from
    this.#longestMs = Math.max(this.#longestMs, tookMs)
    this.tell(`a text of ${side} took`, tookMs)
  }

  /** Waits until both paths are of a kind, and tells how long that took; rejects when they do not become it. */
  async untilPath(path: 'direct' | 'relay', timeoutMs: number): Promise<void> {
    const from = Date.now()
    const at = await this.cell.untilPath(path, timeoutMs)
    this.tell(path, at === null ? null : at - from)
    if (at === null) throw new Error(`the path did not become ${path} in ${timeoutMs} ms`)
  }

  /** Every broken promise, as a sentence. */
  end(): Promise<readonly string[]> {
    return this.talk.end(QUIET_TIMEOUT_MS)
  }

  figures(): string {
    return this.#figures.join(', ')
  }
}
