/**
 * Two people with real programs on a network of the laboratory, with their coordinator and two relays. Starting a
 * node costs half a second of processor time, so a cell keeps what it can: the same network and homes for as many
 * runs as are wanted, nodes up and down in between.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { attach, type Session } from '../../../src/client/index.ts'
import { type Document, run, Staying } from '../../cli/program.ts'
import type { Line } from '../delay/delay-line.ts'
import { ACCESS, customer6, type Side } from '../topology/addresses.ts'
import { Network, type NetworkSpec } from '../topology/network.ts'
import { copyOfHomes, dcWords, type Homes, joinFor, NAMES } from './homes.ts'

export const SIDES = ['a', 'b'] as const satisfies readonly Side[]
export const OTHER: Readonly<Record<Side, Side>> = { a: 'b', b: 'a' }

export type RelayHost = 'rs1' | 'rs2'
const RELAY_PORT = 4_600
const POLL_MS = 10
const REGISTERED_TIMEOUT_MS = 10_000

export interface CellOptions extends NetworkSpec {
  /** Relays beside the coordinator's own, on hosts of their own. */
  readonly relays?: readonly RelayHost[]
  /** Whether the coordinator is asked to relay as well, which it is unless told otherwise. */
  readonly dcRelays?: boolean
  /** Access links that are long, thin or lossy. */
  readonly lines?: Partial<Readonly<Record<Side, Line>>>
  /** Whether nodes ask routers for ports and speak to others on their LAN, which elsewhere would blur what is tried. */
  readonly usesSurroundings?: boolean
}

interface Life {
  readonly node: Staying
  readonly session: Session
}

export class Cell {
  readonly network: Network
  readonly #homes: Homes
  readonly #dcRelays: boolean
  readonly #env: Readonly<Record<string, string>>
  readonly #lives = new Map<Side, Life>()
  readonly #relays = new Map<RelayHost, Staying>()
  #dc: Staying | undefined
  /** Whether the coordinator said that it relays as well. */
  hasRelay = false

  private constructor(
    network: Network,
    homes: Homes,
    { dcRelays = true, usesSurroundings = false }: Partial<CellOptions>,
  ) {
    this.network = network
    this.#homes = homes
    this.#dcRelays = dcRelays
    this.#env = usesSurroundings ? { NTM_LAN: '' } : {}
  }

  /** The network, the coordinator and the relays; nobody is up yet. */
  static async open(options: CellOptions): Promise<Cell> {
    const { relays = [], lines = {}, ...spec } = options
    const homes = await copyOfHomes({ a: spec.a.family, b: spec.b.family })
    const cell = new Cell(await Network.build(spec), homes, options)
    try {
      for (const side of SIDES) if (lines[side] !== undefined) await cell.network.delay(side, lines[side])
      await cell.startDc()
      for (const host of relays) await cell.startRelay(host)
      return cell
    } catch (error) {
      await cell.close()
      throw error
    }
  }

  home(of: Side | 'dc' | RelayHost): string {
    return join(this.#homes.directory, of)
  }

  async startDc(): Promise<void> {
    const { a, b, uplinks = {} } = this.network.spec
    const families = [a, b, ...Object.values(uplinks)].map(({ family }) => family)
    const roles = this.#dcRelays ? ['--with', 'relay'] : []
    const words = [...dcWords(this.home('dc'), families), ...roles]
    this.#dc = new Staying(words, { within: this.network.namespaces.at('dc') })
    const ready = await this.#dc.ready()
    this.hasRelay = ready.roles.includes('relay')
  }

  async stopDc(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#dc?.stop(signal)
  }

  async startRelay(host: RelayHost): Promise<void> {
    const addresses = [ACCESS[host].customer4, `[${customer6(ACCESS[host])}]`]
    const relay = new Staying(
      [
        ...[
          'relay',
          'serve',
          '--home',
          this.home(host),
          '--dc',
          joinFor('ipv4', this.#homes.dcKey),
          '--json',
        ],
        ...addresses.flatMap(address => ['--listen', `${address}:${RELAY_PORT}`]),
      ],
      { within: this.network.namespaces.at(host) },
    )
    this.#relays.set(host, relay)
    await relay.ready()
  }

  async stopRelay(host: RelayHost, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#relays.get(host)?.stop(signal)
    this.#relays.delete(host)
  }

  /** Starts somebody's node, attaches to it and waits for the coordinator to know it, unless there is none any more. */
  async up(side: Side, hasDc = true): Promise<Session> {
    const within = this.network.namespaces.at(side)
    const node = new Staying(['up', '--home', this.home(side), '--json'], { within, env: this.#env })
    await node.ready()
    const session = await attach(this.home(side))
    if (session === undefined) throw new Error(`the node of ${NAMES[side]} does not answer: ${node.stderr}`)
    this.#lives.set(side, { node, session })
    if (hasDc) await this.#registered(session)
    return session
  }

  /** A node is ready before its coordinator knows of it. Where that takes too long, what follows will tell. */
  async #registered(session: Session): Promise<void> {
    const deadline = Date.now() + REGISTERED_TIMEOUT_MS
    while (Date.now() < deadline) {
      const { dc } = await session.call<{ dc: { state: string } }>('status')
      if (dc.state === 'up') return
      await new Promise(done => setTimeout(done, POLL_MS))
    }
  }

  /** Resolves with the exit code. */
  async down(side: Side, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const life = this.#lives.get(side)
    this.#lives.delete(side)
    await life?.session.close().catch(() => undefined)
    return (await life?.node.stop(signal)) ?? null
  }

  session(side: Side): Session {
    return this.#lives.get(side)!.session
  }

  /** What a node of this cell complained about, for the report of a failure. */
  complaints(): string {
    return SIDES.map(side => `${side}: ${this.#lives.get(side)?.node.stderr ?? 'is down'}`).join('\n')
  }

  /** A command of the program at somebody's home and place, with --json. */
  command(side: Side, args: readonly string[], stdin = ''): Promise<{ code: number | null; json: Document }> {
    const within = this.network.namespaces.at(side)
    return run([...args, '--home', this.home(side), '--json'], { within, stdin })
  }

  /** `ntm chat` with the other side, on a pipe. */
  chat(side: Side): Staying {
    const within = this.network.namespaces.at(side)
    return new Staying(['chat', NAMES[OTHER[side]], '--home', this.home(side), '--json'], { within })
  }

  /** What the node of a side says about its path to the other side. */
  async path(side: Side): Promise<'direct' | 'relay' | null> {
    const { peers } = await this.session(side).call<{ peers: readonly Document[] }>('peers')
    return peers.find(({ name }) => name === NAMES[OTHER[side]])?.path ?? null
  }

  /** Resolves with the time when both sides have this path; null: not in time. */
  async untilPath(path: 'direct' | 'relay', timeoutMs: number): Promise<number | null> {
    const deadline = Date.now() + timeoutMs
    while (Date.now() < deadline) {
      const paths = await Promise.all(SIDES.map(side => this.path(side)))
      if (paths.every(one => one === path)) return Date.now()
      await new Promise(done => setTimeout(done, POLL_MS))
    }
    return null
  }

  async close(): Promise<void> {
    await Promise.all(SIDES.map(side => this.down(side, 'SIGKILL')))
    await Promise.all([...this.#relays.keys()].map(host => this.stopRelay(host, 'SIGKILL')))
    await this.stopDc('SIGKILL')
    await this.network.close()
    rmSync(this.#homes.directory, { recursive: true, force: true })
  }
}
