/**
 * One plugin in the house, from set up to gone. It knows its own hooks and their deadlines; when to call them,
 * and who falls with whom, is the lifecycle's business.
 */
import { ChatError } from './api/errors.ts'
import type { AnyPlugin, Given, Installed, Manifest, Needs, Scope } from './api/plugin.ts'
import type { Clock } from './api/tokens.ts'
import { withDeadline } from './deadline.ts'
import { Faces } from './faces.ts'
import { Fence } from './fence.ts'
import type { LoadedPlugin } from './loader.ts'
import { checkInstalled } from './ownership.ts'
import type { Ranked } from './ranks.ts'
import { causeOf } from './sentence.ts'

const START_DEADLINE_MS = 10_000
const STOP_DEADLINE_MS = 5_000

/** Who hears of a plugin's failures: of the one that was too many, and of each. */
interface Watch {
  trip(reason: string): void
  tell(what: string, error: unknown): void
}

/** Looks a service up in the name of this plugin. */
export type Give = (token: Needs[string]) => unknown

const tokenIds = (needs: Needs | undefined): readonly string[] =>
  Object.values(needs ?? {}).map(({ id }) => id)

export class Resident implements Ranked {
  readonly manifest: Manifest
  readonly fence: Fence
  readonly needs: readonly string[]
  readonly wants: readonly string[]
  readonly provides: readonly string[]
  readonly #plugin: AnyPlugin
  readonly #config: unknown
  readonly #clock: Clock
  readonly #faces: Faces
  #installed: Installed | undefined
  #stopping: Promise<string | undefined> | undefined

  constructor({ manifest, plugin, config, stage }: LoadedPlugin, clock: Clock, watch: Watch) {
    this.manifest = manifest
    this.needs = tokenIds(plugin.needs)
    this.wants = tokenIds(plugin.wants)
    this.provides = manifest.provides ?? []
    this.fence = new Fence(clock, watch.trip, watch.tell, stage)
    this.#faces = new Faces(manifest, this.fence)
    this.#plugin = plugin
    this.#config = config
    this.#clock = clock
  }

  get id(): string {
    return this.manifest.id
  }

  /** Runs the plugin's setup and holds it to its manifest. Throws. */
  setUp(give: Give): Installed {
    const face: Give = token => this.#faces.of(token, give(token))
    const given = { ...pick(this.#plugin.needs, face), ...pick(this.#plugin.wants ?? {}, face) }
    const installed = this.#fromHook('setup', () => this.#plugin.setup(given, this.#config))
    // A setup that is async by mistake is refused below; its rejection must not end the process.
    if (installed instanceof Promise) installed.catch(() => {})
    return checkInstalled(installed, this.manifest)
  }

  /** Rejects when start throws, overruns its deadline, or when the plugin was withdrawn meanwhile. */
  async start(installed: Installed): Promise<void> {
    this.#installed = installed
    const started = Promise.resolve(this.#fromHook('start', () => installed.start?.(this.#scope())))
    const untilWithdrawn = this.fence.whileHere(started)
    await withDeadline(this.#clock, START_DEADLINE_MS, `its 'start'`, untilWithdrawn).catch(error => {
      throw failedHook('start', error)
    })
  }

  /** Ends what the plugin does to the house: its fence, its subscriptions, its signal. */
  leave(): void {
    this.fence.close()
  }

  /** Runs the plugin's stop once, however often it is called. Resolves with what went wrong, never rejects. */
  stop(): Promise<string | undefined> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<string | undefined> {
    try {
      const stopped = Promise.resolve(this.fence.perform(() => this.#installed?.stop?.()))
      await withDeadline(this.#clock, STOP_DEADLINE_MS, `its 'stop'`, stopped)
      return undefined
    } catch (error) {
      return `${this.id} did not stop cleanly: ${causeOf(error)}.`
    } finally {
      await this.#faces.end()
    }
  }

  #fromHook<T>(hook: string, run: () => T): T {
    try {
      return this.fence.perform(run)
    } catch (error) {
      throw failedHook(hook, error)
    }
  }

  #scope(): Scope {
    const { fence } = this
    return {
      signal: fence.signal,
      fence: (what, source, next) => fence.subscribe(what, source, next),
      spawn: (what, work) => void fence.guard(what, work),
    }
  }
}

const pick = <N extends Needs>(needs: N, give: Give): Partial<Given<N>> =>
  Object.fromEntries(
    Object.entries(needs)
      .map(([name, token]) => [name, give(token)] as const)
      .filter(([, value]) => value !== undefined),
  ) as Partial<Given<N>>

/** What a hook says in the words of the house, such as PORT_IN_USE, keeps its code. */
const failedHook = (hook: string, error: unknown): ChatError => {
  if (error instanceof ChatError && error.code === 'TIMED_OUT') return error
  const code = error instanceof ChatError && error.code !== 'BUG' ? error.code : 'PLUGIN_FAILED'
  return new ChatError(code, `its '${hook}' failed: ${causeOf(error)}`, { cause: error })
}
