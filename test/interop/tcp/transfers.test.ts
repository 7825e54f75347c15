/** Our TCP and the kernel's: every byte arrives, both ways, whoever opened and whatever the line does. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Bench, type Family, type Pair, ROLES } from './bench.ts'
import { exchange } from './exchange.ts'
import { whyNot } from './namespace.ts'

const reason = whyNot()
if (reason !== undefined) console.log(`TCP interop is skipped: ${reason}`)

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const LONG_MS = 120_000

type Role = (typeof ROLES)[number]
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']

describe.skipIf(reason !== undefined)('our TCP and the kernel’s', () => {
  let bench: Bench

  beforeAll(async () => {
    bench = await Bench.build()
  })
  afterEach(() => {
    bench.be({})
    expect(bench.judge.offences, bench.judge.tail).toEqual([])
  })
  afterAll(() => bench.close())

  const exchanged = (pair: Pair, fromUs: number, fromThem: number): Promise<void> =>
    exchange(bench, pair, { fromUs, fromThem, waitMs: LONG_MS })

  const cases: readonly (readonly [Role, Family, number])[] = [
    ...ROLES.flatMap(role =>
      FAMILIES.flatMap(family => [1, KIB, MIB].map(bytes => [role, family, bytes] as const)),
    ),
    ['asClient', 'ipv4', 64 * MIB],
    ['asServer', 'ipv6', 64 * MIB],
  ]
  it.each(cases)(
    '%s over %s: %i bytes each way',
    async (role, family, bytes) => {
      await exchanged(await bench[role](family), bytes, bytes)
    },
    LONG_MS,
  )

  it.each([
    ['to the kernel', 'asClient', GIB, 1],
    ['from the kernel', 'asServer', 1, GIB],
  ] as const)(
    '1 GiB %s',
    async (_, role, fromUs, fromThem) => {
      await exchanged(await bench[role](), fromUs, fromThem)
    },
    LONG_MS,
  )

  const LINES = [
    ['3 % loss', { delayMs: 2, lossShare: 0.03 }],
    ['shuffling', { delayMs: 3, strayShare: 0.1, strayMs: 10 }],
    ['doubling', { delayMs: 2, doubledShare: 0.1 }],
    ['damage', { delayMs: 2, damagedShare: 0.02 }],
    ['20 ms, jitter and 1 % loss', { delayMs: 20, jitterMs: 10, lossShare: 0.01 }],
    [
      'all of it',
      {
        delayMs: 3,
        jitterMs: 3,
        lossShare: 0.03,
        doubledShare: 0.03,
        strayShare: 0.05,
        strayMs: 10,
        damagedShare: 0.01,
      },
    ],
  ] as const
  it.each(ROLES.flatMap(role => LINES.map(([name, course]) => [role, name, course] as const)))(
    '%s over a line with %s: 2 MiB each way',
    async (role, _, course) => {
      bench.be(course)
      await exchanged(await bench[role](), 2 * MIB, 2 * MIB)
    },
    LONG_MS,
  )

  it.each(ROLES)(
    '%s over a line that loses one in a hundred: 16 MiB each way',
    async role => {
      bench.be({ delayMs: 2, lossShare: 0.01 })
      await exchanged(await bench[role](), 16 * MIB, 16 * MIB)
    },
    LONG_MS,
  )

  it('a hundred connections at once', async () => {
    bench.be({ delayMs: 1 })
    const pairs = await Promise.all(
      Array.from({ length: 100 }, (_, n) => bench[ROLES[n % 2]!](FAMILIES[n % 3 === 0 ? 1 : 0]!)),
    )
    await Promise.all(pairs.map(pair => exchanged(pair, 20_000, 20_000)))
  })
})
