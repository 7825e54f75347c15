/**
 * The config of a home, `config.json`: who its DCs are, where it listens, which plugins run with which settings.
 * Everything unknown is refused with a sentence that names it, because a misspelt key that is silently ignored
 * is a setting that a person believes in.
 */
import { z } from 'zod'
import { isName } from '../events/name.ts'
import { ChatError } from './api/errors.ts'
import { causeOf, firstIssue } from './sentence.ts'

const CONFIG_MAX_CHARS = 1024 * 1024
const DEPTH_MAX = 32
const DCS_MAX = 16
const PLUGINS_MAX = 256

/** `ntm.direct-chat`, `com.example.polls`: at least two lower-case words with dots between. */
export const DOTTED_NAME = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$/
export const DOTTED_NAME_MAX_CHARS = 64

const PACKAGE_NAME = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/
const EXACT_VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/
/** Only the outline; who dials the DC reads it for good. */
const JOIN = /^\S{1,255}:\d{1,5}#[A-Za-z0-9_-]{43}$/

const pluginChoice = z
  .strictObject({
    /** The npm package of a plugin that is not part of ntm-chat, and the one version of it that may run. */
    package: z.string().max(214).regex(PACKAGE_NAME, 'must be the name of an npm package').optional(),
    version: z
      .string()
      .max(128)
      .regex(EXACT_VERSION, 'must be one exact version such as 1.2.3, not a range')
      .optional(),
    config: z.unknown().optional(),
  })
  .refine(choice => (choice.package === undefined) === (choice.version === undefined), {
    message: 'needs both package and version, or neither',
  })

const homeConfig = z.strictObject({
  /** The name that `init` registered. */
  name: z.string().refine(isName, 'must be a lower-case domain name such as alice.example').optional(),
  dc: z
    .array(z.string().max(512).regex(JOIN, 'must be a join string HOST:PORT#KEY'))
    .max(DCS_MAX)
    .default([]),
  /** Where the tunnels' UDP socket is bound. Port 0 lets the system choose. */
  listen: z
    .strictObject({
      address: z.string().min(1).max(255).optional(),
      port: z.number().int().min(0).max(65_535).optional(),
    })
    .default({}),
  /** By plugin id: `false` leaves it out. */
  plugins: z
    .record(
      z.string().max(DOTTED_NAME_MAX_CHARS).regex(DOTTED_NAME, 'is not the id of a plugin'),
      z.union([z.literal(false), pluginChoice], { error: 'must be false, or an object' }),
    )
    .refine(plugins => Object.keys(plugins).length <= PLUGINS_MAX, `has more than ${PLUGINS_MAX} plugins`)
    .default({}),
})

export type HomeConfig = z.infer<typeof homeConfig>

/** Reads the text of a `config.json`. Throws CONFIG_INVALID, and nothing else, naming the place and the reason. */
export const parseConfig = (text: string): HomeConfig => {
  if (text.length > CONFIG_MAX_CHARS) throw invalid(`it is longer than ${CONFIG_MAX_CHARS} characters`)
  const raw = parseJson(text)
  refuseTraps(raw)
  const read = homeConfig.safeParse(raw)
  if (!read.success) throw invalid(firstIssue(read.error))
  return read.data
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid(`it is not JSON: ${causeOf(error)}`)
  }
}

/** What JSON can say and no schema sees: a key that sets a prototype, and nesting that exhausts a stack. */
const refuseTraps = (raw: unknown): void => {
  const open: [value: unknown, depth: number][] = [[raw, 0]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next
    if (typeof value !== 'object' || value === null) continue
    if (depth > DEPTH_MAX) throw invalid(`it is nested deeper than ${DEPTH_MAX} levels`)
    if (Object.hasOwn(value, '__proto__')) throw invalid("it has a key '__proto__'")
    for (const inner of Object.values(value)) open.push([inner, depth + 1])
  }
}

const invalid = (why: string): ChatError =>
  new ChatError('CONFIG_INVALID', `The config of this home is wrong: ${why}.`)
