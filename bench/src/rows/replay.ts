/** Row 4: a log of a million events, filled once through the log's own door, then opened cold and replayed. */
import { join } from 'node:path'
import { startProcess } from '../child.ts'
import { atLeast, atMost, type Figure, figureOf } from '../figures.ts'
import { withTemporary } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const EVENTS = 1_000_000
const OPEN_TIMEOUT_NOTE = 'process start and modules not included in the time, included in the memory'

interface Opening {
  readonly openMs: number
  readonly rssMb: number
  readonly peakMb: number
}

interface Replaying {
  readonly events: number
  readonly elapsedMs: number
  readonly differing: readonly string[] | undefined
  readonly peakMb: number
}

const program = new URL('../processes/log.js', import.meta.url)

const filled = async (home: string, events: number): Promise<number> => {
  const child = startProcess(program)
  try {
    const startedMs = performance.now()
    await child.call('open', { home })
    await child.call('fill', { events })
    await child.call('close')
    return (events / (performance.now() - startedMs)) * 1000
  } finally {
    await child.stop()
  }
}

const coldStart = async (home: string): Promise<Opening & { readonly replay: Replaying }> => {
  const child = startProcess(program)
  try {
    const opening = await child.call<Opening>('start', { home })
    const replay = await child.call<Replaying>('replay')
    if (replay.differing === undefined || replay.differing.length > 0)
      throw new Error(`the replay differs in ${replay.differing}`)
    return { ...opening, replay }
  } finally {
    await child.stop()
  }
}

export const replayRow = (settings: Settings): Promise<readonly Figure[]> =>
  withTemporary(async directory => {
    const figure = figureOf('replay')
    const home = join(directory, 'home')
    const events = scaled(settings, EVENTS)
    const fillRate = await filled(home, events)
    const runs = await inTurn(settings.runs, () => coldStart(home))
    const log = `a log of ${events.toLocaleString('en')} events`
    return [
      figure(`filling ${log}, synced`, '/s', [fillRate]),
      figure(
        `${log} opens: node ready`,
        'ms',
        runs.map(run => run.openMs),
        {
          ...{ target: atMost(1000), note: OPEN_TIMEOUT_NOTE },
        },
      ),
      figure(
        `memory with ${log} open`,
        'MB',
        runs.map(run => run.rssMb),
        { target: atMost(200) },
      ),
      figure(
        `most memory while ${log} opened`,
        'MB',
        runs.map(run => run.peakMb),
      ),
      figure(
        'replay: decode, hash, fold',
        '/s',
        runs.map(run => (run.replay.events / run.replay.elapsedMs) * 1000),
        {
          target: atLeast(100_000),
        },
      ),
      figure(
        'most memory while it was replayed',
        'MB',
        runs.map(run => run.replay.peakMb),
      ),
    ]
  })
