/**
 * Row 5: one coordinator process with ten thousand registered nodes, and how many directions a second it gives.
 * The nodes are real tunnels over real sockets, held by processes that are not measured.
 */
import { join } from 'node:path'
import { startProcess } from '../child.ts'
import { atLeast, atMost, type Figure, figureOf } from '../figures.ts'
import { withTemporary } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const NODES = 10_000
const LOAD_PROCESSES = 2
const SECONDS = 6
const UNDER_WAY = 48
const DOMAIN = 'bench.example'
const SETTLE_MS = 2_000

interface Cpu {
  readonly user: number
  readonly system: number
}

interface Load {
  readonly done: number
  readonly failures: readonly (readonly [string, number])[]
  readonly elapsedMs: number
}

interface DirectionRun {
  readonly rate: number
  readonly perCore: number
  readonly failed: number
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export const coordinatorRow = (settings: Settings): Promise<readonly Figure[]> =>
  withTemporary(async directory => {
    const figure = figureOf('dc')
    const dc = startProcess(new URL('../processes/coordinator.js', import.meta.url))
    const members = new URL('../processes/members.js', import.meta.url)
    const loads = Array.from({ length: LOAD_PROCESSES }, () => startProcess(members))
    const rssMb = async () => (await dc.call<{ rss: number }>('memory')).rss / 2 ** 20
    try {
      const dcJoin = await dc.call<string>('serve', { home: join(directory, 'dc'), domain: DOMAIN })
      const emptyMb = await rssMb()
      const count = scaled(settings, NODES / LOAD_PROCESSES)
      const part = { join: dcJoin, domain: DOMAIN, count }
      const rates = await Promise.all(
        loads.map((load, index) => load.call<number>('register', { ...part, from: index * count })),
      )
      await pause(SETTLE_MS)
      const fullMb = await rssMb()
      const runs = await inTurn(settings.runs, async (): Promise<DirectionRun> => {
        const cpu = await dc.call<Cpu>('cpu')
        const asked = { seconds: SECONDS * settings.scale, underWay: UNDER_WAY }
        const answers = await Promise.all(loads.map(load => load.call<Load>('direct', asked)))
        const used = await dc.call<Cpu>('cpu')
        const done = sum(answers.map(answer => answer.done))
        const cpuMs = (used.user + used.system - cpu.user - cpu.system) / 1000
        const failed = sum(answers.flatMap(answer => answer.failures.map(([, times]) => times)))
        return {
          rate: sum(answers.map(answer => (answer.done / answer.elapsedMs) * 1000)),
          perCore: (done / cpuMs) * 1000,
          failed,
        }
      })
      const nodes = (count * LOAD_PROCESSES).toLocaleString('en')
      return [
        figure('memory of the coordinator, nobody registered', 'MB', [emptyMb]),
        figure(`memory with ${nodes} nodes registered, tunnels included`, 'MB', [fullMb], {
          target: atMost(150),
        }),
        figure('memory after all directions', 'MB', [await rssMb()]),
        figure('registrations, handshake and synced record included', '/s', [sum(rates)]),
        figure(
          'directions, responder asked and both told',
          '/s',
          runs.map(run => run.rate),
          {
            target: atLeast(2_000),
            note: 'with the load on the same machine',
          },
        ),
        figure(
          'directions a second of the coordinator’s own processor time',
          '/s',
          runs.map(run => run.perCore),
        ),
        figure(
          'directions that failed',
          '',
          runs.map(run => run.failed),
        ),
      ]
    } finally {
      await Promise.all(loads.map(load => load.stop()))
      await dc.stop()
    }
  })
