/**
 * Tests that start the program start what was built, and what was built from older sources would be judged for
 * nothing. Vitest calls this once before them.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

interface Dated {
  readonly path: string
  readonly changedAt: number
}

const filesIn = (root: string, directory: string, kind: RegExp): readonly Dated[] =>
  readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .filter(name => kind.test(name))
    .map(name => ({
      path: join(directory, name),
      changedAt: statSync(join(root, directory, name)).mtimeMs,
    }))

/** A source that changed after the build, or was never built; undefined when there is none. */
export const unbuiltIn = (root: string): string | undefined => {
  const sources = filesIn(root, 'src', /\.ts$/)
  const built = existsSync(join(root, 'dist')) ? filesIn(root, 'dist', /\.js$/) : []
  const oldest = built.length === 0 ? -Infinity : Math.min(...built.map(({ changedAt }) => changedAt))
  return sources.find(({ changedAt }) => changedAt > oldest)?.path
}

export default (): void => {
  const path = unbuiltIn(join(import.meta.dirname, '..', '..'))
  if (path !== undefined) throw new Error(`dist is older than ${path}: run \`npm run build\` first`)
}
