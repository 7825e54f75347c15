/**
 * Who is to blame, by a stack: the plugin in whose package a frame lies, the innermost first. The sentence above
 * the frames is left out, because it may quote any path.
 */

export interface Suspect {
  /** The plugin's id. */
  readonly id: string
  /** The package's directory as stacks write it: as a path for CommonJS and as a URL for modules. */
  readonly places: readonly string[]
}

const FRAME = /^\s+at /
/** More than V8 writes, unless it was asked for. */
const FRAMES_MAX = 200

/** The stack of any thrown value; empty when it has none. */
export const stackOf = (thrown: unknown): string => {
  try {
    const { stack } = thrown as Error
    return typeof stack === 'string' ? stack : ''
  } catch {
    return ''
  }
}

export const culpritOf = (stack: string, suspects: readonly Suspect[]): string | undefined => {
  const frames = stack
    .split('\n')
    .filter(line => FRAME.test(line))
    .slice(0, FRAMES_MAX)
  for (const frame of frames) {
    const culprit = suspects.find(({ places }) => places.some(place => frame.includes(`${place}/`)))
    if (culprit !== undefined) return culprit.id
  }
  return undefined
}
