/**
 * Row 2, second half: the log alone. One awaited append after the other against what the bare disk allows in the
 * same seconds, appends in runs, and a rival's log beside both.
 */
import { join } from 'node:path'
import { startProcess } from '../child.ts'
import { atLeast, type Figure, figureOf } from '../figures.ts'
import { withTemporary } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const SECONDS = 4
/** Slices of syncs and of appends by turns, so that both meet the same disk. */
const SLICES = 8
const SHARE_MIN = 0.8
const SUBMISSIONS_UNDER_WAY = 16

interface AppendRun {
  readonly bare: number
  readonly awaited: number
  readonly share: number
  readonly inRuns: number
}

const ours = (settings: Settings): Promise<readonly AppendRun[]> =>
  withTemporary(async directory => {
    const child = startProcess(new URL('../processes/log.js', import.meta.url))
    const seconds = (SECONDS * settings.scale) / SLICES
    try {
      await child.call('open', { home: join(directory, 'home') })
      await child.call('oneByOne', { seconds: SECONDS * settings.scale })
      return await inTurn(settings.runs, async () => {
        const [syncs, rates]: number[][] = [[], []]
        for (let slice = 0; slice < SLICES; slice += 1) {
          syncs!.push(...(await child.call<number[]>('sync', { directory, count: scaled(settings, 400) })))
          rates!.push(await child.call<number>('oneByOne', { seconds }))
        }
        const bare = 1000 / (syncs!.reduce((sum, ms) => sum + ms, 0) / syncs!.length)
        const awaited = rates!.reduce((sum, rate) => sum + rate, 0) / SLICES
        const inRuns = await child.call<number>('inRuns', {
          ...{ seconds: SECONDS * settings.scale, underWay: SUBMISSIONS_UNDER_WAY },
        })
        return { bare, awaited, share: awaited / bare, inRuns }
      })
    } finally {
      await child.stop()
    }
  })

const rivals = (settings: Settings): Promise<readonly { readonly one: number; readonly many: number }[]> =>
  withTemporary(async directory => {
    const child = startProcess(new URL('../processes/hypercore.js', import.meta.url))
    const seconds = SECONDS * settings.scale
    try {
      await child.call('open', { directory: join(directory, 'core') })
      await child.call('oneByOne', { seconds })
      return await inTurn(settings.runs, async () => ({
        one: await child.call<number>('oneByOne', { seconds }),
        many: await child.call<number>('inRuns', { seconds }),
      }))
    } finally {
      await child.stop()
    }
  })

export const appendsRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('appends')
  const runs = await ours(settings)
  const rival = await rivals(settings)
  const one = rival.map(run => run.one)
  return [
    figure(
      'bare disk: appends of 1 KiB, each synced',
      '/s',
      runs.map(run => run.bare),
    ),
    figure(
      'texts appended, each awaited and synced',
      '/s',
      runs.map(run => run.awaited),
    ),
    figure(
      'share of what the bare disk allows',
      '',
      runs.map(run => run.share),
      { target: atLeast(SHARE_MIN) },
    ),
    figure(
      'texts appended in runs of 64, every submission synced',
      '/s',
      runs.map(run => run.inRuns),
      {
        target: atLeast(40_000),
      },
    ),
    figure('hypercore 11.37.1: blocks appended, each awaited', '/s', one, {
      note: 'it does not sync: strace counts 6 calls of fdatasync for 1,000 awaited appends',
    }),
    figure(
      'hypercore 11.37.1: blocks appended 64 at a time',
      '/s',
      rival.map(run => run.many),
    ),
  ]
}
