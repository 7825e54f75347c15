/**
 * A file on its way from one of two people to the other while something happens to the network: how long it stood still,
 * as whoever gets it is told, and whether what came is what was sent.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Side } from '../topology/addresses.ts'
import { type Cell, OTHER } from './cell.ts'
import { NAMES } from './homes.ts'

const POLL_MS = 10
const MIB = 1024 * 1024
/** Of a node to its caller: a time without progress is known no better than by so much. */
export const TOLD_EVERY_MS = 200

interface FileDocument {
  readonly id: string
  readonly state: string
  readonly path?: string
}

const pause = (): Promise<void> => new Promise(done => setTimeout(done, POLL_MS))

/** An offer comes as a text does. */
const heard = async (cell: Cell, side: Side, id: string): Promise<void> => {
  for (;;) {
    const { files } = await cell.session(side).call<{ files: readonly FileDocument[] }>('file.ls')
    if (files.some(file => file.id === id)) return
    await pause()
  }
}

export class FileUnderWay {
  readonly #content: Buffer
  readonly #progressMs: number[] = []
  #doneBytes = 0
  #ended: Promise<FileDocument> | undefined
  #isOver = false

  private constructor(content: Buffer) {
    this.#content = content
  }

  /** Offered, asked for, and some of it is there. */
  static async begin(cell: Cell, from: Side, mebibytes: number): Promise<FileUnderWay> {
    const file = new FileUnderWay(randomBytes(mebibytes * MIB))
    // Beside the homes, with which it goes.
    const folder = join(cell.home(from), '..', 'content')
    mkdirSync(folder)
    const path = join(folder, 'sent')
    writeFileSync(path, file.#content)
    const to = OTHER[from]
    const { id } = await cell.session(from).call<FileDocument>('file.send', { to: NAMES[to], path })
    await heard(cell, to, id)
    await new Promise<void>((begun, failed) => {
      const onItem = (item: unknown): void => {
        if (file.#hear(item as { doneBytes: number })) begun()
      }
      const asked = { id, path: join(folder, 'got') }
      file.#ended = cell.session(to).call<FileDocument>('file.get', asked, { onItem })
      file.#ended.then(() => {
        file.#isOver = true
        file.#progressMs.push(Date.now())
        begun()
      }, failed)
    })
    return file
  }

  /** Whether there is more of it than before. */
  #hear({ doneBytes }: { readonly doneBytes: number }): boolean {
    if (doneBytes <= this.#doneBytes) return false
    this.#doneBytes = doneBytes
    this.#progressMs.push(Date.now())
    return true
  }

  /** What happens shall meet it half way. */
  mustBeUnderWay(): void {
    if (this.#isOver) throw new Error('the file was there before all had happened that should meet it')
  }

  /** Rejects when it does not come to its end, or comes otherwise than it was sent. */
  async end(): Promise<void> {
    const { state, path } = await this.#ended!
    if (state !== 'done') throw new Error(`the file is not done but ${state}`)
    if (!(await readFile(path!)).equals(this.#content)) throw new Error('the file is not what was sent')
  }

  /** From its first bytes until it is there. */
  get tookMs(): number {
    return this.#progressMs.at(-1)! - this.#progressMs[0]!
  }

  get longestStallMs(): number {
    const moments = this.#progressMs
    return Math.max(0, ...moments.slice(1).map((at, n) => at - moments[n]!))
  }
}
