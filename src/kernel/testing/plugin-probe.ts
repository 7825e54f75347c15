/**
 * One plugin in a house of stand-ins, watched: what the checks of the plugin contract stand on. The stand-ins
 * are themselves provided by a plugin, so that they can be taken away while the plugin under test runs.
 */
import { Subject } from 'rxjs'
import {
  type AnyPlugin,
  type AnyToken,
  definePlugin,
  type Installed,
  type PluginHealth,
} from '../api/plugin.ts'
import { Clock } from '../api/tokens.ts'
import { boot, type House, shared } from '../boot.ts'
import { systemClock } from '../clock.ts'
import { type StandIn, standIns } from './stand-ins.ts'

/** What the author of a plugin gives, so that it can be tried. */
export interface PluginGiven {
  /** Fresh services that the kernel has none of, or better ones than its own stand-ins. */
  readonly services?: () => readonly StandIn[]
  /** The plugin's part of a home's config. */
  readonly config?: unknown
  /** The field `ntm` of the package's package.json, for a plugin that has a package. */
  readonly manifest?: unknown
}

export interface Probe {
  readonly house: House
  readonly health: PluginHealth | undefined
  /** What setup returned; undefined when it did not get that far. */
  readonly installed: Installed | undefined
  /** How long setup took, ms. */
  readonly setupMs: number
  /** Sockets, timers and file requests that setup opened, and calls of services that returned promises. */
  readonly setupTouched: readonly string[]
  /** Withdraws all stand-ins but the clock, as if the plugin that provides them had failed. */
  takeAwayServices(): Promise<void>
}

export interface ProbeOptions {
  /** Gives only what the plugin needs, and nothing of what it wants. */
  readonly needsOnly?: boolean
  /** The plugin's start runs with a signal that is aborted already, and then fails. */
  readonly cutShort?: boolean
}

export const CUT_SHORT = 'cut short by the test'

/** Lets promises and short timers of the plugin run, and the loop free what was closed. */
export const breathe = (): Promise<void> => new Promise(done => systemClock.after(5, done))

export const probe = async (
  make: () => AnyPlugin,
  { services = () => [], config }: PluginGiven,
  { needsOnly = false, cutShort = false }: ProbeOptions = {},
): Promise<Probe> => {
  const plugin = make()
  const asked: AnyToken[] = Object.values({ ...plugin.needs, ...(needsOnly ? {} : plugin.wants) })
  const given = new Map([...standIns(), ...services()].map(each => [each[0].id, each] as const))
  const clock = given.get(Clock.id)?.[1] as Clock
  const watch = watchSetup(plugin, cutShort)
  const { provider, takeAway } = providerOf(
    [...given.values()].filter(([{ id }]) => id !== Clock.id && asked.some(token => token.id === id)),
  )
  const { id } = plugin.manifest
  const house = await boot({
    services: () => [shared(Clock, clock)],
    plugins: [provider, watch.plugin],
    config: { dc: [], listen: {}, plugins: config === undefined ? {} : { [id]: { config } } },
  })
  return {
    house,
    ...watch.seen(),
    health: house.health.plugins().find(health => health.id === id),
    async takeAwayServices() {
      takeAway()
      await breathe()
    },
  }
}

/** A plugin that provides the stand-ins and dies when told. */
const providerOf = (services: readonly StandIn[]) => {
  const doom = new Subject<never>()
  const provider: AnyPlugin = definePlugin({
    manifest: {
      id: 'ntm.testing.stand-ins',
      version: '1.0.0',
      api: '*',
      provides: services.map(([{ id }]) => id),
    },
    needs: {},
    setup: () => ({
      contributes: { service: services.map(([token, value]) => ({ token, value })) },
      start: async scope => scope.fence('doom', doom, () => {}),
    }),
  })
  return { provider, takeAway: () => doom.error(new Error('taken away by the test')) }
}

/** The same plugin, with its setup observed and, if so wished, its start cut short. */
const watchSetup = (plugin: AnyPlugin, cutShort: boolean) => {
  let installed: Installed | undefined
  let setupMs = 0
  let inSetup = false
  const setupTouched: string[] = []
  const note = (call: string): void => {
    if (inSetup) setupTouched.push(call)
  }
  const setup: AnyPlugin['setup'] = (given, config) => {
    const before = process.getActiveResourcesInfo()
    const noting = Object.entries(given).map(([name, service]) => [name, notePromises(name, service, note)])
    const fromMs = systemClock.monotonicMs()
    inSetup = true
    installed = plugin.setup(Object.fromEntries(noting), config)
    inSetup = false
    setupMs = systemClock.monotonicMs() - fromMs
    setupTouched.push(...added(before, process.getActiveResourcesInfo()))
    return cutShort ? withStartCutShort(installed) : installed
  }
  // By prototype, because a plugin may be an instance of a class.
  const watched: AnyPlugin = Object.assign(Object.create(plugin), { setup })
  return { plugin: watched, seen: () => ({ installed, setupMs, setupTouched }) }
}

const withStartCutShort = (installed: Installed): Installed => ({
  contributes: installed.contributes,
  async start() {
    const scope = { signal: AbortSignal.abort(), fence: () => {}, spawn: () => {} }
    await installed.start?.(scope).catch(() => {})
    throw new Error(CUT_SHORT)
  },
  stop: async () => installed.stop?.(),
})

/** The same service, telling which of its methods returned a promise: in `setup` that is I/O. */
const notePromises = (name: string, service: unknown, note: (call: string) => void): unknown => {
  if (typeof service !== 'object' || service === null) return service
  return new Proxy(service, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const result: unknown = value.apply(target, args)
        if (result instanceof Promise) note(`${name}.${String(key)}()`)
        return result
      }
    },
  })
}

/** What is in `after` and was not in `before`. */
export const added = (before: readonly string[], after: readonly string[]): readonly string[] => {
  const rest = [...after]
  for (const resource of before) {
    const at = rest.indexOf(resource)
    if (at >= 0) rest.splice(at, 1)
  }
  return rest
}
