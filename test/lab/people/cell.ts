/**
 * Two people with real programs on a network of the laboratory, with their coordinator and two relays. Starting a
 * program costs half a second of processor time, so a cell keeps what it can: the same network and homes for as many
 * runs as are wanted, nodes up and down in between. For many runs it keeps the processes as well.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { attach, type Session } from '../../../src/client/index.ts'
import { type Document, run, Staying } from '../../cli/program.ts'
import type { Line } from '../delay/delay-line.ts'
import { ACCESS, customer6, type Side } from '../topology/addresses.ts'
import { Network, type NetworkSpec } from '../topology/network.ts'
import { copyOfHomes, dcOptions, dcWords, type Homes, joinFor, NAMES, renewHomes } from './homes.ts'
import { Resident, type SeenPath } from './resident.ts'
import { type Running, runIn, runProgram } from './running.ts'

export const SIDES = ['a', 'b'] as const satisfies readonly Side[]
export const OTHER: Readonly<Record<Side, Side>> = { a: 'b', b: 'a' }

export type RelayHost = 'rs1' | 'rs2'
type Station = Side | 'dc' | RelayHost
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
  /** Whether the servers run in processes that stay, so that they too can be new for every run. */
  readonly isForManyRuns?: boolean
}

interface Life {
  readonly node: Running
  readonly session: Session
}

export class Cell {
  readonly network: Network
  readonly #homes: Homes
  readonly #options: Partial<CellOptions>
  readonly #lives = new Map<Side, Life>()
  readonly #relays = new Map<RelayHost, Running>()
  readonly #residents = new Map<Station, Resident>()
  #dc: Running | undefined
  /** Whether the coordinator said that it relays as well. */
  hasRelay = false

  private constructor(network: Network, homes: Homes, options: Partial<CellOptions>) {
    this.network = network
    this.#homes = homes
    this.#options = options
  }

  /** The network, the coordinator and the relays; nobody is up yet. */
  static async open(options: CellOptions): Promise<Cell> {
    const { lines = {}, ...spec } = options
    const homes = await copyOfHomes({ a: spec.a.family, b: spec.b.family })
    const cell = new Cell(await Network.build(spec), homes, options)
    try {
      for (const side of SIDES) if (lines[side] !== undefined) await cell.network.delay(side, lines[side])
      await cell.#startServers()
      return cell
    } catch (error) {
      await cell.close()
      throw error
    }
  }

  home(of: Station): string {
    return join(this.#homes.directory, of)
  }

  async #startServers(): Promise<void> {
    const { relays = [], isForManyRuns = false } = this.#options
    await this.startDc()
    for (const host of relays) await this.startRelay(host)
    // Who starts in a process that stays is faster than a relay that introduces itself.
    if (isForManyRuns && relays.length > 0) await this.#untilRelays(relays.length)
  }

