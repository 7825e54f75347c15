/**
 * A relay with a thousand bound pairs beside coturn with as many, by turns, under the same compiled load of datagrams
 * of 1,200 bytes: few pairs with much to say, and all pairs with a datagram each. How much they pass on with less than
 * one in a hundred lost, what that costs them, and how much they delay at half of it.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type { TunnelKey } from '../../../src/events/ids.ts'
import { openHome } from '../../../src/kernel/home-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { requireJoin } from '../../../src/plugins/transport-ntm/signalling/join.ts'
import { type Child, startProcess } from '../child.ts'
import { Coturn } from '../coturn.ts'
import { atLeast, atMost, type Figure, figureOf, type Target } from '../figures.ts'
import { canRun } from '../nat-lab.ts'
import { withTemporary } from '../neighbourhood.ts'
import { pin } from '../pin.ts'
import { rssMb } from '../process-cost.ts'
import { Contest, type Kind, LOST_MAX, type Round, type Subject } from '../relay-contest.ts'
import { RelayLoad } from '../relay-load.ts'
import { bindPairs } from '../relay-pairs.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const PAIRS = 1_000
const DOMAIN = 'bench.example'
const COTURN_THREADS = 1
const BUSY_KIND = 'few pairs'
const KINDS: readonly Kind[] = [
  { name: BUSY_KIND, pairs: 8, burst: 32, gso: true },
  { name: 'all pairs', pairs: PAIRS, burst: 1, gso: false },
]

const figure = figureOf('relay')

interface Aims {
  readonly rate?: Target
  readonly added?: Target
}

const figuresOf = (name: string, rounds: readonly Round[], { rate, added }: Aims): readonly Figure[] => {
  const of = (value: (round: Round) => number): readonly number[] => rounds.map(value)
  const aim = (target: Target | undefined) => (target === undefined ? {} : { target })
  return [
    figure(
      name,
      '/s',
      of(round => round.rate),
      aim(rate),
    ),
    figure(
      `${name}, lost`,
      '',
      of(round => round.lostShare),
      aim(rate && atMost(LOST_MAX)),
    ),
    figure(
      `${name}, processor, a packet`,
      'us',
      of(round => round.us),
    ),
    figure(
      `${name}, half of it, p99 added`,
      'ms',
      of(round => round.atHalf.p99AddedMs),
      aim(added),
    ),
    figure(
      `${name}, half of it, p50`,
      'ms',
      of(round => round.atHalf.p50Ms),
    ),
    figure(
      `${name}, at half of what is asked, p99 added`,
      'ms',
      of(round => round.atAsked.p99AddedMs),
      aim(added),
    ),
    figure(
      `${name}, at half of what is asked, p50`,
      'ms',
      of(round => round.atAsked.p50Ms),
    ),
  ]
}

interface Relay {
  readonly child: Child
  readonly port: number
  readonly relay: TunnelKey
  readonly home: string
}

const startRelay = async (home: string, offload: 'on' | 'off'): Promise<Relay> => {
  const execArgv = process.env.NTM_BENCH_PROFILE === offload ? ['--cpu-prof'] : []
  const child = startProcess(new URL('../processes/coordinator.js', import.meta.url), {
    env: { NTM_OFFLOAD: offload },
    execArgv,
  })
  const joinString = await child.call<string>('serve', { home, domain: DOMAIN, roles: ['relay'] })
  const { port, key: relay } = requireJoin(joinString)
  return { child, home, port, relay }
}

const isRival = (): boolean => {
  if (canRun('turnserver')) return true
  console.log('relay: coturn is not installed, so nothing stands beside ours')
  return false
}

interface Field {
  readonly subjects: readonly Subject[]
  readonly memory: readonly Figure[]
  stop(): Promise<void>
}

const OURS = ['plain', 'offload'] as const
/** A second, of few pairs with much to say. */
const RATES = { plain: 60_000, offload: 150_000 } as const

