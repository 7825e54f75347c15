/**
 * Finds the plugins of a home: the package's own, given as a list, and those npm packages that the home's config
 * names with their exact version. Nothing else is ever loaded. Whatever is wrong with one plugin refuses that
 * plugin only.
 */
import { z } from 'zod'
import { ChatError } from './api/errors.ts'
import type { AnyPlugin, Manifest, PluginHealth } from './api/plugin.ts'
import type { Clock } from './api/tokens.ts'
import { mustNotHaveBlocked } from './blocked-plugins.ts'
import type { HomeConfig } from './config.ts'
import { withDeadline } from './deadline.ts'
import type { Stage } from './fence.ts'
import { leftOut, type Named, refused } from './health.ts'
import { checkManifest, checkSameManifest } from './manifest.ts'
import type { Oversight } from './oversight.ts'
import { causeOf, firstIssue, isZodError } from './sentence.ts'

const IMPORT_DEADLINE_MS = 10_000

export type { AnyPlugin }

/** A plugin whose manifest was judged and whose config was read; nothing of it is set up yet. */
export interface LoadedPlugin {
  readonly manifest: Manifest
  readonly plugin: AnyPlugin
  readonly config: unknown
  /** A third-party plugin is overseen. */
  readonly stage?: Stage | undefined
}

/** Where third-party packages come from. */
export interface Packages {
  /** Rejects with PLUGIN_NOT_FOUND. */
  readPackageJson(name: string): Promise<unknown>
  /** The module's exports. `entry` is a path inside the package. */
  importEntry(name: string, entry: string): Promise<unknown>
}

interface Loading {
  readonly own: readonly AnyPlugin[]
  readonly config: HomeConfig
  readonly packages: Packages | undefined
  readonly oversight: Oversight | undefined
  readonly clock: Clock
  readonly report: (health: PluginHealth) => void
}

type Choice = HomeConfig['plugins'][string]

/** The plugins that may be set up, in the order of the list and then of the config. */
export const loadPlugins = async (loading: Loading): Promise<readonly LoadedPlugin[]> => {
  const ownIds = new Set(loading.own.map(({ manifest }) => manifest.id))
  if (ownIds.size < loading.own.length)
    throw new ChatError('BUG', 'The list of plugins names one of them twice.')
  const own = loading.own.map(plugin => loadOwn(plugin, loading))
  const foreign = Object.entries(loading.config.plugins)
    .filter(([id]) => !ownIds.has(id))
    .map(([id, choice]) => loadForeign(id, choice, loading))
  return (await Promise.all([...own, ...foreign])).filter(loaded => loaded !== undefined)
}

const loadOwn = (plugin: AnyPlugin, loading: Loading): Promise<LoadedPlugin | undefined> => {
  const { id, version } = plugin.manifest
  const choice = loading.config.plugins[id]
  return reporting({ id, version }, loading, async () => {
    if (choice === false) return 'off'
    if (choice?.package !== undefined) {
      throw new ChatError('PLUGIN_CONFLICT', 'it is part of ntm-chat and no package may take its place')
    }
    return ready(plugin, checkManifest(plugin.manifest), choice)
  })
}

const loadForeign = (id: string, choice: Choice, loading: Loading): Promise<LoadedPlugin | undefined> => {
  const version = choice === false ? '' : (choice.version ?? '')
  return reporting({ id, version }, loading, async () => {
    if (choice === false) return 'off'
    const { packages, oversight, clock } = loading
    if (choice.package === undefined || packages === undefined) {
      throw new ChatError(
        'PLUGIN_NOT_FOUND',
        'it is not part of ntm-chat and the config names no package for it',
      )
    }
    const { manifest, entry } = judgePackage(id, choice, await packages.readPackageJson(choice.package))
    mustNotHaveBlocked(oversight?.blocked ?? [], id, version)
    const stage: Stage | undefined = oversight && (run => oversight.perform(id, run))
    const name = choice.package
    const load = () => packages.importEntry(name, entry)
    const imported = stage === undefined ? load() : stage(load)
    const module = await withDeadline(clock, IMPORT_DEADLINE_MS, 'importing its code', imported)
    const plugin = pluginOf(module)
    checkSameManifest(plugin.manifest, manifest)
    return { ...ready(plugin, manifest, choice), stage }
  })
}

