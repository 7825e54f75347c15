/**
 * The life of the plugins together: claimed, set up in the order of their needs, started rank by rank, withdrawn
 * when one fails, stopped in reverse. A plugin falls whole and takes along those that need it; nothing else falls,
 * and every fall is told in one sentence.
 */
import { ChatError } from './api/errors.ts'
import type { Installed, Manifest } from './api/plugin.ts'
import type { Clock } from './api/tokens.ts'
import type { ServiceContainer } from './container.ts'
import type { ContributionBook } from './contributions.ts'
import { type HealthBook, quarantined, refused, running } from './health.ts'
import type { LoadedPlugin } from './loader.ts'
import type { Stray } from './oversight.ts'
import { claimsOfContributions, claimsOfManifest, Ownership } from './ownership.ts'
import { rank } from './ranks.ts'
import { Resident } from './resident.ts'
import { causeOf } from './sentence.ts'

interface Rooms {
  readonly container: ServiceContainer
  readonly book: ContributionBook
  readonly health: HealthBook
  readonly clock: Clock
}

export class Lifecycle {
  readonly #rooms: Rooms
  readonly #ownership = new Ownership()
  /** Everyone who was ever a candidate, in list order. */
  #known: readonly Resident[] = []
  /** Also those that were refused or left out before: to say why a need is missing. */
  #announced: readonly Manifest[] = []
  #ranks: readonly (readonly Resident[])[] = []
  readonly #installed = new Map<Resident, Installed>()
  /** What plugins did outside of every hook. */
  readonly #accused = new Map<string, ChatError>()
  /** Quarantined plugins on their way out. */
  readonly #leaving: Promise<readonly (string | undefined)[]>[] = []
  #stopped: Promise<readonly string[]> | undefined

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** `own`: what the package itself has, loaded or not. Sets up all that can be, needs first. All contributions are in the book before any I/O begins. */
  setUp(loaded: readonly LoadedPlugin[], own: readonly Manifest[] = []): void {
    const { clock, health } = this.#rooms
    this.#announced = [...loaded.map(({ manifest }) => manifest), ...own]
    this.#known = loaded.map(each => {
      const resident = new Resident(each, clock, {
        trip: reason => this.quarantine(resident.id, new ChatError('PLUGIN_FAILED', reason)),
        tell: (what, error) => health.fail(resident.id, what, error),
      })
      return resident
    })
    const { ranks, circles } = rank(this.#known.filter(resident => this.#claims(resident)))
    for (const resident of this.#known) {
      const circle = circles.get(resident.id)
      if (circle)
        this.#refuse(resident, new ChatError('PLUGIN_NEEDS_MISSING', `it waits for itself: ${circle}`))
    }
    this.#ranks = ranks
    for (const resident of ranks.flat()) this.#setUpOne(resident)
  }

  /** Starts rank by rank; those of one rank side by side. Never rejects. */
  async start(): Promise<void> {
    for (const residents of this.#ranks)
      await Promise.all(residents.map(resident => this.#startOne(resident)))
  }

  /** A plugin failed outside of every hook: it is withdrawn at once, or never set up. */
  accuse({ plugin, error }: Stray): void {
    const why = `it failed outside of its hooks: ${causeOf(error)}`
    const fault = new ChatError('PLUGIN_FAILED', why, { cause: error })
    this.#accused.set(plugin, fault)
    this.quarantine(plugin, fault)
  }

  /** Withdraws a plugin and all that need it: at once for the house, then their stop hooks one after the other. */
  quarantine(id: string, error: unknown): void {
    const first = this.#known.find(resident => resident.id === id)
    if (!first || !this.#installed.has(first)) return
    const fallen = this.#withDependants(first)
    const dependantsFirst = [...fallen.keys()].reverse()
    for (const resident of dependantsFirst) this.#remove(resident)
    for (const [{ manifest }, missing] of fallen) {
      const cause = missing === undefined ? error : this.#needMissing(missing)
      this.#rooms.health.report(quarantined(manifest, cause))
    }
    this.#leaving.push(stopInTurn(dependantsFirst))
  }

  /** Stops everyone, last rank first. Resolves with a sentence for each plugin that did not stop cleanly. */
  stop(): Promise<readonly string[]> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<readonly string[]> {
    const complaints: (string | undefined)[] = []
    for (const residents of [...this.#ranks].reverse()) {
      const here = residents.filter(resident => this.#installed.has(resident))
      for (const resident of here) this.#remove(resident)
      complaints.push(...(await Promise.all(here.map(resident => resident.stop()))))
    }
    complaints.push(...(await Promise.all(this.#leaving)).flat())
    return complaints.filter(complaint => complaint !== undefined)
  }

  #claims(resident: Resident): boolean {
    try {
      const fault = this.#accused.get(resident.id)
      if (fault !== undefined) throw fault
      const taken = resident.provides.find(id => this.#rooms.container.has(id))
      if (taken !== undefined) {
        throw new ChatError('PLUGIN_CONFLICT', `token ${taken} belongs to the kernel already`)
      }
      this.#ownership.claim(resident.id, claimsOfManifest(resident.manifest))
      return true
    } catch (error) {
      this.#refuse(resident, error)
      return false
    }
  }

  #setUpOne(resident: Resident): void {
    const { container, book } = this.#rooms
    try {
      const missing = resident.needs.find(id => !container.has(id))
      if (missing !== undefined) throw this.#needMissing(missing)
      const installed = resident.setUp(token => container.give(token, resident.id))
      this.#ownership.claim(resident.id, claimsOfContributions(installed.contributes))
      book.add(resident.id, installed.contributes, resident.fence)
      this.#installed.set(resident, installed)
    } catch (error) {
      this.#refuse(resident, error)
    }
  }

  async #startOne(resident: Resident): Promise<void> {
    const installed = this.#installed.get(resident)
    if (!installed) return
    try {
      await resident.start(installed)
      if (this.#installed.has(resident)) this.#rooms.health.report(running(resident.manifest))
    } catch (error) {
      this.quarantine(resident.id, error)
    }
  }

  #refuse(resident: Resident, error: unknown): void {
    resident.leave()
    // It has no stop hook to run, but may have armed timers already.
    this.#leaving.push(stopInTurn([resident]))
    this.#rooms.health.report(refused(resident.manifest, error))
  }

  #remove(resident: Resident): void {
    this.#installed.delete(resident)
    this.#rooms.book.withdraw(resident.id)
    resident.leave()
  }

  /** The plugin and those that fall with it, each after what it needs and with the token that it loses. */
  #withDependants(first: Resident): ReadonlyMap<Resident, string | undefined> {
    const fallen = new Map<Resident, string | undefined>([[first, undefined]])
    const lost = new Set(first.provides)
    for (const resident of this.#ranks.flat()) {
      const token = resident.needs.find(id => lost.has(id))
      if (token === undefined || !this.#installed.has(resident)) continue
      fallen.set(resident, token)
      for (const id of resident.provides) lost.add(id)
    }
    return fallen
  }

  /** Tells what is missing, and why it is, when it was there to be had. */
  #needMissing(token: string): ChatError {
    const provider = this.#announced.find(({ provides }) => provides?.includes(token))
    const reason = provider && this.#rooms.health.of(provider.id)?.reason
    const why = reason === undefined ? 'which nothing here provides' : `and ${causeOf(reason)}`
    return new ChatError('PLUGIN_NEEDS_MISSING', `it needs ${token}, ${why}`)
  }
}

/** Resolves with what went wrong. */
const stopInTurn = async (residents: readonly Resident[]): Promise<readonly (string | undefined)[]> => {
  const complaints: (string | undefined)[] = []
  for (const resident of residents) complaints.push(await resident.stop())
  return complaints
}