/** All servers, each with as many pairs bound. */
const line = async (
  load: RelayLoad,
  ports: readonly number[],
  count: number,
  directory: string,
): Promise<Field> => {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => void (await Promise.all(stops.map(each => each())))
  const subjects: Subject[] = []
  const memory: Figure[] = []
  const bound = `memory with ${count.toLocaleString('en')} pairs`
  try {
    for (const mode of OURS) {
      const { child, port, relay, home } = await startRelay(
        join(directory, mode),
        mode === 'plain' ? 'off' : 'on',
      )
      stops.push(() => child.stop())
      const emptyMb = rssMb(child.pid)
      const { sign } = (await openHome(home, systemRandom)).keys.keys
      const pairs = await bindPairs(load, { port, relay, sign }, count)
      subjects.push({ name: mode, pid: child.pid, pairs, askedRate: RATES[mode] / 2 })
      memory.push(figure(`${mode}, memory without a pair`, 'MB', [emptyMb]))
      memory.push(figure(`${mode}, ${bound}`, 'MB', [rssMb(child.pid)]))
    }
    if (isRival()) {
      const coturn = await Coturn.start(COTURN_THREADS)
      stops.push(() => coturn.stop())
      const pairs = await coturn.bindPairs(load, ports, count)
      subjects.push({ name: 'coturn', pid: coturn.pid, pairs, askedRate: RATES.offload / 2 })
      memory.push(figure(`coturn, ${bound}`, 'MB', [rssMb(coturn.pid)]))
    }
    for (const { pid } of subjects) pin(pid, 'measured')
    return { subjects, memory, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

type Rounds = Map<string, Round[]>

const play = async (
  contest: Contest,
  subjects: readonly Subject[],
  kind: Kind,
  runs: number,
): Promise<Rounds> => {
  const windows = new Map<Subject, number>()
  for (const subject of subjects) windows.set(subject, await contest.windowOf(subject, kind))
  const rounds: Rounds = new Map(subjects.map(({ name }) => [name, []]))
  await inTurn(runs, async () => {
    for (const subject of subjects)
      rounds.get(subject.name)!.push(await contest.round(subject, kind, windows.get(subject)!))
  })
  return rounds
}

const judge = ({ name: kind }: Kind, rounds: Rounds): readonly Figure[] => {
  const rival = rounds.get('coturn')
  return [...rounds].flatMap(([name, ours]) => {
    const full = `${name}, ${kind}`
    const wanted = kind === BUSY_KIND && (name === 'plain' || name === 'offload') ? RATES[name] : undefined
    const rate = wanted === undefined ? {} : { rate: atLeast(wanted) }
    const figures = figuresOf(full, ours, name === 'coturn' ? {} : { ...rate, added: atMost(1) })
    if (rival === undefined || name === 'coturn') return figures
    const ratios = ours.map((round, index) => round.rate / rival[index]!.rate)
    const costs = ours.map((round, index) => round.us / rival[index]!.us)
    return [
      ...figures,
      figure(`${full}, share of coturn’s`, '', ratios, { target: atLeast(1) }),
      figure(`${full}, processor, share of coturn’s`, '', costs, {
        note: 'stays what it is when the machine is crowded, as rates do not',
      }),
    ]
  })
}

export const relayRow = (settings: Settings): Promise<readonly Figure[]> =>
  withTemporary(async directory => {
    if (!canRun('gcc')) {
      console.log('relay is skipped: gcc is not installed')
      return []
    }
    const count = scaled(settings, PAIRS)
    const load = new RelayLoad(directory)
    const figures: Figure[] = []
    const loads = [loadavg()[0]!]
    let field: Field | undefined
    try {
      const ports = await load.open(2 * count)
      field = await line(load, ports, count, directory)
      figures.push(...field.memory)
      const head = new Uint8Array(0)
      const bare = ports.flatMap((_, at) =>
        at % 2 === 0 ? [{ from: at, to: at + 1, skip: 0, port: 0, head }] : [],
      )
      const contest = new Contest(load, bare, settings)
      for (const kind of KINDS) {
        const pairs = Math.min(kind.pairs, count)
        const rounds = await play(contest, field.subjects, { ...kind, pairs }, settings.runs)
        figures.push(...judge(kind, rounds))
        loads.push(loadavg()[0]!)
      }
    } finally {
      await field?.stop()
      await load.stop()
    }
    return [...figures, figure('load of the machine, this bench included', '', loads)]
  })
