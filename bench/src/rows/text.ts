/**
 * Row 1, the figure that people feel: from saying a text to knowing that it is on the other person's disk. Sync
 * probes stand between the texts, so that both meet the same disk; two rivals that keep nothing stand beside it.
 */
import { access } from 'node:fs/promises'
import { attach } from '../../../src/client/attach-shell.ts'
import { startProcess } from '../child.ts'
import { atMost, type Figure, figureOf, median, quantile } from '../figures.ts'
import { amongNeighbours, BOB, type Neighbourhood } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

interface TextRun {
  readonly whole: number
  readonly p99: number
  readonly carried: number
  readonly session: number
  readonly sync: number
  readonly pausedSync: number
  readonly cpuAlice: number
  readonly cpuBob: number
}

interface Cpu {
  readonly user: number
  readonly system: number
}

const MEMORY_DISK = '/dev/shm'
const ALLOWED_OVER_SYNCS_MS = 0.3
const WARM_UP = 2_000
const SLICES = 20

const msOf = (before: Cpu, after: Cpu): number =>
  (after.user + after.system - before.user - before.system) / 1000

/** One run, in slices of texts and syncs by turns. */
const textRun = async ({ alice, bob, directory }: Neighbourhood, texts: number): Promise<TextRun> => {
  const [whole, carried, sync, paused]: number[][] = [[], [], [], []]
  let [cpuAlice, cpuBob] = [0, 0]
  const count = Math.ceil(texts / SLICES)
  for (let slice = 0; slice < SLICES; slice += 1) {
    sync!.push(...(await alice.call<number[]>('sync', { directory, count })))
    paused!.push(...(await alice.call<number[]>('sync', { directory, count: count / 4, pauseMs: 1 })))
    const [beforeAlice, beforeBob] = [await alice.call<Cpu>('cpu'), await bob.call<Cpu>('cpu')]
    const took = await alice.call<{ whole: number[]; carried: number[] }>('roundTrips', { to: BOB, count })
    cpuAlice += msOf(beforeAlice, await alice.call<Cpu>('cpu'))
    cpuBob += msOf(beforeBob, await bob.call<Cpu>('cpu'))
    whole!.push(...took.whole)
    carried!.push(...took.carried)
  }
  return {
    ...{ whole: median(whole!), p99: quantile(whole!, 0.99), carried: median(carried!), sync: median(sync!) },
    pausedSync: median(paused!),
    ...{ cpuAlice: cpuAlice / whole!.length, cpuBob: cpuBob / whole!.length },
    session: Number.NaN,
  }
}

/** The same call as `ntm send` makes, from this process over the local socket. */
const sessionRun = async (home: string, texts: number): Promise<number> => {
  const session = await attach(home)
  if (session === undefined) throw new Error('the node does not answer on its socket')
  const took: number[] = []
  for (let n = 0; n < texts; n += 1) {
    const startedMs = performance.now()
    await session.call('send', { to: BOB, text: `text ${n} over the local socket`, wait: 'delivered' })
    took.push(performance.now() - startedMs)
  }
  await session.close()
  return median(took)
}

const onDisk = (settings: Settings): Promise<TextRun[]> =>
  amongNeighbours(async neighbours => {
    const texts = scaled(settings, 2_000)
    await neighbours.alice.call('roundTrips', { to: BOB, count: scaled(settings, WARM_UP) })
    return inTurn(settings.runs, async () => ({
      ...(await textRun(neighbours, texts)),
      session: await sessionRun(neighbours.homes.alice, Math.ceil(texts / 2)),
    }))
  })

/** The same without any disk, where there is a file system in memory: what is left is processing. */
const inMemory = async (settings: Settings): Promise<TextRun[]> => {
  const isThere = await access(MEMORY_DISK).then(
    () => true,
    () => false,
  )
  if (!isThere) return []
  return amongNeighbours(
    async neighbours => {
      await neighbours.alice.call('roundTrips', { to: BOB, count: scaled(settings, WARM_UP) })
      return inTurn(settings.runs, () => textRun(neighbours, scaled(settings, 2_000)))
    },
    { under: MEMORY_DISK },
  )
}

const rival = async (program: string, settings: Settings): Promise<number[]> => {
  const child = startProcess(new URL(`../processes/${program}.js`, import.meta.url))
  try {
    await child.call('open')
    await child.call('roundTrips', { count: scaled(settings, WARM_UP) })
    return await inTurn(settings.runs, async () =>
      median(await child.call<number[]>('roundTrips', { count: scaled(settings, 2_000) })),
    )
  } finally {
    await child.stop()
  }
}

export const textRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('text')
  const runs = await onDisk(settings)
  const sync = median(runs.map(run => run.sync))
  const target = atMost(2 * sync + ALLOWED_OVER_SYNCS_MS)
  const memory = await inMemory(settings)
  return [
    figure(
      'bare disk: append and fdatasync, p50',
      'ms',
      runs.map(run => run.sync),
    ),
    figure(
      'bare disk: the same after a pause of 1 ms, p50',
      'ms',
      runs.map(run => run.pausedSync),
      { note: 'texts one after the other meet the disk so: it has gone quiet in between' },
    ),
    figure(
      'round trip in the node: submit to acknowledged, both synced, p50',
      'ms',
      runs.map(run => run.whole),
      {
        target,
        note: 'the target is 2 x the bare sync of this run + 0.3 ms',
      },
    ),
    figure(
      'round trip in the node, p99',
      'ms',
      runs.map(run => run.p99),
    ),
    figure(
      'of it: datagram out to acknowledgement in, p50',
      'ms',
      runs.map(run => run.carried),
    ),
    figure(
      'round trip from a client over the local socket, p50',
      'ms',
      runs.map(run => run.session),
    ),
    figure(
      'processor time of the sender, a text',
      'ms',
      runs.map(run => run.cpuAlice),
    ),
    figure(
      'processor time of the receiver, a text',
      'ms',
      runs.map(run => run.cpuBob),
    ),
    ...(memory.length === 0
      ? []
      : [
          figure(
            'round trip in the node with homes in memory, p50',
            'ms',
            memory.map(run => run.whole),
            {
              note: 'what remains when the disk costs nothing',
            },
          ),
        ]),
    figure(
      'hyperdht: echo over a secret stream, keeps nothing, p50',
      'ms',
      await rival('hyperdht-echo', settings),
    ),
    figure('dgram: plain echo, p50', 'ms', await rival('dgram-echo', settings)),
  ]
}
