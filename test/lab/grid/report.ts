/**
 * The report of the grid in bench/results: outcomes as JSON, and the tables made from them. It is written anew with
 * every cell that is done, so that a run that is cut short leaves the cells it has; a cell that is run again replaces
 * what the report had of it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHANGED, type Circumstances } from './circumstances.ts'
import type { CellResult } from './figures.ts'
import { htmlOf, markdownOf } from './matrix.ts'

export class Report {
  readonly #directory: string
  readonly #name: string
  /** By the name of the cell. */
  readonly #results: Map<string, CellResult>
  readonly #order: readonly string[]

  /** `order`: the names of all cells that there are; what the report has of others is left out. */
  constructor(directory: string, name: string, order: readonly string[]) {
    this.#directory = directory
    this.#name = name
    this.#order = order
    const path = this.#path('json')
    const { cells = [] } = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as {
      cells?: readonly CellResult[]
    }
    this.#results = new Map(cells.map(result => [result.cell.name, result]))
  }

  /** Whether a cell has been tried with this very program on this machine, and as often. */
  has(name: string, { commit, machine, runs, staggersMs }: Circumstances): boolean {
    const made = this.#results.get(name)?.made
    if (made === undefined || commit.endsWith(CHANGED)) return false
    const isSame = made.commit === commit && made.machine === machine && made.runs >= runs
    return isSame && made.staggersMs.join() === staggersMs.join()
  }

  add(result: CellResult): void {
    this.#results.set(result.cell.name, result)
    const results = this.#order.flatMap(name => this.#results.get(name) ?? [])
    const lines = results.map(one => JSON.stringify(one))
    mkdirSync(this.#directory, { recursive: true })
    this.#write('json', `{"cells":[\n${lines.join(',\n')}\n]}\n`)
    this.#write('md', markdownOf(results))
    this.#write('html', htmlOf(results))
  }

  #path(ending: string): string {
    return join(this.#directory, `${this.#name}.${ending}`)
  }

  /** Whole or not at all: whoever is cut short while writing must not take with them what there was. */
  #write(ending: string, text: string): void {
    const draft = `${this.#path(ending)}.draft`
    writeFileSync(draft, text)
    renameSync(draft, this.#path(ending))
  }
}
