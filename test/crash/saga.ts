/**
 * Two people and a DC through many kills: each round a hundred messages are under way both ways when one process
 * or two, drawn by the seed, are killed by the system; they start again, and the next round begins when all is
 * quiet. What the nodes told anybody meanwhile is kept for the judge.
 */
import type { Session } from '../../src/client/index.ts'
import { ChatError } from '../../src/kernel/api/errors.ts'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import type { Document, RunOptions, Staying } from '../cli/program.ts'
import { Town } from '../cli/town.ts'
import type { Ending, Message } from './ledger.ts'
import { isQuiet } from './ledger.ts'

const PEOPLE = ['alice', 'bob'] as const
type Person = (typeof PEOPLE)[number]
const OTHER: Readonly<Record<Person, Person>> = { alice: 'bob', bob: 'alice' }

const MESSAGES_EACH = 50
/** At most so many of a round's hundred are acknowledged when the kill comes, whatever the machine's speed. */
const ANSWERED_MAX = 60
const QUIET_TIMEOUT_MS = 60_000
const HISTORY_MAX = 10_000

interface Life {
  readonly node: Staying
  readonly session: Session
  readonly listening: AbortController
}

export class Saga {
  readonly #town = new Town()
  readonly #random: SeededRandom
  readonly #env: NonNullable<RunOptions['env']>
  readonly #lives = new Map<Person, Life>()
  readonly #acknowledged = new Set<string>()
  readonly #shown: Record<string, string[]> = {}
  #round = 0
  #underWay = 0
  #wanted: { readonly answered: number; readonly reached: () => void } | undefined

  /** `env`: of the people's nodes. */
  constructor(seed: number, env: RunOptions['env'] = {}) {
    this.#random = new SeededRandom(seed)
    this.#env = env
  }

  /** How many messages were under way at each kill. */
  readonly hits: number[] = []

  async begin(): Promise<void> {
    await this.#town.openDc()
    await Promise.all(PEOPLE.map(who => this.#town.init(who)))
    await Promise.all(PEOPLE.map(who => this.#live(who)))
    for (const who of PEOPLE) await this.#say(who, `${who} greets`, 'delivered')
  }

  /** One kill. Resolves when everything that survived it has arrived; rejects when that takes too long. */
  async round(): Promise<void> {
    this.#round += 1
    const saying = PEOPLE.flatMap(who =>
      Array.from({ length: MESSAGES_EACH }, (_, n) =>
        this.#say(who, `${this.#round} ${who} ${n}`, 'delivered'),
      ),
    )
    await this.#answeredUpTo(this.#random.between(0, ANSWERED_MAX))
    this.hits.push(this.#underWay)
    await this.#kill(this.#victims())
    await Promise.all(saying)
    await this.#quiet()
  }

  /** What the judge needs, and whether the logs are whole. */
  async end(): Promise<Ending & { readonly logs: readonly Document[] }> {
    const histories: Record<string, readonly Message[]> = {}
    for (const who of PEOPLE)
      histories[this.#town.name(who)] = (await this.#history(who, HISTORY_MAX)).messages
    const logs: Document[] = []
    for (const who of PEOPLE) {
      const { session } = this.#lives.get(who)!
      logs.push(await session.call('log.verify'), await session.call('log.replay'))
    }
    return { acknowledged: this.#acknowledged, shown: this.#shown, histories, logs }
  }

  close(): Promise<void> {
    return this.#town.close()
  }

  async #live(who: Person): Promise<void> {
    const node = await this.#town.up(who, { env: this.#env })
    const session = await this.#town.session(who)
    const listening = new AbortController()
    const shown = (this.#shown[this.#town.name(who)] ??= [])
    const onItem = (item: unknown): void => {
      const { type, id } = item as { type: string; id: string }
      if (type === 'message') shown.push(id)
    }
    const chat = { with: this.#town.name(OTHER[who]) }
    session.call('chat', chat, { onItem, signal: listening.signal }).catch(() => undefined)
    this.#lives.set(who, { node, session, listening })
  }

  async #say(who: Person, text: string, wait: string): Promise<void> {
    const { session } = this.#lives.get(who)!
    const asked = { to: this.#town.name(OTHER[who]), text, wait, timeoutMs: QUIET_TIMEOUT_MS }
    this.#underWay += 1
    try {
      await session.call('send', asked)
      this.#acknowledged.add(text)
    } catch (error) {
      // The node died under the call: whether the text was kept is for its log to say.
      if (!(error instanceof ChatError) || error.code !== 'NOT_RUNNING') throw error
    } finally {
      this.#underWay -= 1
      if (this.#wanted !== undefined && this.#answered >= this.#wanted.answered) this.#wanted.reached()
    }
  }

  /** Of this round. */
  get #answered(): number {
    return PEOPLE.length * MESSAGES_EACH - this.#underWay
  }

  /** Resolves as soon as so many of the round's messages are answered; the others are under way. */
  #answeredUpTo(answered: number): Promise<void> {
    return new Promise(done => {
      const reached = (): void => {
        this.#wanted = undefined
        done()
      }
      this.#wanted = { answered, reached }
      if (this.#answered >= answered) reached()
    })
  }

  #victims(): readonly (Person | 'dc')[] {
    const drawn = this.#random.between(0, 9)
    if (drawn < 4) return ['alice']
    if (drawn < 7) return ['bob']
    if (drawn < 8) return ['dc']
    return drawn < 9 ? ['alice', 'bob'] : ['bob', 'dc']
  }

  async #kill(victims: readonly (Person | 'dc')[]): Promise<void> {
    const town = this.#town
    await Promise.all(
      victims.map(victim =>
        victim === 'dc' ? town.dc!.stop('SIGKILL') : this.#lives.get(victim)!.node.stop('SIGKILL'),
      ),
    )
    await Promise.all(victims.map(victim => (victim === 'dc' ? town.openDc() : this.#revive(victim))))
  }

  /**
   * What the dead node had acknowledged, or been told is acknowledged, must be in its log as it lies there: once
   * it runs again, the others' logs would heal a loss before anybody sees it.
   */
  async #revive(who: Person): Promise<void> {
    const left = await this.#town.at(who, ['history', OTHER[who], '--limit', String(4 * MESSAGES_EACH)])
    // One who lost all has no history to show, and knows nobody.
    const messages: readonly Message[] = left.json.messages ?? []
    const texts = new Set(messages.map(({ text }) => text))
    const round = [...this.#acknowledged].filter(text => text.startsWith(`${this.#round} `))
    const forgotten = round.filter(text => !texts.has(text))
    if (forgotten.length > 0)
      throw new Error(`${who}, killed, lacks ${forgotten.length} acknowledged texts: ${forgotten.join(', ')}`)
    await this.#live(who)
  }

  #history(who: Person, limit: number): Promise<Document> {
    return this.#lives.get(who)!.session.call('history', { with: this.#town.name(OTHER[who]), limit })
  }

  async #quiet(): Promise<void> {
    const limit = Math.min(HISTORY_MAX, 4 * MESSAGES_EACH)
    for (const startedAt = Date.now(); ; await new Promise(done => setTimeout(done, 50))) {
      const histories = await Promise.all(PEOPLE.map(who => this.#history(who, limit)))
      if (isQuiet(histories)) return
      if (Date.now() - startedAt > QUIET_TIMEOUT_MS)
        throw new Error(`round ${this.#round}: after a minute there is still something under way`)
    }
  }
}
