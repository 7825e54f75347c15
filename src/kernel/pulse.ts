/**
 * Whether an event loop still turns, judged from the outside by the beats that it counts. Looks are counted and no
 * clock is read: while a machine sleeps or starves, nobody looks either.
 */
export class Pulse {
  readonly #looksMax: number
  #beat: number | undefined
  #missed = 0

  constructor(looksMax: number) {
    this.#looksMax = looksMax
  }

  /** A look at the count. True once for every time that it stood still for so many looks. */
  isLost(beat: number): boolean {
    this.#missed = beat === this.#beat ? this.#missed + 1 : 0
    this.#beat = beat
    return this.#missed === this.#looksMax
  }
}
