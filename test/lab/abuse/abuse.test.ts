/**
 * A coordinator, a relay and a node under floods of forged handshakes: they answer with no more than comes, and the
 * honest are served meanwhile, no more than twice as slowly: a cookie takes one more round trip, where there was one. Who
 * else uses the machine slows both alike, so that idle and flooded turns alternate and medians are compared, give or take
 * what the idle turns differ by; and the rate is one that leaves room for others. For figures
 * `LAB_FLOOD=50000,5,3,-15` asks for a rate, seconds, rounds, and the priority over others that all of it has.
 */
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TunnelKey } from '../../../src/events/ids.ts'
import { openHome } from '../../../src/kernel/home-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { killTheRest } from '../../cli/program.ts'
import { run, tellLeftOut, whyNoDelayLine } from '../machine.ts'
import { profile } from '../nat/profiles.ts'
import { Cell } from '../people/cell.ts'
import { Conversation } from '../people/conversation.ts'
import { DC_PORT } from '../people/homes.ts'
import { ACCESS } from '../topology/addresses.ts'
import { type Figures, figuresOf, line, mediansOf, type Turn } from './figures.ts'
import { dig, type Flooded, type FloodKind, flood, type Target } from './flood.ts'

const reason = tellLeftOut('floods', whyNoDelayLine())
const [PER_SECOND = 5_000, SECONDS = 2, ROUNDS = 3, NICENESS = 0] = (process.env.LAB_FLOOD ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number)
const LATENCY_MS = 10
const HONEST = new URL('honest.mjs', import.meta.url).pathname
/** A handshake each, between which nothing is asked: the honest do not measure each other. */
const PAUSE_MS = 50
/** One person calls no more often than a node lets a known address in without a cookie. */
const ONE_PERSONS_PAUSE_MS = 250
const RS_PORT = 4_600
const SETTLE_MS = 1_500
const SLOWER_MAX = 2

/** Where B has met A. */
const KNOWN = ACCESS.a.customer4
/** Addresses of A's host beside its own, from which nobody has come. */
const STRANGE = Array.from({ length: 60 }, (_, n) => `198.51.100.${20 + n}`).filter(at => !at.endsWith('.77'))

let cell: Cell
const targets = {} as Record<'dc' | 'rs1' | 'b', Target>

const honest = async (role: string, asked: object): Promise<Figures> => {
  const [command, ...words] = [
    ...cell.network.namespaces.at('a'),
    process.execPath,
    HONEST,
    role,
    JSON.stringify(asked),
  ]
  return figuresOf(JSON.parse(await run(command!, words, { timeoutMs: 120_000 })))
}

beforeAll(async () => {
  if (reason !== undefined) return
  // What this process starts inherits it.
  if (NICENESS !== 0) setPriority(NICENESS)
  cell = await Cell.open({
    a: profile('public'),
    b: profile('public'),
    relays: ['rs1'],
    lines: { a: { latencyMs: LATENCY_MS } },
  })
  await dig(cell.network.namespaces)
  for (const address of STRANGE)
    await cell.network.namespaces.run('a', 'ip', 'address', 'add', `${address}/25`, 'dev', 'eth0')
  await cell.up('a')
  await cell.up('b')
  const keyOf = async (of: 'dc' | 'rs1' | 'b'): Promise<TunnelKey> =>
    (await openHome(cell.home(of), systemRandom)).keys.keys.tunnelKey
  targets.dc = { station: 'dc', address: ACCESS.dc.customer4, port: DC_PORT, key: await keyOf('dc') }
  targets.rs1 = { station: 'rs1', address: ACCESS.rs1.customer4, port: RS_PORT, key: await keyOf('rs1') }
  const talk = await Conversation.begin(cell)
  await talk.say('a')
  await talk.say('b')
  expect(await talk.end(20_000)).toEqual([])
  targets.b = { station: 'b', address: ACCESS.b.customer4, port: await portOf(), key: await keyOf('b') }
}, 120_000)

/** Where B's node listens, asked of its kernel. */
const portOf = async (): Promise<number> => {
  const sockets = await cell.network.namespaces.run('b', 'ss', '-Hlun4')
  return Number(/:(\d+)\s/.exec(sockets)![1])
}

afterAll(async () => {
  await cell?.close()
  await killTheRest()
})

interface Case {
  readonly who: string
  readonly victim: keyof typeof targets
  readonly kind: FloodKind
  readonly asks: (seconds: number) => Promise<Figures>
}

const countFor = (seconds: number, everyMs = PAUSE_MS): number =>
  Math.max(5, Math.floor((seconds * 1_000 - 1_000) / (everyMs + 60)))

const tunnelsTo =
  (victim: keyof typeof targets, locals: readonly string[], home?: 'a', everyMs = PAUSE_MS) =>
  (seconds: number) =>
    honest('tunnels', {
      ...{ key: targets[victim].key, to: targets[victim], locals },
      ...{ count: countFor(seconds, everyMs), everyMs },
      ...(home === undefined ? {} : { home: cell.home(home) }),
    })

const bindsTo = (victim: 'rs1') => (seconds: number) =>
  honest('binds', {
    ...{ key: targets[victim].key, to: targets[victim], locals: STRANGE, home: cell.home('dc') },
    ...{ count: countFor(seconds), everyMs: PAUSE_MS },
  })

const KINDS = ['wrong mac1', 'right mac1'] as const
const cases: readonly Case[] = [
  ...KINDS.map(
    kind =>
      ({ who: 'strangers at the coordinator', victim: 'dc', kind, asks: tunnelsTo('dc', STRANGE) }) as const,
  ),
  ...[...KINDS, 'forged tickets' as const].map(
    kind => ({ who: 'slots at the relay', victim: 'rs1', kind, asks: bindsTo('rs1') }) as const,
  ),
  ...KINDS.map(
    kind =>
      ({
        who: 'a friend, from a known address, at the node',
        victim: 'b',
        kind,
        asks: tunnelsTo('b', [KNOWN], 'a', ONE_PERSONS_PAUSE_MS),
      }) as const,
  ),
  ...KINDS.map(
    kind =>
      ({
        who: 'a friend, from new addresses, at the node',
        victim: 'b',
        kind,
        asks: tunnelsTo('b', STRANGE, 'a'),
      }) as const,
  ),
]

const judge = ({ sent, in: came, out: left }: Flooded): void => {
  expect(came.packets).toBeGreaterThan(sent / 2)
  expect(left.bytes).toBeLessThanOrEqual(came.bytes)
}

describe.skipIf(reason !== undefined)('under a flood', { timeout: 300_000 }, () => {
  it.each(cases)('of handshakes with $kind, $who are served', async ({ who, victim, kind, asks }) => {
    if (victim === 'b') await cell.down('a')
    const turns: Turn[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const idle = await asks(SECONDS)
      const asked = { kind, perSecond: PER_SECOND, seconds: SECONDS + 1 }
      const { flooded, result } = await flood(cell.network.namespaces, targets[victim], asked, async () => {
        await sleep(500)
        return asks(SECONDS)
      })
      console.log(line(`${who}, ${kind}`, idle, result, flooded))
      judge(flooded)
      expect(result.failed).toBe(0)
      expect(result.tookMs.length).toBe(idle.tookMs.length)
      turns.push({ idle, under: result })
      await sleep(SETTLE_MS)
    }
    const { idleMs, underMs, spreadMs } = mediansOf(turns)
    expect(underMs).toBeLessThanOrEqual(SLOWER_MAX * idleMs + spreadMs)
  })
})
