/**
 * One row of bytes that lies in several files, one after the other: what a folder is while it is on the move. A file
 * is a row of one. Reads and writes go through in the order in which they were asked, one file open at a time.
 */
import type { FileFacts, OpenFile } from '../../kernel/api/index.ts'

export interface Piece {
  readonly bytes: number
  /** Where it lies, or what it is. */
  readonly in: string | Uint8Array
}

export interface SpreadAccess {
  open(path: string): Promise<OpenFile>
  /**
   * The files are put together here. Then also one that was only read is on the disk before it is closed: what a
   * process wrote that was killed is read as if it were there, and may be in memory only.
   */
  readonly isOurs?: boolean
  /** Looks at a file after each read. Throws when it is not what it was. */
  check?(facts: FileFacts, piece: Piece): void
}

interface Opened {
  readonly index: number
  readonly file: OpenFile
}

export class Spread {
  readonly #pieces: readonly Piece[]
  /** Where each piece begins. */
  readonly #starts: readonly number[]
  readonly #access: SpreadAccess
  #open: Opened | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(pieces: readonly Piece[], access: SpreadAccess) {
    let at = 0
    this.#pieces = pieces
    this.#access = access
    this.#starts = pieces.map(({ bytes }) => {
      at += bytes
      return at - bytes
    })
  }

  /** Fills `into` from there on; fewer bytes only where a file is shorter than it should be. */
  read(into: Uint8Array, at: number): Promise<number> {
    return this.#inTurn(async () => {
      let filled = 0
      while (filled < into.length) {
        const index = this.#pieceAt(at + filled)
        const count =
          index === undefined ? 0 : await this.#readFrom(index, into.subarray(filled), at + filled)
        if (count === 0) break
        filled += count
      }
      return filled
    })
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return this.#inTurn(async () => {
      for (let written = 0; written < bytes.length; ) {
        const index = this.#pieceAt(at + written)
        if (index === undefined) throw new RangeError('written beyond the end')
        written += await this.#writeTo(index, bytes.subarray(written), at + written)
      }
    })
  }

  /** What is there stays, and nothing is open any more. */
  close(isToStay = true): Promise<void> {
    return this.#inTurn(() => this.#closeFile(isToStay))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** The piece that holds this byte. */
  #pieceAt(at: number): number | undefined {
    let low = 0
    let high = this.#pieces.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! + this.#pieces[middle]!.bytes <= at) low = middle + 1
      else high = middle
    }
    return low < this.#pieces.length ? low : undefined
  }

  async #readFrom(index: number, into: Uint8Array, at: number): Promise<number> {
    const piece = this.#pieces[index]!
    const offset = at - this.#starts[index]!
    const wanted = into.subarray(0, Math.min(into.length, piece.bytes - offset))
    if (typeof piece.in !== 'string') {
      wanted.set(piece.in.subarray(offset, offset + wanted.length))
      return wanted.length
    }
    const { file } = await this.#fileAt(index, piece.in)
    const count = await file.read(wanted, offset)
    // Not before: it could be written to in between.
    if (this.#access.check !== undefined) this.#access.check(await file.facts(), piece)
    return count
  }

  async #writeTo(index: number, bytes: Uint8Array, at: number): Promise<number> {
    const piece = this.#pieces[index]!
    const offset = at - this.#starts[index]!
    const part = bytes.subarray(0, Math.min(bytes.length, piece.bytes - offset))
    if (typeof piece.in !== 'string') return part.length
    const { file } = await this.#fileAt(index, piece.in)
    await file.write(part, offset)
    return part.length
  }

  async #fileAt(index: number, path: string): Promise<Opened> {
    if (this.#open?.index === index) return this.#open
    await this.#closeFile(true)
    const opened = { index, file: await this.#access.open(path) }
    this.#open = opened
    return opened
  }

  async #closeFile(isToStay: boolean): Promise<void> {
    const open = this.#open
    this.#open = undefined
    try {
      if (this.#access.isOurs === true && isToStay) await open?.file.sync()
    } finally {
      await open?.file.close()
    }
  }
}
