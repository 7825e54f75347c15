/**
 * Which SACK blocks an acknowledgement carries (RFC 2018 §4): first the one that holds what arrived last, then those
 * reported before it, latest first. What arrived twice is reported in front of all, once (D-SACK, RFC 2883).
 */
import { type Options, SACK_BLOCKS_MAX } from './options.ts'
import type { Ranges } from './ranges.ts'
import { wireOf } from './sequence.ts'

export class SackBlocks {
  /** An offset of each piece that arrived lately, the latest first. */
  readonly #latest: number[] = []
  #twiceFrom = 0
  #twiceTo = 0

  /** What begins at `from` has become part of a piece. Returns whether another one grew last. */
  arrived(from: number, pieces: Ranges): boolean {
    const piece = pieces.indexOf(from)
    const former = this.#latest.length > 0 ? pieces.indexOf(this.#latest[0]!) : -1
    let kept = 0
    for (const offset of this.#latest) {
      const other = pieces.indexOf(offset)
      if (other >= 0 && other !== piece && kept < SACK_BLOCKS_MAX - 1) this.#latest[kept++] = offset
    }
    this.#latest.length = kept
    this.#latest.unshift(from)
    return former >= 0 && former !== piece
  }

  arrivedAgain(from: number, to: number): void {
    this.#twiceFrom = from
    this.#twiceTo = to
  }

  /** Something arrived twice, and was not reported yet. */
  get hasDuplicate(): boolean {
    return this.#twiceTo > this.#twiceFrom
  }

  /** Fills the options with as many as there is room for. */
  fill(options: Options, pieces: Ranges, initial: number, room: number): void {
    if (this.hasDuplicate && room > 0) {
      options.addSack(wireOf(initial, this.#twiceFrom), wireOf(initial, this.#twiceTo))
      this.#twiceTo = this.#twiceFrom
    }
    if (pieces.count === 0) {
      this.#latest.length = 0
      return
    }
    for (const offset of this.#latest) {
      if (options.sackBlocks >= room) return
      const piece = pieces.indexOf(offset)
      if (piece < 0) continue
      options.addSack(wireOf(initial, pieces.from(piece)), wireOf(initial, pieces.to(piece)))
    }
  }
}
