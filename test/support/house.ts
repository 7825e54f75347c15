/**
 * Small houses for tests of the plugin system: plugins of three words, a virtual clock, no disk and no network.
 */
import {
  type AnyPlugin,
  definePlugin,
  type Installed,
  type Manifest,
  type Needs,
} from '../../src/kernel/api/plugin.ts'
import { Clock } from '../../src/kernel/api/tokens.ts'
import { boot, type House, shared } from '../../src/kernel/boot.ts'
import { type HomeConfig, parseConfig } from '../../src/kernel/config.ts'
import { type Binding, perPlugin } from '../../src/kernel/container.ts'
import type { LiveContributions } from '../../src/kernel/contributions.ts'
import type { Packages } from '../../src/kernel/loader.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'

export { perPlugin, shared }

interface Parts extends Partial<Omit<Manifest, 'id'>>, Partial<Installed> {
  needs?: Needs
  wants?: Needs
  config?: (raw: unknown) => unknown
  setup?: AnyPlugin['setup']
}

/** A plugin that contributes what it is given here and does nothing else. */
export const plugin = (id: string, parts: Parts = {}): AnyPlugin => {
  const { needs = {}, wants, config, setup, contributes = {}, start, stop, ...manifest } = parts
  const hooks = { ...(start && { start }), ...(stop && { stop }) }
  return definePlugin({
    manifest: { id, version: '1.0.0', api: '^1.0.0', ...manifest },
    needs,
    ...(wants && { wants }),
    ...(config && { config }),
    setup: setup ?? (() => ({ contributes, ...hooks })),
  })
}

interface Options {
  readonly config?: object
  readonly clock?: VirtualClock
  readonly services?: (live: LiveContributions) => readonly Binding[]
  readonly packages?: Packages
  readonly ready?: () => Promise<void>
}

export const houseOf = (plugins: readonly AnyPlugin[], options: Options = {}): Promise<House> => {
  const { clock = new VirtualClock(), services = () => [], packages, ready } = options
  const config: HomeConfig = parseConfig(JSON.stringify(options.config ?? {}))
  return boot({
    services: live => [shared(Clock, clock), ...services(live)],
    plugins,
    config,
    ...(packages && { packages }),
    ...(ready && { ready }),
  })
}

/** `id: state` of every plugin, by id. */
export const statesOf = ({ health }: House): Record<string, string> =>
  Object.fromEntries(health.plugins().map(({ id, state }) => [id, state]))

export const reasonOf = ({ health }: House, id: string): string =>
  health.plugins().find(each => each.id === id)?.reason ?? ''

export const codeOf = ({ health }: House, id: string): string | undefined =>
  health.plugins().find(each => each.id === id)?.code

/** Lets everything run that is due without time passing. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(done => setImmediate(done))
}

/** Lets virtual time pass, with everything that falls due in it. */
export const pass = async (clock: VirtualClock, ms: number): Promise<void> => {
  const untilMs = clock.monotonicMs() + ms
  do await settle()
  while (clock.step(untilMs))
  await settle()
}
