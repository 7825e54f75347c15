/**
 * Takes away what a run of the laboratory left behind that was itself killed. Namespaces and directories carry the
 * process id of the run that made them; a living run's are left alone.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, whyNoLab } from './machine.ts'

export const PREFIX = 'ntmlab'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const namespaces = async (): Promise<readonly string[]> =>
  (await run('ip', ['netns', 'list']))
    .split('\n')
    .map(line => line.split(' ')[0] ?? '')
    .filter(name => name.startsWith(`${PREFIX}-`))

const endThoseIn = async (name: string): Promise<void> => {
  const pids = await run('ip', ['netns', 'pids', name]).catch(() => '')
  for (const pid of pids.split('\n').filter(line => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

/** Ends the processes inside by their ids, and removes the namespaces. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  await Promise.all(names.map(endThoseIn))
  const batch = names.map(name => `netns del ${name}\n`).join('')
  if (batch !== '') await run('ip', ['-force', '-batch', '-'], { input: batch }).catch(() => undefined)
}

const directories = (): readonly string[] =>
  readdirSync(tmpdir()).filter(name => name.startsWith(`${PREFIX}-`))

const madeBy = (name: string): number => Number(name.split('-')[1])

/** For all files of a run; workers are ended too hard to tidy up after themselves. */
export const runDirectory = (): string => process.env.LAB_DIRECTORY ?? tmpdir()

/** Vitest calls this once before the tests, and what it returns once after them. */
export default async function sweep(): Promise<() => void> {
  for (const name of directories())
    if (!isAlive(madeBy(name))) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  if (whyNoLab() === undefined)
    await removeNamespaces((await namespaces()).filter(name => !isAlive(madeBy(name))))
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}-${process.pid}-`))
  process.env.LAB_DIRECTORY = directory
  return () => rmSync(directory, { recursive: true, force: true })
}
