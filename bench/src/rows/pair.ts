/**
 * Row 2, first half: one pair that never stops talking. Every text is an event and a durable record on both
 * disks, counted there afterwards. Texts come at a steady rate, as talk does, and the rate rises until they are
 * not acknowledged in time; the build that signs each text alone is held against the target.
 */
import { atLeast, type Figure, figureOf, quantile } from '../figures.ts'
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

interface Cpu {
  readonly user: number
  readonly system: number
}

interface PairRun {
  /** The highest rate at which nearly every text was acknowledged in time; 0 if none was. */
  readonly sustained: number
  readonly sustainedP99: number
  /** As fast as it goes, however long each takes. */
  readonly rate: number
  readonly senderUs: number
  readonly receiverUs: number
  readonly signedShare: number
}

const RATES = [500, 1000, 2000, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 15_000, 20_000]
const P99_MAX_MS = 50
/** A slow moment of the machine is no verdict about a rate. */
const TRIES = 2
const STEP_SECONDS = 2
const BURST_SECONDS = 4
const IN_FLIGHT = 384

const sustains = async ({ alice }: Neighbourhood, rate: number, seconds: number): Promise<number> => {
  const { tookMs } = await alice.call<Burst>('paced', { to: BOB, seconds, rate, patience: rate })
  const isWhole = tookMs.length >= rate * seconds * 0.98
  return isWhole ? quantile(tookMs, 0.99) : Number.POSITIVE_INFINITY
}

const climb = async (neighbours: Neighbourhood, seconds: number) => {
  let [sustained, sustainedP99] = [0, Number.NaN]
  for (const rate of RATES) {
    let p99 = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < TRIES && p99 > P99_MAX_MS; attempt += 1)
      p99 = await sustains(neighbours, rate, seconds)
    if (p99 > P99_MAX_MS) break
    sustained = rate
    sustainedP99 = p99
  }
  return { sustained, sustainedP99 }
}

const burstRun = async ({ alice, bob }: Neighbourhood, seconds: number) => {
  const before = await bob.call<Standing>('standing', { last: 1 })
  const cpu = await bob.call<Cpu>('cpu')
  const burst = await alice.call<Burst>('burst', { to: BOB, seconds, inFlight: IN_FLIGHT })
  const used = await bob.call<Cpu>('cpu')
  const texts = burst.tookMs.length
  const after = await bob.call<Standing>('standing', { last: texts })
  if (after.total - before.total !== texts)
    throw new Error(`${texts} texts were acknowledged, ${after.total - before.total} are on the disk`)
  return {
    rate: (texts / burst.elapsedMs) * 1000,
    senderUs: (burst.cpuMs * 1000) / texts,
    receiverUs: (used.user + used.system - cpu.user - cpu.system) / texts,
    signedShare: after.signed / after.events,
  }
}

const talk = (settings: Settings, build?: URL): Promise<readonly PairRun[]> =>
  amongNeighbours(
    async neighbours => {
      const seconds = BURST_SECONDS * settings.scale
      await burstRun(neighbours, seconds)
      return inTurn(settings.runs, async () => ({
        ...(await burstRun(neighbours, seconds)),
        ...(await climb(neighbours, scaled(settings, STEP_SECONDS))),
      }))
    },
    build === undefined ? {} : { build },
  )

const figuresOf = (how: string, runs: readonly PairRun[]): readonly Figure[] => {
  const figure = figureOf('pair')
  const of = (key: keyof PairRun) => runs.map(run => run[key])
  return [
    figure(`acknowledged texts a second with p99 at most 50 ms, ${how}`, '/s', of('sustained'), {
      target: atLeast(10_000),
      note: `of the rates ${RATES.join(', ')}`,
    }),
    figure(`p99 from submit to acknowledged at that rate, ${how}`, 'ms', of('sustainedP99')),
    figure(`as fast as it goes with ${IN_FLIGHT} under way, ${how}`, '/s', of('rate')),
    figure(`processor time of the sender, a text, ${how}`, 'us', of('senderUs')),
    figure(`processor time of the receiver, a text, ${how}`, 'us', of('receiverUs')),
    figure(`signatures a text, ${how}`, '', of('signedShare')),
  ]
}

export const pairRow = async (settings: Settings): Promise<readonly Figure[]> => [
  ...figuresOf('each signed alone', await talk(settings, await makeSignedEachBuild())),
  ...figuresOf('bursts share signatures', await talk(settings)),
]
