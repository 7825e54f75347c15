/**
 * The smallest and the largest: how many round trips a file of 1 KiB takes over a long line, from when it is asked for
 * until it has its name, and how much memory each side needs for one of 10 GiB.
 */
import { join } from 'node:path'
import { atMost, type Figure, figureOf } from '../figures.ts'
import { makeFile } from '../files/contest.ts'
import { type LineWish, layLine, whyNoLongLine } from '../files/long-line.ts'
import { moveBy, openPair } from '../files/ntm.ts'
import { withTemporary } from '../neighbourhood.ts'
import { peakMb } from '../process-cost.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const ROUND_TRIP_MS = 50
const LARGE_MEBIBYTES = 10 * 1024
const LARGE_LIMIT_MS = 900_000
const SMALL_LIMIT_MS = 10_000
const PEAK_MB = 150
const figure = figureOf('file-sizes')

type Pair = Awaited<ReturnType<typeof openPair>>

/** Two nodes that are up, with offload, and this file to be moved between them. */
const between = <T>(
  wish: LineWish,
  mebibytes: number,
  use: (pair: Pair, file: string, path: string) => Promise<T>,
): Promise<T> =>
  withTemporary(async directory => {
    const file = join(directory, 'content')
    await makeFile(file, mebibytes)
    const line = await layLine(wish, directory)
    try {
      const pair = await openPair(line, directory, 'on')
      try {
        return await use(pair, file, join(directory, 'arrived'))
      } finally {
        await pair.close()
      }
    } finally {
      await line.takeDown()
    }
  })

const smallFigure = ({ runs }: Settings): Promise<Figure> =>
  between({ roundTripMs: ROUND_TRIP_MS }, 1 / 1024, async ({ alice, bob }, file, path) => {
    const trips = await inTurn(runs, async () => {
      const { withoutOfferMs } = await moveBy(alice, bob, path, file, SMALL_LIMIT_MS)
      return (withoutOfferMs ?? Number.NaN) / ROUND_TRIP_MS
    })
    return figure(`1 KiB over ${ROUND_TRIP_MS} ms, from the wish to the name`, 'round trips', trips, {
      target: atMost(3),
    })
  })

const largeFigures = (settings: Settings): Promise<readonly Figure[]> => {
  const mebibytes = scaled(settings, LARGE_MEBIBYTES)
  return between({ roundTripMs: 0 }, mebibytes, async ({ alice, bob }, file, path) => {
    const { bytes, tookMs } = await moveBy(alice, bob, path, file, LARGE_LIMIT_MS)
    if (bytes !== mebibytes * 1024 * 1024) throw new Error(`only ${bytes} bytes of the large file arrived`)
    const name = `${mebibytes} MiB over a short line`
    return [
      figure(name, 'Mb/s', [(bytes * 8) / tookMs / 1000]),
      figure(`${name}, sender, peak`, 'MB', [peakMb(alice.pid)], { target: atMost(PEAK_MB) }),
      figure(`${name}, receiver, peak`, 'MB', [peakMb(bob.pid)], { target: atMost(PEAK_MB) }),
    ]
  })
}

/** The large one goes once, whatever number of runs was asked for. */
export const fileSizesRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const reason = whyNoLongLine()
  if (reason !== undefined) {
    console.log(`file sizes are skipped: ${reason}`)
    return []
  }
  return [await smallFigure(settings), ...(await largeFigures(settings))]
}
