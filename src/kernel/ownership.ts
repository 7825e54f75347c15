/**
 * What belongs to one plugin only: tokens, event types, method names, protocol ports, projections and the like.
 * Whoever comes second is refused. A plugin is held to its manifest here, too: it contributes what it announced,
 * no more and no less.
 */
import { ChatError } from './api/errors.ts'
import type { Installed, Manifest } from './api/plugin.ts'
import type { Contributions, Points } from './api/points.ts'

interface PointShape {
  /** Fields whose value no other contribution to this point may have, each with the word for it. */
  readonly once: Readonly<Record<string, string>>
  readonly calls: readonly string[]
}

const SHAPES: Readonly<Record<keyof Points, PointShape>> = {
  transport: { once: { id: 'transport' }, calls: ['reach', 'links', 'ping'] },
  directory: { once: { id: 'directory' }, calls: ['lookup'] },
  protocol: { once: { name: 'protocol', port: 'virtual port' }, calls: [] },
  event: { once: { type: 'event type' }, calls: ['accepts'] },
  rule: { once: { name: 'rule bundle' }, calls: ['governs', 'authors', 'voids'] },
  projection: { once: { name: 'projection' }, calls: ['create'] },
  service: { once: {}, calls: [] },
  method: { once: { name: 'method' }, calls: ['call'] },
}

export class Ownership {
  /** `method send` -> the plugin's id. */
  readonly #owners = new Map<string, string>()

  /** Claims all or throws PLUGIN_CONFLICT. Things are phrases, such as `method send`. */
  claim(plugin: string, things: readonly string[]): void {
    const wanted = new Set<string>()
    for (const thing of things) {
      const owner = wanted.has(thing) ? plugin : this.#owners.get(thing)
      if (owner !== undefined) throw new ChatError('PLUGIN_CONFLICT', `${thing} belongs to ${owner} already`)
      wanted.add(thing)
    }
    for (const thing of wanted) this.#owners.set(thing, plugin)
  }
}

/** What a plugin claims before any of its code runs. Events are claimed by the manifest, not by contributing. */
export const claimsOfManifest = ({ provides = [], owns = {} }: Manifest): readonly string[] => [
  ...provides.map(id => `token ${id}`),
  ...Object.keys(owns).map(type => `event type ${type}`),
]

/** What it claims when it is set up. */
export const claimsOfContributions = (contributes: Contributions): readonly string[] =>
  entriesOf(contributes)
    .filter(([point]) => point !== 'event')
    .flatMap(([point, value]) =>
      Object.entries(shapeOf(point)?.once ?? {}).map(([field, word]) => `${word} ${value[field]}`),
    )

/** Throws PLUGIN_MANIFEST_INVALID unless this is what `setup` should return for the manifest. */
export const checkInstalled = (installed: unknown, manifest: Manifest): Installed => {
  const { contributes } = (installed ?? {}) as Partial<Installed>
  if (typeof contributes !== 'object' || contributes === null) {
    throw new ChatError('PLUGIN_MANIFEST_INVALID', 'its setup did not return { contributes } at once')
  }
  for (const [point, value] of entriesOf(contributes)) checkShape(point, value)
  checkAnnounced(
    'event type',
    Object.entries(manifest.owns ?? {}).map(([type, rev]) => `${type} rev ${rev}`),
    (contributes.event ?? []).map(({ type, rev }) => `${type} rev ${rev}`),
  )
  const services = (contributes.service ?? []).map(({ token }) => String(token?.id))
  checkAnnounced('token', manifest.provides ?? [], services)
  return installed as Installed
}

type Fields = Readonly<Record<string, unknown>>

const shapeOf = (point: string): PointShape | undefined => (SHAPES as Record<string, PointShape>)[point]

/** Points that this kernel does not know are another plugin's business; they must be lists all the same. */
const entriesOf = (contributes: Contributions): readonly (readonly [string, Fields])[] =>
  Object.entries(contributes).flatMap(([point, values]) => {
    if (!Array.isArray(values)) throw new ChatError('PLUGIN_MANIFEST_INVALID', `its ${point} is not a list`)
    return values.map(value => [point, value as Fields] as const)
  })

const checkShape = (point: string, value: Fields): void => {
  const shape = shapeOf(point)
  const broken =
    typeof value !== 'object' || value === null
      ? 'it is not an object'
      : (Object.keys(shape?.once ?? {})
          .filter(field => typeof value[field] !== 'string' && typeof value[field] !== 'number')
          .map(field => `it has no ${field}`)[0] ??
        shape?.calls.filter(call => typeof value[call] !== 'function').map(call => `it has no ${call}()`)[0])
  if (broken) throw new ChatError('PLUGIN_MANIFEST_INVALID', `its ${point} cannot be used: ${broken}`)
}

const checkAnnounced = (what: string, announced: readonly string[], given: readonly string[]): void => {
  const extra = given.find((id, index) => !announced.includes(id) || given.indexOf(id) !== index)
  const missing = announced.find(id => !given.includes(id))
  if (extra !== undefined) {
    const why = `it contributes ${what} ${extra}, which its manifest does not announce once`
    throw new ChatError('PLUGIN_MANIFEST_INVALID', why)
  }
  if (missing !== undefined) {
    throw new ChatError(
      'PLUGIN_MANIFEST_INVALID',
      `its manifest announces ${what} ${missing}, and it has none`,
    )
  }
}
