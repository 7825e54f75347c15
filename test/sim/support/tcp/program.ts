/**
 * A program at one end of a connection: it writes, reads and closes as its part says, and notes what went otherwise than
 * it must. It uses the stream as Node's programs use any.
 */
import type { Duplex } from 'node:stream'
import { isPattern, patternOf } from './pattern.ts'
import type { Part } from './plan.ts'

export interface Timer {
  after(delayMs: number, run: () => void): void
}

export class Program {
  readonly #stream: Duplex
  readonly #part: Part
  readonly #time: Timer
  readonly #keys: { readonly writes: number; readonly reads: number }
  wrote = 0
  read = 0
  hasEnded = false
  isClosed = false
  error: Error | undefined
  /** What must never happen, whatever the line does. */
  readonly faults: string[] = []

  constructor(
    stream: Duplex,
    part: Part,
    keys: { readonly writes: number; readonly reads: number },
    time: Timer,
  ) {
    this.#stream = stream
    this.#part = part
    this.#keys = keys
    this.#time = time
    stream.on('error', error => {
      this.error = error
    })
    stream.on('close', () => {
      this.isClosed = true
    })
    stream.on('end', () => this.#ended())
    this.#startReading()
    this.#write()
  }

  get isAborting(): boolean {
    return this.#part.abortsAfterBytes !== undefined
  }

  #startReading(): void {
    const { reading } = this.#part
    if (reading.kind === 'eager') this.#stream.on('data', chunk => this.#took(chunk as Buffer))
    else if (reading.kind === 'late')
      this.#time.after(reading.afterMs, () => this.#stream.on('data', chunk => this.#took(chunk as Buffer)))
    else this.#readSlowly(reading.bytes, reading.everyMs)
  }

  #readSlowly(bytes: number, everyMs: number): void {
    if (this.hasEnded || this.isClosed) return
    const { readableLength } = this.#stream
    // Node gives the rest only to who asks for no more than there is, and says the end to who asks for all.
    const chunk = this.#stream.read(Math.min(bytes, Math.max(1, readableLength))) as Buffer | null
    if (chunk !== null) this.#took(chunk)
    this.#time.after(everyMs, () => this.#readSlowly(bytes, everyMs))
  }

  #took(chunk: Buffer): void {
    if (!isPattern(this.#keys.reads, this.read, chunk))
      this.faults.push(`${chunk.length} bytes at ${this.read} are not those that were written`)
    this.read += chunk.length
    this.#considerAbort()
  }

  #ended(): void {
    this.hasEnded = true
    if (this.#part.isLast && this.wrote === this.#part.writesBytes) this.#stream.end()
  }

  #write(): void {
    const { writesBytes, chunkBytes, pauseMs, isLast } = this.#part
    if (this.#stream.destroyed || this.#considerAbort()) return
    if (this.wrote === writesBytes) {
      if (!isLast || this.hasEnded) this.#stream.end()
      return
    }
    const bytes = Math.min(chunkBytes, writesBytes - this.wrote)
    const goesOn = this.#stream.write(patternOf(this.#keys.writes, this.wrote, bytes))
    this.wrote += bytes
    const again = (): void => this.#write()
    if (!goesOn) this.#stream.once('drain', again)
    else if (pauseMs > 0) this.#time.after(pauseMs, again)
    else this.#time.after(0, again)
  }

  #considerAbort(): boolean {
    const { abortsAfterBytes } = this.#part
    if (abortsAfterBytes === undefined || this.wrote + this.read < abortsAfterBytes) return false
    this.#stream.destroy()
    return true
  }
}