/** Turns a failure into a refusal that names the plugin, so that the others go on. */
const reporting = async (
  who: Named,
  { report }: Loading,
  load: () => Promise<LoadedPlugin | 'off'>,
): Promise<LoadedPlugin | undefined> => {
  try {
    const loaded = await load()
    if (loaded !== 'off') return loaded
    report(leftOut(who))
  } catch (error) {
    report(refused(who, error))
  }
  return undefined
}

const packageJson = z.object({
  version: z.string(),
  ntm: z.unknown().optional(),
  main: z.string().optional(),
  exports: z.unknown().optional(),
})

/** Everything that can be said of a package before its code runs. */
const judgePackage = (
  id: string,
  choice: Exclude<Choice, false>,
  raw: unknown,
): { manifest: Manifest; entry: string } => {
  const read = packageJson.safeParse(raw)
  if (!read.success) {
    throw new ChatError('PLUGIN_MANIFEST_INVALID', `its package.json is wrong: ${firstIssue(read.error)}`)
  }
  const { version, ntm, main, exports } = read.data
  if (version !== choice.version) {
    const why = `the config names version ${choice.version}, and ${causeOf(version)} is installed`
    throw new ChatError('PLUGIN_VERSION_MISMATCH', why)
  }
  const manifest = checkManifest(ntm)
  if (manifest.id !== id || manifest.version !== version) {
    const why = `package ${choice.package} says that it is ${manifest.id} ${manifest.version}, not ${id} ${version}`
    throw new ChatError('PLUGIN_MANIFEST_INVALID', why)
  }
  return { manifest, entry: entryOf(exports) ?? main ?? 'index.js' }
}

/** The file that `import` of the package would take, for the plain forms of `exports`. */
const entryOf = (exports: unknown): string | undefined => {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return undefined
  const conditions = exports as Record<string, unknown>
  return entryOf(conditions['.'] ?? conditions.node ?? conditions.import ?? conditions.default)
}

const tokens = z.record(z.string(), z.looseObject({ id: z.string() }))
const exported = z.looseObject({
  needs: tokens,
  wants: tokens.optional(),
  setup: z.custom<AnyPlugin['setup']>(setup => typeof setup === 'function'),
  config: z.custom<AnyPlugin['config']>(config => typeof config === 'function').optional(),
})

const pluginOf = (module: unknown): AnyPlugin => {
  const plugin = (module as { default?: unknown } | undefined)?.default
  const read = exported.safeParse(plugin)
  if (read.success) return plugin as AnyPlugin
  const why = `its default export is not what definePlugin returns: ${firstIssue(read.error)}`
  throw new ChatError('PLUGIN_MANIFEST_INVALID', why)
}

/** Gives the plugin its part of the config; none at all reads as an empty one. */
const ready = (plugin: AnyPlugin, manifest: Manifest, choice: Choice | undefined): LoadedPlugin => {
  const raw = choice === false ? undefined : choice?.config
  if (!plugin.config) {
    if (raw === undefined) return { manifest, plugin, config: undefined }
    throw new ChatError('PLUGIN_CONFIG_INVALID', 'the config gives it settings, and it takes none')
  }
  try {
    return { manifest, plugin, config: plugin.config(raw ?? {}) }
  } catch (error) {
    const why = isZodError(error) ? firstIssue(error) : causeOf(error)
    throw new ChatError('PLUGIN_CONFIG_INVALID', `its part of the config is wrong: ${why}`, { cause: error })
  }
}
