/** What the figures were measured on, and what else was going on there: without it a number means nothing. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Machine {
  readonly date: string
  readonly commit: string
  readonly uncommitted: boolean
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  readonly node: string
  /** The file system of the temporary directory, where all homes lie. */
  readonly disk: string
  /** 1, 5 and 15 minutes, before the first row: above zero somebody else was working. */
  readonly loadBefore: readonly number[]
  /** The busiest other processes at the start. */
  readonly alsoRunning: readonly string[]
  readonly note?: string
}

const ask = async (program: string, args: readonly string[]): Promise<string> => {
  try {
    return (await run(program, args)).stdout.trim()
  } catch {
    return 'unknown'
  }
}

const diskOf = async (directory: string): Promise<string> => {
  const [device, type] = (await ask('df', ['--output=source,fstype', directory]))
    .split('\n')
    .at(-1)!
    .split(/\s+/)
  const name = device?.split('/').at(-1) ?? ''
  const isRotating = await readFile(`/sys/block/${name}/queue/rotational`, 'utf8').catch(() => undefined)
  const kind = isRotating === undefined ? '' : isRotating.startsWith('1') ? ', rotating' : ', not rotating'
  return `${type} on ${device}${kind}`
}

const busiest = async (): Promise<readonly string[]> =>
  (await ask('ps', ['-eo', 'pcpu,comm', '--sort=-pcpu', '--no-headers']))
    .split('\n')
    .slice(0, 8)
    .map(line => line.trim())
    .filter(line => Number.parseFloat(line) >= 1 && !line.endsWith(' ps'))

export const describeMachine = async (note: string | undefined): Promise<Machine> => ({
  date: new Date().toISOString(),
  commit: await ask('git', ['rev-parse', '--short=12', 'HEAD']),
  uncommitted: (await ask('git', ['status', '--porcelain', '--', 'src'])) !== '',
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryMb: Math.round(totalmem() / 2 ** 20),
  kernel: release(),
  node: process.version,
  disk: await diskOf(tmpdir()),
  loadBefore: loadavg(),
  alsoRunning: await busiest(),
  ...(note === undefined ? {} : { note }),
})
