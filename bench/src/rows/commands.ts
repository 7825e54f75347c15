/**
 * Row 6, first half: what a person waits for at the prompt. Whole processes are timed, by turns with an oclif
 * program that does nothing, so that both meet the same machine.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atMost, type Figure, figureOf, median } from '../figures.ts'
import { amongNeighbours, BOB } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const run = promisify(execFile)
/** From bench/dist/bench/src/rows. */
const NTM = fileURLToPath(new URL('../../../../../bin/run.js', import.meta.url))
const EMPTY = fileURLToPath(new URL('../../../../empty-cli/run.js', import.meta.url))
const TIMES = 8
const ALLOWED_OVER_EMPTY_MS = 50

const tookMs = async (args: readonly string[]): Promise<number> => {
  const startedMs = performance.now()
  await run(process.execPath, args)
  return performance.now() - startedMs
}

interface Start {
  readonly version: number
  readonly empty: number
  readonly bare: number
}

const starts = (settings: Settings): Promise<readonly Start[]> =>
  inTurn(settings.runs, async () => {
    const [version, empty, bare]: number[][] = [[], [], []]
    for (let n = 0; n < scaled(settings, TIMES); n += 1) {
      empty!.push(await tookMs([EMPTY, 'nothing']))
      version!.push(await tookMs([NTM, '--version']))
      bare!.push(await tookMs(['-e', '0']))
    }
    return { version: median(version!), empty: median(empty!), bare: median(bare!) }
  })

const sends = (settings: Settings): Promise<readonly number[]> =>
  amongNeighbours(({ homes }) =>
    inTurn(settings.runs, async () => {
      const took = await inTurn(scaled(settings, TIMES), () =>
        tookMs([NTM, 'send', BOB, 'hi', '--home', homes.alice]),
      )
      return median(took)
    }),
  )

export const commandsRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('commands')
  const runs = await starts(settings)
  const empty = median(runs.map(start => start.empty))
  return [
    figure(
      'node, doing nothing',
      'ms',
      runs.map(start => start.bare),
    ),
    figure(
      'an empty oclif command',
      'ms',
      runs.map(start => start.empty),
    ),
    figure(
      'ntm --version',
      'ms',
      runs.map(start => start.version),
      {
        ...{ target: atMost(empty + ALLOWED_OVER_EMPTY_MS), note: 'the target is the empty command + 50 ms' },
      },
    ),
    figure('ntm send with both nodes up, as a whole process', 'ms', await sends(settings), {
      target: atMost(600),
    }),
  ]
}
