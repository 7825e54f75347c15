/** What the kernel has counted for a process, whoever started it: processor time of all its threads, and its memory. */
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

export const cpuUs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / TICKS_PER_SECOND
}

const statusMb = (pid: number, line: string): number =>
  Number(new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) /
  1024

export const rssMb = (pid: number): number => statusMb(pid, 'VmRSS')

/** The most that it ever had. */
export const peakMb = (pid: number): number => statusMb(pid, 'VmHWM')
