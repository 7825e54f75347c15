/**
 * `blocked-plugins.json` in a home: third-party plugins that kept the whole node from running, each at the version
 * that did it. A later start leaves exactly these versions out, because it could neither run nor say why.
 */
import { z } from 'zod'
import { ChatError } from './api/errors.ts'
import { DOTTED_NAME, DOTTED_NAME_MAX_CHARS } from './config.ts'
import { causeOf, firstIssue } from './sentence.ts'

export const BLOCKED_FILE = 'blocked-plugins.json'
const PLUGINS_MAX = 256

const file = z.strictObject({
  plugins: z
    .array(
      z.strictObject({
        id: z.string().max(DOTTED_NAME_MAX_CHARS).regex(DOTTED_NAME),
        version: z.string().max(128),
        /** When, in milliseconds since the epoch. */
        at: z.number().int().min(0).max(8.64e15),
      }),
    )
    .max(PLUGINS_MAX),
})

export type BlockedPlugin = z.infer<typeof file>['plugins'][number]

export const encodeBlocked = (plugins: readonly BlockedPlugin[]): string =>
  `${JSON.stringify({ plugins }, undefined, 2)}\n`

/** Throws CONFIG_INVALID. */
export const decodeBlocked = (text: string): readonly BlockedPlugin[] => {
  const read = file.safeParse(jsonOf(text))
  if (read.success) return read.data.plugins
  throw invalid(firstIssue(read.error))
}

/** The list with one more; of each plugin the last version that blocked. */
export const withBlocked = (
  plugins: readonly BlockedPlugin[],
  blocked: BlockedPlugin,
): readonly BlockedPlugin[] => [...plugins.filter(({ id }) => id !== blocked.id), blocked].slice(-PLUGINS_MAX)

/** Throws PLUGIN_FAILED when this version is on the list. */
export const mustNotHaveBlocked = (plugins: readonly BlockedPlugin[], id: string, version: string): void => {
  const found = plugins.find(each => each.id === id && each.version === version)
  if (found === undefined) return
  const when = new Date(found.at).toISOString()
  throw new ChatError(
    'PLUGIN_FAILED',
    `its version ${version} blocked the whole node at ${when}; name another version in the config, ` +
      `or take its entry out of ${BLOCKED_FILE} in this home to try it again`,
  )
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`it is not JSON: ${causeOf(error)}`)
  }
}

const invalid = (why: string): ChatError =>
  new ChatError('CONFIG_INVALID', `${BLOCKED_FILE} of this home is wrong: ${why}.`, {
    hint: 'mend or delete it; without it the plugins that it names are tried again',
  })
