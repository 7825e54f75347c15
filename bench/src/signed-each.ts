/**
 * This build with one number changed: a run has at most one event, so that every text carries a signature of its
 * own and travels alone. It shows what a text costs where bursts share nothing.
 */
import { cp, readFile, rm, writeFile } from 'node:fs/promises'

const DIST = new URL('../../', import.meta.url)
const LIMIT = 'RUN_MAX_EVENTS = 64'

/** Resolves with where its bench lies. */
export const makeSignedEachBuild = async (): Promise<URL> => {
  const build = new URL('signed-each/', DIST)
  await rm(build, { recursive: true, force: true })
  for (const part of ['src', 'bench'])
    await cp(new URL(part, DIST), new URL(part, build), { recursive: true })
  const limits = new URL('src/wire/limits.js', build)
  const text = await readFile(limits, 'utf8')
  if (!text.includes(LIMIT)) throw new Error(`${limits.pathname} does not say ${LIMIT}`)
  await writeFile(limits, text.replace(LIMIT, 'RUN_MAX_EVENTS = 1'))
  return new URL('bench/src/', build)
}
