/**
 * Reads and writes a home's list of plugins that blocked its node. Written without awaiting anything, because an
 * event loop that is blocked runs nothing else.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ChatError } from '../api/errors.ts'
import {
  BLOCKED_FILE,
  type BlockedPlugin,
  decodeBlocked,
  encodeBlocked,
  withBlocked,
} from '../blocked-plugins.ts'
import { causeOf } from '../sentence.ts'

const PRIVATE_FILE = 0o600

/** Throws CONFIG_INVALID and DISK_FAILED. */
export const readBlocked = (home: string): readonly BlockedPlugin[] => {
  const path = join(home, BLOCKED_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new ChatError('DISK_FAILED', `${path} cannot be read: ${causeOf(error)}`, { cause: error })
  }
  return decodeBlocked(text)
}

/** The next start leaves this plugin out. Throws DISK_FAILED; the file is there whole or as it was. */
export const addBlocked = (home: string, plugin: BlockedPlugin): void => {
  const path = join(home, BLOCKED_FILE)
  try {
    const file = openSync(`${path}.new`, 'w', PRIVATE_FILE)
    writeSync(file, encodeBlocked(withBlocked(readBlocked(home), plugin)))
    fsyncSync(file)
    closeSync(file)
    renameSync(`${path}.new`, path)
  } catch (error) {
    throw new ChatError('DISK_FAILED', `${path} cannot be written: ${causeOf(error)}`, { cause: error })
  }
}
