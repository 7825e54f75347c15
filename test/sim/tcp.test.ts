/**
 * TCP against itself over lines that lose, double, delay, shuffle, damage and go dead, in virtual time: what is written is
 * read, whoever breaks off is understood, everything ends, and nothing that is sent offends against the RFCs.
 */
import { describe, expect, test } from 'vitest'
import { keptIfRed, seedsOf } from './support/seeds.ts'
import type { Program } from './support/tcp/program.ts'
import { type Course, TcpWorld, type WorldOptions } from './support/tcp/tcp-world.ts'

const SUITE = 'tcp'
const SEEDS = 500
const CROSSED = 'tcp-crossed'
const CROSSED_SEEDS = 200

const isBroken = ({ plan }: Course): boolean => plan.parts.some(part => part.abortsAfterBytes !== undefined)

/** A line on which an answer can stay away for half a minute, as little as ten seconds at the end of a connection. */
const isBad = ({ plan }: TcpWorld): boolean =>
  plan.outages.length > 0 || plan.courses.some(({ lossShare }) => lossShare > 0.1)

function judgeProgram(program: Program, world: TcpWorld, mayBreak: boolean, comesBytes: number): void {
  expect(program.faults).toEqual([])
  expect(program.isClosed, 'the stream is closed').toBe(true)
  if (mayBreak) return
  // Who has left for good answers a repeated FIN with a reset; everything has been read by then.
  if (!isBad(world)) expect(program.error).toBeUndefined()
  expect(program.hasEnded, 'it has read to the end').toBe(true)
  expect(program.read).toBe(comesBytes)
}

function judgeCourse(world: TcpWorld, course: Course): void {
  const { opener, listener, plan, refused } = course
  const mayBreak = isBroken(course) || refused !== undefined
  if (opener !== undefined) judgeProgram(opener, world, mayBreak, plan.parts[1].writesBytes)
  if (listener !== undefined) judgeProgram(listener, world, mayBreak, plan.parts[0].writesBytes)
  if (refused === undefined) expect(opener, 'it was opened').toBeDefined()
  if (!mayBreak) expect(listener, 'it was accepted').toBeDefined()
}

function judgeRefusals(world: TcpWorld): void {
  const refused = world.connections.filter(course => course.refused !== undefined && !isBroken(course))
  if (!isBad(world)) expect(refused).toEqual([])
}

async function judged(seed: number, options: WorldOptions = {}): Promise<TcpWorld> {
  const world = new TcpWorld(seed, options)
  await world.run()
  expect(world.judge.offences, world.judge.tail).toEqual([])
  judgeRefusals(world)
  for (const course of world.connections) judgeCourse(world, course)
  expect(world.judge.open, 'connections that have not ended').toBe(0)
  for (const { tcp } of world.hosts) {
    expect(tcp.counters()).toMatchObject({ connections: 0, timeWaits: 0 })
    expect(tcp.nextWakeAt()).toBeUndefined()
  }
  return world
}

describe('TCP', () => {
  test.each(seedsOf(SUITE, SEEDS))('seed %i: all that is written is read, and all of it by the rules', seed =>
    keptIfRed(SUITE, seed, async () => {
      await judged(seed)
    }),
  )

  test.each(seedsOf(CROSSED, CROSSED_SEEDS))('seed %i: the same where both sides open at once', seed =>
    keptIfRed(CROSSED, seed, async () => {
      await judged(seed, { isCrossed: true })
    }),
  )

  test('one seed is one run', async () => {
    expect((await judged(1)).trace).toBe((await judged(1)).trace)
  })
})
