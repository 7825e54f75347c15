/**
 * A DC and people on loopback, each with a home in one temporary directory. A test file makes one town and shares
 * it among its tests.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { attach, type Session } from '../../src/client/index.ts'
import { type Document, killTheRest, type Run, type RunOptions, run, Staying } from './program.ts'

const DOMAIN = 'town.example'

/** The town of a test file: gone when the file ends, also after a failure. */
export function townOfThisFile(domain?: string, dcArgs?: readonly string[]): Town {
  const town = new Town(domain, dcArgs)
  afterAll(() => town.close())
  return town
}

export class Town {
  readonly root = mkdtempSync(join(tmpdir(), 'ntm-cli-'))
  readonly domain: string
  readonly #dcArgs: readonly string[]
  readonly #sessions: Session[] = []
  dc: Staying | undefined
  /** Where to find the DC; the same after a restart. */
  join = ''

  constructor(domain = DOMAIN, dcArgs: readonly string[] = []) {
    this.domain = domain
    this.#dcArgs = dcArgs
  }

  home(who: string): string {
    return join(this.root, who)
  }

  name(who: string): string {
    return `${who}.${this.domain}`
  }

  /** Starts the DC, or starts it again on the same port. */
  async openDc(): Promise<Document> {
    const port = this.join === '' ? 0 : /:(\d+)#/.exec(this.join)![1]
    this.dc = new Staying([
      ...['dc', 'serve', '--home', this.home('dc'), '--domain', this.domain, '--json'],
      ...['--listen', `127.0.0.1:${port}`, ...this.#dcArgs],
    ])
    const ready = await this.dc.ready()
    this.join = ready.join
    return ready
  }

  /** A command at somebody's home, with --json. */
  at(who: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return run([...args, '--home', this.home(who), '--json'], options)
  }

  async init(who: string, more: readonly string[] = []): Promise<Document> {
    const made = await this.at(who, ['init', this.name(who), '--dc', this.join, ...more])
    if (made.code !== 0) throw new Error(`init ${who}: ${made.stderr}`)
    return made.json
  }

  async up(who: string, options: RunOptions = {}): Promise<Staying> {
    const node = new Staying(['up', '--home', this.home(who), '--json'], options)
    await node.ready()
    return node
  }

  /** A session with somebody's running node, for what needs no process of its own. */
  async session(who: string): Promise<Session> {
    const session = await attach(this.home(who))
    if (session === undefined) throw new Error(`the node of ${who} is not running`)
    this.#sessions.push(session)
    return session
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map(session => session.close()))
    await killTheRest()
    rmSync(this.root, { recursive: true, force: true })
  }
}
