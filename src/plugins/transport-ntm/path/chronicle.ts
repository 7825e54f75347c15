/**
 * The story of each peer's paths for the journal, one line an event. A path that flaps must not push everything else
 * out of a journal that is bounded: a few lines may follow each other at once, as when a path is found, and then they
 * are spaced out. Of those in between the last is told when its time has come, with how many it stands for.
 */
import type { DeviceId } from '../../../events/ids.ts'
import { type Clock, TokenBucket } from '../../../kernel/api/index.ts'
import { LINE_EVERY_MS, LINES_AT_ONCE, STORIES_MAX } from './limits.ts'

interface Chapter {
  readonly bucket: TokenBucket
  /** The newest line that had to wait. */
  held: string | undefined
  leftOut: number
  cancel: () => void
}

export class Chronicle {
  readonly #clock: Clock
  readonly #note: (about: DeviceId, what: string) => void
  /** In order of the last line. */
  readonly #chapters = new Map<DeviceId, Chapter>()

  constructor(clock: Clock, note: (about: DeviceId, what: string) => void) {
    this.#clock = clock
    this.#note = note
  }

  tell(about: DeviceId, what: string): void {
    const chapter = this.#chapterOf(about)
    if (chapter.held !== undefined) {
      chapter.held = what
      chapter.leftOut += 1
    } else if (chapter.bucket.take(this.#clock.monotonicMs())) this.#note(about, what)
    else {
      chapter.held = what
      this.#wait(about, chapter)
    }
  }

  close(): void {
    for (const { cancel } of this.#chapters.values()) cancel()
    this.#chapters.clear()
  }

  #chapterOf(about: DeviceId): Chapter {
    const bucket = (): TokenBucket => new TokenBucket(1_000 / LINE_EVERY_MS, LINES_AT_ONCE)
    const known = this.#chapters.get(about)
    const chapter = known ?? { bucket: bucket(), held: undefined, leftOut: 0, cancel: () => {} }
    this.#chapters.delete(about)
    this.#chapters.set(about, chapter)
    const [oldest] = this.#chapters
    if (this.#chapters.size > STORIES_MAX) {
      oldest![1].cancel()
      this.#chapters.delete(oldest![0])
    }
    return chapter
  }

  #wait(about: DeviceId, chapter: Chapter): void {
    chapter.cancel = this.#clock.after(LINE_EVERY_MS, () => {
      const { held, leftOut } = chapter
      chapter.held = undefined
      chapter.leftOut = 0
      chapter.bucket.take(this.#clock.monotonicMs())
      const others = leftOut === 1 ? 'one line' : `${leftOut} lines`
      if (held !== undefined) this.#note(about, leftOut === 0 ? held : `${held} (${others} left out before)`)
    })
  }
}
