/**
 * Third-party plugins on disk: reads an installed package's `package.json` and imports its code. These are two
 * calls, so that the loader can judge the first before it makes the second.
 */
import { readFile, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ChatError } from './api/errors.ts'
import type { Packages } from './loader.ts'
import { causeOf } from './sentence.ts'

const PACKAGE_JSON_MAX_BYTES = 1024 * 1024

const notFound = (why: string, cause?: unknown): ChatError =>
  new ChatError('PLUGIN_NOT_FOUND', why, { cause })

/** Where a package really is, which is what stacks tell. Rejects when it is not installed. */
export const packageDirectory = (directory: string, name: string): Promise<string> =>
  realpath(join(directory, 'node_modules', name))

/** Packages as npm installs them: `<directory>/node_modules/<name>`. */
export const installedPackages = (directory: string): Packages => ({
  async readPackageJson(name) {
    const file = join(directory, 'node_modules', name, 'package.json')
    try {
      if ((await stat(file)).size > PACKAGE_JSON_MAX_BYTES) throw new Error('its package.json is too long')
      return JSON.parse(await readFile(file, 'utf8'))
    } catch (error) {
      throw notFound(`package ${name} is not readable in ${directory}: ${causeOf(error)}`, error)
    }
  },

  async importEntry(name, entry) {
    const root = await packageDirectory(directory, name)
    const file = await realpath(join(root, entry)).catch(error => {
      throw notFound(`package ${name} has no file ${causeOf(entry)}`, error)
    })
    if (relative(root, file).startsWith('..')) {
      throw notFound(`the entry of package ${name} lies outside of the package`)
    }
    return import(pathToFileURL(file).href)
  },
})
