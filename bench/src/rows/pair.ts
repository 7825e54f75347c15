/**
 * Row 2, first half: one pair that never stops talking. Every text is an event and a durable record on both
 * disks, counted there afterwards; only the build that signs each text alone is held against the target.
 */
import { atLeast, atMost, type Figure, figureOf, quantile } from '../figures.ts'
import { amongNeighbours, BOB, type Neighbourhood } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'
import { makeSignedEachBuild } from '../signed-each.ts'

interface Burst {
  readonly tookMs: readonly number[]
  readonly elapsedMs: number
  readonly cpuMs: number
}

interface Standing {
  readonly total: number
  readonly events: number
  readonly signed: number
}

interface BurstRun {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly senderShare: number
  readonly receiverShare: number
  readonly signedShare: number
}

const SECONDS = 5
const WARM_UP_SECONDS = 3
const IN_FLIGHT = 384

interface Cpu {
  readonly user: number
  readonly system: number
}

const burstRun = async ({ alice, bob }: Neighbourhood, seconds: number): Promise<BurstRun> => {
  const before = await bob.call<Standing>('standing', { last: 1 })
  const cpu = await bob.call<Cpu>('cpu')
  const { tookMs, elapsedMs, cpuMs } = await alice.call<Burst>('burst', {
    ...{ to: BOB, seconds, inFlight: IN_FLIGHT },
  })
  const used = await bob.call<Cpu>('cpu')
  const after = await bob.call<Standing>('standing', { last: tookMs.length })
  if (after.total - before.total !== tookMs.length)
    throw new Error(`${tookMs.length} texts were acknowledged, ${after.total - before.total} are on the disk`)
  return {
    rate: (tookMs.length / elapsedMs) * 1000,
    p50: quantile(tookMs, 0.5),
    p99: quantile(tookMs, 0.99),
    senderShare: cpuMs / elapsedMs,
    receiverShare: (used.user + used.system - cpu.user - cpu.system) / 1000 / elapsedMs,
    signedShare: after.signed / after.events,
  }
}

const bursts = (settings: Settings, build?: URL): Promise<readonly BurstRun[]> =>
  amongNeighbours(
    async neighbours => {
      const seconds = scaled(settings, SECONDS)
      await neighbours.alice.call('burst', {
        ...{ to: BOB, seconds: scaled(settings, WARM_UP_SECONDS), inFlight: IN_FLIGHT },
      })
      return inTurn(settings.runs, () => burstRun(neighbours, seconds))
    },
    build === undefined ? {} : { build },
  )

export const pairRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('pair')
  const shared = await bursts(settings)
  const alone = await bursts(settings, await makeSignedEachBuild())
  const of = (runs: readonly BurstRun[], key: keyof BurstRun) => runs.map(run => run[key])
  const each = 'each text signed alone'
  const runs = 'bursts share signatures, as in use'
  return [
    figure(`acknowledged texts, ${each}`, '/s', of(alone, 'rate'), { target: atLeast(10_000) }),
    figure(`p99 from submit to acknowledged, ${each}`, 'ms', of(alone, 'p99'), { target: atMost(50) }),
    figure(`processor share of the sender, ${each}`, 'cores', of(alone, 'senderShare')),
    figure(`processor share of the receiver, ${each}`, 'cores', of(alone, 'receiverShare')),
    figure(`acknowledged texts, ${runs}`, '/s', of(shared, 'rate'), {
      target: atLeast(10_000),
      note: `${IN_FLIGHT} texts under way; every one counted on the receiver's disk`,
    }),
    figure(`p99 from submit to acknowledged, ${runs}`, 'ms', of(shared, 'p99'), { target: atMost(50) }),
    figure(`signatures a text, ${runs}`, '', of(shared, 'signedShare')),
    figure(`processor share of the sender, ${runs}`, 'cores', of(shared, 'senderShare')),
    figure(`processor share of the receiver, ${runs}`, 'cores', of(shared, 'receiverShare')),
  ]
}
