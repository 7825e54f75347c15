/**
 * What a seed stands for: a line with its faults, and what the programs at both ends of each connection do. Drawn once, so
 * that a red seed can be read like a script.
 */
import type { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { CLEAN, type Course } from '../../../support/tcp/line.ts'

export type Reading =
  | { readonly kind: 'eager' }
  /** So many bytes every so often. */
  | { readonly kind: 'slow'; readonly bytes: number; readonly everyMs: number }
  /** Nothing at first, then everything. */
  | { readonly kind: 'late'; readonly afterMs: number }

export interface Part {
  readonly writesBytes: number
  readonly chunkBytes: number
  /** Between two writes, now and then. */
  readonly pauseMs: number
  readonly reading: Reading
  /** Closes its half only after it has read the other's end. */
  readonly isLast: boolean
  /** Breaks off once it has read and written so much; undefined: never. */
  readonly abortsAfterBytes: number | undefined
}

export interface ConnectionPlan {
  readonly opener: 0 | 1
  readonly startsAtMs: number
  /** The opener's part, then the listener's. */
  readonly parts: readonly [Part, Part]
}

export interface Outage {
  readonly fromMs: number
  readonly forMs: number
  /** Which directions are cut. */
  readonly lines: readonly (0 | 1)[]
}

export interface Plan {
  readonly courses: readonly [Course, Course]
  readonly mtuBytes: number
  /** In the middle of it the path carries less or more, and both stacks are told. */
  readonly mtuChange: { readonly atMs: number; readonly mtuBytes: number } | undefined
  readonly outages: readonly Outage[]
  readonly connections: readonly ConnectionPlan[]
  readonly isIpv4: boolean
}

const SIZES = [0, 1, 2, 100, 1_000, 1_200, 5_000, 20_000, 70_000, 200_000] as const
const CHUNKS = [1, 7, 100, 1_000, 1_388, 4_096, 16_384, 65_536] as const
/** A write of single bytes goes on for a while, not for ever. */
const WRITES_MAX = 400

const isLikely = (random: SeededRandom, share: number): boolean => random.next() < share
const oneOf = <T>(random: SeededRandom, all: readonly T[]): T => all[random.between(0, all.length - 1)]!

function drawReading(random: SeededRandom): Reading {
  if (isLikely(random, 0.6)) return { kind: 'eager' }
  if (isLikely(random, 0.5)) return { kind: 'late', afterMs: random.between(50, 4_000) }
  return { kind: 'slow', bytes: random.between(2_000, 40_000), everyMs: random.between(10, 300) }
}

function drawPart(random: SeededRandom, mayAbort: boolean): Part {
  const chunkBytes = oneOf(random, CHUNKS)
  const wanted = oneOf(random, SIZES) + random.between(0, 3)
  const writesBytes = Math.min(wanted, chunkBytes * WRITES_MAX)
  return {
    writesBytes,
    chunkBytes,
    pauseMs: isLikely(random, 0.3) ? random.between(1, 200) : 0,
    reading: drawReading(random),
    isLast: false,
    abortsAfterBytes: mayAbort && isLikely(random, 0.5) ? random.between(0, writesBytes) : undefined,
  }
}

function drawConnection(random: SeededRandom, mayAbort: boolean): ConnectionPlan {
  const parts = [drawPart(random, mayAbort), drawPart(random, mayAbort)] as [Part, Part]
  const patient = isLikely(random, 0.5) ? random.between(0, 1) : undefined
  if (patient !== undefined) parts[patient] = { ...parts[patient]!, isLast: true }
  return {
    opener: random.between(0, 1) as 0 | 1,
    startsAtMs: isLikely(random, 0.5) ? 0 : random.between(0, 3_000),
    parts,
  }
}

function drawCourse(random: SeededRandom): Course {
  const bytesPerMs = isLikely(random, 0.4) ? random.between(50, 20_000) : 0
  return {
    ...CLEAN,
    delayMs: random.between(1, 200),
    jitterMs: isLikely(random, 0.5) ? random.between(1, 60) : 0,
    lossShare: isLikely(random, 0.6) ? random.next() ** 2 * 0.3 : 0,
    doubledShare: isLikely(random, 0.4) ? random.next() * 0.2 : 0,
    strayShare: isLikely(random, 0.5) ? random.next() * 0.3 : 0,
    strayMs: random.between(1, 150),
    damagedShare: isLikely(random, 0.3) ? random.next() * 0.05 : 0,
    bytesPerMs,
    queueBytes: bytesPerMs === 0 ? Number.POSITIVE_INFINITY : random.between(10_000, 400_000),
  }
}

function drawOutages(random: SeededRandom): readonly Outage[] {
  if (!isLikely(random, 0.25)) return []
  return [
    {
      fromMs: random.between(0, 4_000),
      forMs: random.between(100, 15_000),
      lines: oneOf(random, [[0], [1], [0, 1]] as const),
    },
  ]
}

const MTUS = [1_280, 1_380, 1_420, 1_500, 9_000] as const

/** Several connections over a line that does what lines do. */
export function drawPlan(random: SeededRandom): Plan {
  const isQuiet = isLikely(random, 0.15)
  const many = isLikely(random, 0.1) ? random.between(10, 40) : random.between(1, 4)
  const mayAbort = isLikely(random, 0.3)
  const change = isLikely(random, 0.2)
    ? { atMs: random.between(100, 3_000), mtuBytes: oneOf(random, MTUS) }
    : undefined
  const courses = isQuiet
    ? ([
        { ...CLEAN, delayMs: random.between(1, 200) },
        { ...CLEAN, delayMs: random.between(1, 200) },
      ] as const)
    : ([drawCourse(random), drawCourse(random)] as const)
  return {
    courses,
    mtuBytes: oneOf(random, MTUS),
    mtuChange: change,
    outages: isQuiet ? [] : drawOutages(random),
    connections: Array.from({ length: many }, () =>
      drawConnection(random, mayAbort && isLikely(random, 0.5)),
    ),
    isIpv4: isLikely(random, 0.3),
  }
}
