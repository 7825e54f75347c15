/**
 * Lets so many in at a time, and so many of each kind: what others call a semaphore. Whoever waits gets in as soon as
 * there is room, those first of whose kind the fewest are inside, and then those who came first.
 */
export interface TurnstileLimits {
  readonly max: number
  readonly eachMax: number
}

interface Waiting {
  readonly kind: string
  enter(): void
}

export class Turnstile {
  readonly #limits: TurnstileLimits
  readonly #inside = new Map<string, number>()
  #waiting: readonly Waiting[] = []
  #count = 0

  constructor(limits: TurnstileLimits) {
    this.#limits = limits
  }

  /** Undefined when it is not wanted any more before its turn came. */
  async pass<T>(kind: string, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (!(await this.#enter(kind, signal))) return undefined
    try {
      return await work()
    } finally {
      this.#leave(kind)
    }
  }

  #enter(kind: string, signal: AbortSignal): Promise<boolean> {
    return new Promise(resolve => {
      if (signal.aborted) return resolve(false)
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter(each => each !== mine)
        resolve(false)
      }
      const mine: Waiting = {
        kind,
        enter: () => {
          signal.removeEventListener('abort', giveUp)
          this.#count += 1
          this.#inside.set(kind, this.#insideOf(kind) + 1)
          resolve(true)
        },
      }
      signal.addEventListener('abort', giveUp)
      this.#waiting = [...this.#waiting, mine]
      this.#admit()
    })
  }

  #leave(kind: string): void {
    this.#count -= 1
    const left = this.#insideOf(kind) - 1
    if (left === 0) this.#inside.delete(kind)
    else this.#inside.set(kind, left)
    this.#admit()
  }

  #admit(): void {
    while (this.#count < this.#limits.max) {
      const next = this.#next()
      if (next === undefined) return
      this.#waiting = this.#waiting.filter(each => each !== next)
      next.enter()
    }
  }

  #next(): Waiting | undefined {
    let best: Waiting | undefined
    let least = this.#limits.eachMax
    for (const each of this.#waiting) {
      const inside = this.#insideOf(each.kind)
      if (inside >= least) continue
      best = each
      least = inside
    }
    return best
  }

  #insideOf(kind: string): number {
    return this.#inside.get(kind) ?? 0
  }
}
