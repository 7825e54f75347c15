/**
 * Two people who talk while something happens to the network: numbered texts at a steady pace, and what came when.
 * The judge of the crash tests says in the end whether everything arrived, once and in order.
 */
import type { Session } from '../../../src/client/index.ts'
import { brokenPromises, isQuiet, type Message } from '../../crash/ledger.ts'
import type { Side } from '../topology/addresses.ts'
import { type Cell, OTHER, SIDES } from './cell.ts'
import { NAMES } from './homes.ts'

const HISTORY_MAX = 10_000
const QUIET_POLL_MS = 100
/** Longer than any wait of a scenario: a text is given up by nobody. */
const SEND_TIMEOUT_MS = 300_000

const pause = (): Promise<void> => new Promise(done => setTimeout(done, QUIET_POLL_MS))

export interface Pace {
  /** Between two texts of a side; a side that is left out only listens. */
  readonly everyMs: Partial<Readonly<Record<Side, number>>>
}

interface Arrival {
  readonly id: string
  /** Not one of our own, which we are shown as well. */
  readonly isHeard: boolean
  readonly atMs: number
}

export class Conversation {
  readonly #cell: Cell
  readonly #timers: NodeJS.Timeout[] = []
  readonly #leave = new AbortController()
  readonly #acknowledged = new Set<string>()
  readonly #sent: Record<Side, string[]> = { a: [], b: [] }
  readonly #arrivals: Record<Side, Arrival[]> = { a: [], b: [] }
  readonly #failures: string[] = []
  #underWay = 0

  private constructor(cell: Cell) {
    this.#cell = cell
    for (const side of SIDES) this.#listen(side)
  }

  /** As people who know each other talk: whom a name means, and that they may write, is settled before. */
  static async begin(cell: Cell): Promise<Conversation> {
    await Promise.all(SIDES.map(side => cell.session(side).call('contact.add', { name: NAMES[OTHER[side]] })))
    return new Conversation(cell)
  }

  /** Says one numbered text, as long as is asked for; resolves when it is acknowledged. */
  async say(side: Side, lengthMin = 0): Promise<void> {
    const text = `${side} ${this.#sent[side].length + 1}`.padEnd(lengthMin, '.')
    this.#sent[side].push(text)
    this.#underWay += 1
    const asked = { to: NAMES[OTHER[side]], text, wait: 'delivered', timeoutMs: SEND_TIMEOUT_MS }
    try {
      await this.#cell.session(side).call('send', asked)
      this.#acknowledged.add(text)
    } finally {
      this.#underWay -= 1
    }
  }

  start({ everyMs }: Pace): void {
    for (const side of SIDES) {
      const pauseMs = everyMs[side]
      if (pauseMs === undefined) continue
      const say = (): void => {
        this.say(side).catch(error => this.#failures.push(`${side}: ${(error as Error).message}`))
      }
      say()
      this.#timers.push(setInterval(say, pauseMs))
    }
  }

  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
  }

  get count(): number {
    return SIDES.reduce((sum, side) => sum + this.#sent[side].length, 0)
  }

  /** The longest time in which nothing new came to a side, from one moment to another. */
  longestGapMs(side: Side, fromMs: number, toMs: number): number {
    const within = this.#arrivals[side]
      .filter(({ isHeard, atMs }) => isHeard && atMs > fromMs && atMs < toMs)
      .map(({ atMs }) => atMs)
    const moments = [fromMs, ...within, toMs]
    return Math.max(...moments.slice(1).map((at, n) => at - moments[n]!))
  }

  /** Ends it, waits until all is quiet or the time is over, and tells every broken promise as a sentence. */
  async end(timeoutMs: number): Promise<readonly string[]> {
    this.stop()
    const deadline = Date.now() + timeoutMs
    while (this.#underWay > 0 && Date.now() < deadline) await pause()
    let histories = await this.#histories()
    while (!isQuiet(SIDES.map(side => ({ messages: histories[NAMES[side]]! }))) && Date.now() < deadline) {
      await pause()
      histories = await this.#histories()
    }
    this.#leave.abort()
    const shown = Object.fromEntries(
      SIDES.map(side => [NAMES[side], this.#arrivals[side].map(({ id }) => id)]),
    )
    return [
      ...this.#failures,
      ...brokenPromises({ acknowledged: this.#acknowledged, shown, histories }),
      ...SIDES.flatMap(side => this.#disorder(side, histories)),
    ]
  }

  async #histories(): Promise<Record<string, readonly Message[]>> {
    const pages = SIDES.map(async side => {
      const asked = { with: NAMES[OTHER[side]], limit: HISTORY_MAX }
      const { messages } = await this.#cell
        .session(side)
        .call<{ messages: readonly Message[] }>('history', asked)
      return [NAMES[side], messages] as const
    })
    return Object.fromEntries(await Promise.all(pages))
  }

  /** Both logs must hold what a side said exactly as it was said. */
  #disorder(side: Side, histories: Record<string, readonly Message[]>): readonly string[] {
    const said = this.#sent[side]
    return SIDES.flatMap(reader => {
      const held = histories[NAMES[reader]]!.filter(({ from }) => from === NAMES[side])
      const at = said.findIndex((text, n) => held[n]?.text !== text)
      if (at < 0 && held.length === said.length) return []
      const instead = held[Math.max(at, 0)]?.text ?? 'nothing more'
      return [`${reader} holds "${instead}" where ${side} said "${said[at]}"`]
    })
  }

  #listen(side: Side): void {
    const onItem = (item: unknown): void => {
      const { type, id, from } = item as { type: string; id: string; from: string }
      const isHeard = from !== NAMES[side]
      if (type === 'message') this.#arrivals[side].push({ id, isHeard, atMs: Date.now() })
    }
    const session: Session = this.#cell.session(side)
    session
      .call('chat', { with: NAMES[OTHER[side]] }, { onItem, signal: this.#leave.signal })
      .catch(() => undefined)
  }
}
