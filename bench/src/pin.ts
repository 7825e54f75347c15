/**
 * Keeps the load and what it is put on apart: on loopback the system likes to run whoever is sent to on the processor of
 * the sender, and then the two take turns instead of working at once.
 */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { canRun } from './nat-lab.ts'

/** The load has the last processor, the others are for what is measured. All threads that a process has by now. */
export const pin = (pid: number, role: 'load' | 'measured'): void => {
  const last = availableParallelism() - 1
  if (last === 0 || !canRun('taskset')) return
  execFileSync('taskset', ['-apc', role === 'load' ? `${last}` : `0-${last - 1}`, `${pid}`])
}
