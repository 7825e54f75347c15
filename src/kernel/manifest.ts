/**
 * A plugin's manifest, judged as plain data. A third-party manifest is read from `package.json#ntm` before any of
 * the plugin's code runs, so a plugin for another kernel is refused without having done anything; what the code
 * exports later must equal that data.
 */
import { isDeepStrictEqual } from 'node:util'
import semver from 'semver'
import { z } from 'zod'
import { REV_MAX } from '../wire/limits.ts'
import { ChatError } from './api/errors.ts'
import { type Manifest, PLUGIN_API } from './api/plugin.ts'
import { DOTTED_NAME, DOTTED_NAME_MAX_CHARS } from './config.ts'
import { causeOf, firstIssue } from './sentence.ts'

const OWNED_MAX = 256

const dotted = z.string().max(DOTTED_NAME_MAX_CHARS).regex(DOTTED_NAME, 'must be words with dots between')

const schema = z.strictObject({
  id: dotted,
  version: z
    .string()
    .max(128)
    .refine(version => semver.valid(version) === version, 'must be a version such as 1.2.3'),
  api: z
    .string()
    .max(128)
    .refine(range => semver.validRange(range) !== null, 'must be a range such as ^1.0.0'),
  provides: z
    .array(dotted)
    .max(OWNED_MAX)
    .refine(ids => new Set(ids).size === ids.length, 'names a token twice')
    .optional(),
  owns: z
    .record(dotted, z.number().int().min(0).max(REV_MAX))
    .refine(types => Object.keys(types).length <= OWNED_MAX, `has more than ${OWNED_MAX} types`)
    .optional(),
})

/**
 * Raw data as a manifest. Throws PLUGIN_MANIFEST_INVALID, or PLUGIN_API_UNSUPPORTED when the plugin was written
 * for another version of the contract.
 */
export const checkManifest = (raw: unknown): Manifest => {
  const read = schema.safeParse(raw)
  if (!read.success) {
    throw new ChatError('PLUGIN_MANIFEST_INVALID', `its manifest is wrong: ${firstIssue(read.error)}`)
  }
  const manifest = withoutUndefined(read.data) as Manifest
  if (!semver.satisfies(PLUGIN_API, manifest.api)) {
    const why = `it was written for version ${causeOf(manifest.api)} of the plugin API; this kernel has ${PLUGIN_API}`
    throw new ChatError('PLUGIN_API_UNSUPPORTED', why)
  }
  return manifest
}

/** Throws PLUGIN_MANIFEST_INVALID unless both say the same. */
export const checkSameManifest = (exported: unknown, data: Manifest): void => {
  const read = schema.safeParse(exported)
  if (read.success && isDeepStrictEqual(withoutUndefined(read.data), data)) return
  const why = read.success ? 'it says something else' : firstIssue(read.error)
  throw new ChatError(
    'PLUGIN_MANIFEST_INVALID',
    `the manifest that its code exports is not the one in package.json: ${why}`,
  )
}

const withoutUndefined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined))