  async #untilRelays(count: number): Promise<void> {
    const session = await attach(this.home('dc'))
    const own = this.hasRelay ? 1 : 0
    const isMissing = async () =>
      ((await session?.call<{ relays: readonly unknown[] }>('dc.relay.ls'))?.relays.length ?? 0) < count + own
    for (const from = Date.now(); (await isMissing()) && Date.now() - from < REGISTERED_TIMEOUT_MS; )
      await new Promise(done => setTimeout(done, POLL_MS))
    await session?.close()
  }

  /**
   * A new world: the servers start anew, the homes are as if the two had never spoken, and the routers have forgotten
   * them. For cells with many runs, while nobody is up.
   */
  async renew(): Promise<void> {
    const { a, b } = this.network.spec
    await Promise.all([this.stopDc(), ...[...this.#relays.keys()].map(host => this.stopRelay(host))])
    await Promise.all([renewHomes(this.#homes, { a: a.family, b: b.family }), this.network.forget()])
    await this.#startServers()
  }

  #resident(station: Station): Resident {
    const known = this.#residents.get(station)
    if (known !== undefined) return known
    const resident = new Resident(this.network.namespaces.at(station))
    this.#residents.set(station, resident)
    return resident
  }

  async startDc(): Promise<void> {
    const { a, b, uplinks = {} } = this.network.spec
    const { dcRelays = true, isForManyRuns = false } = this.#options
    const families = [a, b, ...Object.values(uplinks)].map(({ family }) => family)
    const options = dcOptions(this.home('dc'), families, dcRelays ? ['relay'] : [])
    const within = this.network.namespaces.at('dc')
    this.#dc = isForManyRuns
      ? await runIn(this.#resident('dc'), { role: 'dc', options })
      : await runProgram(dcWords(options), { within })
    this.hasRelay = this.#dc.ready.roles.includes('relay')
  }

  async stopDc(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#dc?.stop(signal)
  }

  async startRelay(host: RelayHost): Promise<void> {
    const addresses = [ACCESS[host].customer4, `[${customer6(ACCESS[host])}]`]
    const listen = addresses.map(address => `${address}:${RELAY_PORT}`)
    const [home, dc] = [this.home(host), joinFor('ipv4', this.#homes.dcKey)]
    const words = ['relay', 'serve', '--home', home, '--dc', dc, '--json']
    const relay = this.#options.isForManyRuns
      ? await runIn(this.#resident(host), { role: 'relay', options: { home, dc, listen, advertise: [] } })
      : await runProgram([...words, ...listen.flatMap(place => ['--listen', place])], {
          within: this.network.namespaces.at(host),
        })
    this.#relays.set(host, relay)
  }

  async stopRelay(host: RelayHost, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#relays.get(host)?.stop(signal)
    this.#relays.delete(host)
  }

  /** Starts somebody's node, attaches to it and waits for the coordinator to know it, unless there is none any more. */
  async up(side: Side, hasDc = true, words: readonly string[] = []): Promise<Session> {
    const within = this.network.namespaces.at(side)
    const env = this.#options.usesSurroundings ? { NTM_LAN: '' } : {}
    const node = await runProgram(['up', '--home', this.home(side), '--json', ...words], { within, env })
    return this.#attachTo(side, node, hasDc)
  }

  /** The same in a process that stays. */
  async upInResident(side: Side): Promise<Session> {
    const options = { home: this.home(side), passphraseFile: undefined }
    return this.#attachTo(side, await runIn(this.#resident(side), { role: 'node', options }), true)
  }

  async #attachTo(side: Side, node: Running, hasDc: boolean): Promise<Session> {
    const session = await attach(this.home(side))
    if (session === undefined) throw new Error(`the node of ${NAMES[side]} does not answer: ${node.stderr}`)
    this.#lives.set(side, { node, session })
    if (hasDc) await this.#registered(session)
    return session
  }

  /** A node is ready before its coordinator knows of it. Where that takes too long, what follows will tell. */
  async #registered(session: Session): Promise<void> {
    await session.call('dc.registration', { timeoutMs: REGISTERED_TIMEOUT_MS }).catch(() => undefined)
  }

  /** Somebody's machine sleeps, as far as its node can tell. Returns how to wake it. */
  sleep(side: Side): () => void {
    const { node } = this.#lives.get(side)!
    node.freeze()
    return () => node.thaw()
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

  /** What the node of a side says about its path to the other side, and since when that was known. */
  async path(side: Side): Promise<SeenPath> {
    const seen = this.#lives.get(side)?.node.seen
    if (seen !== undefined) return seen
    const { peers } = await this.session(side).call<{ peers: readonly Document[] }>('peers')
    return { path: peers.find(({ name }) => name === NAMES[OTHER[side]])?.path ?? null, atMs: Date.now() }
  }

  /** Resolves with the time when these sides have this path; null: not in time. */
  async untilPath(
    path: 'direct' | 'relay',
    timeoutMs: number,
    sides: readonly Side[] = SIDES,
  ): Promise<number | null> {
    const deadline = Date.now() + timeoutMs
    while (Date.now() < deadline) {
      const paths = await Promise.all(sides.map(side => this.path(side)))
      if (paths.every(one => one.path === path)) return Math.max(...paths.map(({ atMs }) => atMs))
      await new Promise(done => setTimeout(done, POLL_MS))
    }
    return null
  }

  async close(): Promise<void> {
    await Promise.all(SIDES.map(side => this.down(side, 'SIGKILL')))
    await Promise.all([...this.#relays.keys()].map(host => this.stopRelay(host, 'SIGKILL')))
    await this.stopDc('SIGKILL')
    await Promise.all([...this.#residents.values()].map(resident => resident.close()))
    await this.network.close()
    rmSync(this.#homes.directory, { recursive: true, force: true })
  }
}
