/**
 * Segments that were really said, damaged and mended, against the reader and against a whole stack: nothing throws,
 * nobody is answered more than he sent, what is kept is bounded, and who is honest goes on as if nothing had been.
 */
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { parseIp } from '../../src/plugins/transport-ntm/net/ip.ts'
import { parseTcp, Segment } from '../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { FIN, RST, readPacket, SYN } from '../support/tcp/wire.ts'
import { mutantOf } from './support/tcp/mutants.ts'
import { Siege } from './support/tcp/siege.ts'
import { Storm } from './support/tcp/storm.ts'

const TCP = 6
const MUTANTS = 40_000
const STORMS = 300
const SEGMENTS_PER_STORM = 200
const SAYS_BYTES = 3000
/** Beyond every timeout. */
const END_MS = 400_000

/** What no reader may let through, in the words of the judge's own. */
const WORTHLESS = /cut off|points nowhere|TCP checksum|does not fit/

/** The same bytes with others around them. */
function inTheMiddle(random: SeededRandom, packet: Uint8Array): Uint8Array {
  const before = random.between(0, 9)
  const room = random.bytes(before + packet.length + 64)
  room.set(packet, before)
  return room.subarray(before, before + packet.length)
}

function faultOf(packet: Uint8Array, into: Segment): string | undefined {
  const ip = parseIp(packet)
  if (!ip.ok || ip.value.protocol !== TCP) return undefined
  const parsed = parseTcp(ip.value, into)
  const seen = readPacket(packet)
  if (!parsed.ok) {
    if (typeof seen !== 'object' || seen.fromPort === 0 || seen.toPort === 0) return undefined
    return parsed.why === 'tcp-flags' ? undefined : `${parsed.why}, and it is whole`
  }
  if (typeof seen === 'string' && WORTHLESS.test(seen)) return `taken, though ${seen}`
  const { payload, options, flags, seq, ack } = parsed.value
  const end = payload.byteOffset + payload.length
  const isInside = payload.length === 0 || end === packet.byteOffset + packet.length
  if (!isInside || payload.length > ip.value.payload.length - 20) return 'a payload that leaves the packet'
  if (options.sackBlocks > 4 || options.windowScale > 14) return 'options that cannot be'
  if ([SYN, FIN, RST].filter(flag => (flags & flag) !== 0).length > 1) return 'flags that cannot be'
  if (typeof seen !== 'object') return undefined
  return seq === seen.seq && ack === seen.ack ? undefined : 'other numbers than stand there'
}

/** Both say something, and hear what the other has said, now and while nobody heard. */
function goOn(siege: Siege, said: Uint8Array, seed: number): void {
  const { alice, bob } = siege.honest
  const [fromAlice, fromBob] = [siege.random.bytes(SAYS_BYTES), siege.random.bytes(SAYS_BYTES)]
  alice.say(fromAlice, true)
  bob.say(fromBob, true)
  siege.run(5000)
  expect(bob.heardBytes.equals(Buffer.concat([said, fromAlice])), `Bob hears Alice, seed ${seed}`).toBe(true)
  expect(alice.heardBytes.equals(fromBob), `Alice hears Bob, seed ${seed}`).toBe(true)
  expect([alice.over, bob.over]).toEqual([null, null])
}

/** Nothing is left behind, whatever was believed. */
function endAll(siege: Siege): void {
  siege.run(END_MS)
  for (const { tcp } of [siege.alice, siege.bob]) tcp.close()
  siege.run(END_MS)
  expect(siege.alice.tcp.counters()).toMatchObject({ connections: 0, timeWaits: 0 })
  expect(siege.alice.nextWakeAt()).toBeUndefined()
}

describe('forged segments', () => {
  test('are read within their bounds or refused', () => {
    let taken = 0
    const into = new Segment()
    const runs = fuzzRuns(MUTANTS)
    const siege = new Siege(1)
    const others = new Siege(2)
    for (let seed = 0; seed < runs; seed++) {
      const random = new SeededRandom(seed)
      const { samples, aim } = seed % 2 === 0 ? siege : others
      const packet = inTheMiddle(random, mutantOf(random, samples, aim))
      const fault = faultOf(packet, into)
      if (fault !== undefined) expect.fail(`seed ${seed}: ${fault}: ${Buffer.from(packet).toString('hex')}`)
      const ip = parseIp(packet)
      if (ip.ok && parseTcp(ip.value).ok) taken++
    }
    expect(taken).toBeGreaterThan(runs / 4)
  })

  test('leave a stack and who is honest in peace', () => {
    const sums = { answered: 0, taken: 0, honest: 0 }
    const storms = Math.ceil(fuzzRuns(STORMS * SEGMENTS_PER_STORM) / SEGMENTS_PER_STORM)
    for (let seed = 1; seed <= storms; seed++) {
      const siege = new Siege(seed)
      const storm = new Storm(siege)
      storm.rage(SEGMENTS_PER_STORM)
      expect(storm.faults, `seed ${seed}`).toEqual([])
      siege.lift()
      if (!storm.isSpoiled) goOn(siege, storm.said, seed)
      endAll(siege)
      sums.answered += storm.answered
      sums.taken += storm.taken
      if (!storm.isSpoiled) sums.honest++
    }
    expect(sums.answered).toBeGreaterThan(5 * storms)
    expect(sums.taken).toBeGreaterThan(50 * storms)
    expect(sums.honest).toBeGreaterThan(storms / 2)
  })
})
