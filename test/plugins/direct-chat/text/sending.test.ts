/** How often and how much is sent over a line that swallows what the test says: datagrams counted over the clock. */
import { describe, expect, it } from 'vitest'
import {
  RTO_FIRST_MS,
  RTO_MAX_MS,
  RTO_MIN_MS,
  WINDOW_FIRST,
  WINDOW_MIN,
} from '../../../../src/plugins/direct-chat/text/limits.ts'
import { TEXT_MAX_BYTES } from '../../../../src/wire/limits.ts'
import { FAIR, isAllDelivered, type Weather, World } from '../support/two-homes.ts'

interface Line {
  readonly world: World
  readonly alice: World['homes'][number]
  readonly bob: World['homes'][number]
  /** What alice sent: when. */
  readonly sentAtMs: number[]
  /** Whether a datagram of alice is swallowed; `index` counts hers from 0. */
  swallows: (index: number) => boolean
}

const NOTHING = () => false
const ALL = () => true

function lineIn(weather: Weather = FAIR): Line {
  const world = new World(1, weather)
  const [alice, bob] = world.homes
  const line: Line = { world, alice, bob, sentAtMs: [], swallows: NOTHING }
  const carry = world.carry.bind(world)
  world.carry = (from, bytes) => {
    if (from === bob) return carry(from, bytes)
    line.sentAtMs.push(world.nowMs)
    if (!line.swallows(line.sentAtMs.length - 1)) carry(from, bytes)
  }
  world.run(50)
  world.join()
  world.run(50)
  return line
}

/** A line on which alice has measured the round trip. */
function measured(): Line {
  const line = lineIn()
  deliver(line, 'one')
  deliver(line, 'two')
  return line
}

function deliver({ world, alice }: Line, text: string): void {
  const before = alice.own().length
  alice.say([text])
  world.run(120_000, () => alice.own().length > before && isAllDelivered(world))
  expect(isAllDelivered(world)).toBe(true)
}

/** The path to bob has turned: alice's machine is told so. */
const turn = ({ alice, bob }: Line): void => alice.feed({ kind: 'link', device: bob.device, up: true })

/** Says a text that goes nowhere, and returns the pauses between its datagrams. */
function pausesOf(line: Line, forMs: number): number[] {
  line.swallows = ALL
  const before = line.sentAtMs.length
  line.alice.say(['into the void'])
  line.world.run(forMs)
  const times = line.sentAtMs.slice(before)
  return times.slice(1).map((atMs, index) => atMs - times[index]!)
}

/** How many datagrams left at each instant since the one with this index. */
function flightsSince({ sentAtMs }: Line, index: number): number[] {
  const flights = new Map<number, number>()
  for (const atMs of sentAtMs.slice(index)) flights.set(atMs, (flights.get(atMs) ?? 0) + 1)
  return [...flights.values()]
}

/** Texts that do not share a frame, all on disk before the first leaves. */
function sayMany({ world, alice }: Line, count: number): void {
  alice.mayBeTold = false
  for (let each = 0; each < count; each += 1) alice.say([`${each}`])
  world.run(10)
  alice.mayBeTold = true
  alice.reconsider()
}

describe('silence', () => {
  it('is met with pauses that double from the least to the most', () => {
    const pauses = pausesOf(measured(), 200_000)
    expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map(times => RTO_MIN_MS * times))
    expect(pauses.slice(-3)).toEqual([RTO_MAX_MS, RTO_MAX_MS, RTO_MAX_MS])
  })

  it('before anything was measured is taken for a slow line', () => {
    expect(pausesOf(lineIn(), 4_000)).toEqual([RTO_FIRST_MS, 2 * RTO_FIRST_MS])
  })

  it('halves the flight each time, down to the least', () => {
    const line = lineIn()
    line.swallows = ALL
    sayMany(line, 3 * WINDOW_FIRST)
    line.world.run(20_000)
    expect(flightsSince(line, 0).slice(0, 5)).toEqual([
      WINDOW_FIRST,
      WINDOW_FIRST,
      WINDOW_FIRST / 2,
      WINDOW_FIRST / 4,
      WINDOW_MIN,
    ])
  })
})

describe('a path that has turned', () => {
  it('has sent again at once what waited, and the pauses begin anew', () => {
    const line = measured()
    pausesOf(line, 60_000)
    line.swallows = NOTHING
    turn(line)
    line.world.run(0.5 * RTO_MIN_MS)
    expect(isAllDelivered(line.world)).toBe(true)
    expect(pausesOf(line, 1.5 * RTO_MIN_MS)).toEqual([RTO_MIN_MS])
  })

  it('has nothing sent again that may still be acknowledged, and no more than the window holds', () => {
    const line = measured()
    line.alice.say(['just now'])
    line.world.run(2)
    const before = line.sentAtMs.length
    turn(line)
    expect(line.sentAtMs.length).toBe(before)
    line.world.run(1_000)
    line.swallows = ALL
    sayMany(line, 3 * WINDOW_FIRST)
    line.world.run(20_000)
    const flown = line.sentAtMs.length
    turn(line)
    expect(line.sentAtMs.length - flown).toBe(WINDOW_MIN)
  })
})

describe('what was sent twice', () => {
  it('says nothing of the round trip, however late its acknowledgement is', () => {
    const line = measured()
    const from = line.sentAtMs.length
    line.swallows = index => index < from + 5
    deliver(line, 'at the sixth attempt')
    expect(line.sentAtMs.at(-1)! - line.sentAtMs[from]!).toBe(31 * RTO_MIN_MS)
    expect(pausesOf(line, 1.5 * RTO_MIN_MS)).toEqual([RTO_MIN_MS])
  })

  it('says nothing of it either when it was pieces of a long text', () => {
    const halfMs = 0.8 * RTO_FIRST_MS
    const line = lineIn({ ...FAIR, delayMs: [halfMs, halfMs] })
    deliver(line, 'x'.repeat(TEXT_MAX_BYTES))
    line.world.run(10_000)
    expect(pausesOf(line, 1.5 * RTO_FIRST_MS)).toEqual([RTO_FIRST_MS])
  })
})

describe('one loss among much', () => {
  it('of texts is cured after three repeated acknowledgements, and halves the flight', () => {
    const line = measured()
    const from = line.sentAtMs.length
    line.swallows = index => index === from
    for (let each = 0; each < WINDOW_FIRST; each += 1)
      line.world.after(each, () => line.alice.say([`${each}`]))
    line.world.run(0.8 * RTO_MIN_MS)
    expect(isAllDelivered(line.world)).toBe(true)
    expect(line.sentAtMs.length - from).toBe(WINDOW_FIRST + 1)
    const next = line.sentAtMs.length
    sayMany(line, 3 * WINDOW_FIRST)
    expect(flightsSince(line, next)[0]).toBeLessThan(0.75 * WINDOW_FIRST)
  })

  it('of texts that all left in one instant is cured as soon', () => {
    const line = measured()
    const from = line.sentAtMs.length
    line.swallows = index => index === from
    sayMany(line, WINDOW_FIRST)
    line.world.run(0.5 * RTO_MIN_MS)
    expect(isAllDelivered(line.world)).toBe(true)
    expect(line.sentAtMs.length - from).toBe(WINDOW_FIRST + 1)
  })

  it('of pieces is cured by their reports, and halves the flight', () => {
    const line = measured()
    const from = line.sentAtMs.length
    line.swallows = index => index === from
    line.alice.say(['x'.repeat(TEXT_MAX_BYTES)])
    line.world.run(0.5 * RTO_MIN_MS)
    expect(isAllDelivered(line.world)).toBe(true)
    const next = line.sentAtMs.length
    sayMany(line, 3 * WINDOW_FIRST)
    expect(flightsSince(line, next)[0]).toBeLessThan(1.5 * WINDOW_FIRST)
  })
})
