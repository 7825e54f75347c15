/**
 * A stream between two people while everything around it changes: the path becomes direct, NATs forget, both move, the
 * coordinator dies, a line carries less than before. It goes on, nothing of it is missing or altered, and it never
 * stands still for long.
 */
import type { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { People } from '../../src/kernel/api/index.ts'
import { type Household, neighbourhood } from '../support/neighbourhood.ts'
import { transportOf } from '../support/ntm-world.ts'

const PORT = 61_500
const CHUNK_BYTES = 32 * 1024
const EVERY_MS = 100

type Hood = Awaited<ReturnType<typeof neighbourhood>>

const byteAt = (at: number): number => (Math.imul(at, 2_654_435_761) >>> 13) & 0xff

/** What arrives, compared as it comes. */
class Sink {
  bytes = 0
  wrongAt: number | undefined
  longestGapMs = 0
  isEnded = false
  error: Error | undefined
  #lastMs: number

  constructor(stream: Duplex, nowMs: () => number) {
    this.#lastMs = nowMs()
    stream.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte !== byteAt(this.bytes++)) this.wrongAt ??= this.bytes - 1
      this.longestGapMs = Math.max(this.longestGapMs, nowMs() - this.#lastMs)
      this.#lastMs = nowMs()
    })
    stream.on('end', () => {
      this.isEnded = true
    })
    stream.on('error', error => {
      this.error = error
    })
  }
}

const cardOf = async ({ world }: Hood, from: Household, to: Household) => {
  await world.until(from.home.device.house.get(People).find(to.home.spec.name))
  return from.home.device.house.get(People).cards(to.home.person!.person)[0]!
}

/** A stream from Alice to Bob, and what of it comes. */
async function streaming(hood: Hood) {
  const { world, alice, bob } = hood
  const card = await cardOf(hood, alice, bob)
  expect(await world.until(transportOf(alice.home).reach(card))).toMatchObject({ up: true })
  const accepted = new Promise<Duplex>(resolve => {
    transportOf(bob.home).stream.listen(PORT, (_, stream) => resolve(stream))
  })
  const stream = await world.until(transportOf(alice.home).stream.connect(card.device, PORT))
  const sink = new Sink(await world.until(accepted), () => world.clock.monotonicMs())
  let sent = 0
  let error: Error | undefined
  stream.on('error', broken => {
    error = broken
  })
  /** So many pieces, one each tenth of a second. */
  const pour = async (pieces: number): Promise<void> => {
    for (let piece = 0; piece < pieces; piece += 1) {
      const from = sent
      stream.write(Uint8Array.from({ length: CHUNK_BYTES }, (_, at) => byteAt(from + at)))
      sent += CHUNK_BYTES
      await world.run(EVERY_MS)
    }
  }
  const finish = async (): Promise<void> => {
    stream.end()
    await world.run(20_000)
    expect(error).toBeUndefined()
    expect(sink).toMatchObject({ bytes: sent, wrongAt: undefined, isEnded: true, error: undefined })
  }
  return { pour, finish, sink, link: () => transportOf(alice.home).links()[0]!, sent: () => sent }
}

test('outlives a better path, forgetful NATs, moves of both and the death of the coordinator', async () => {
  const hood = await neighbourhood({ seed: 1, alice: {}, bob: {}, relayLatenciesMs: [5] })
  const { world, alice, bob, town } = hood
  const heal = world.network.cut(alice.line.nat!, bob.line.nat!, 'both')
  const { pour, finish, sink, link, sent } = await streaming(hood)
  await pour(20)
  expect(link()).toMatchObject({ path: 'relay' })
  heal()
  await pour(60)
  expect(link()).toMatchObject({ path: 'direct' })
  alice.line.nat!.rebind()
  await pour(20)
  town.dc.host.down()
  await pour(10)
  alice.home.host.move(hood.line({}).next())
  bob.home.host.move(hood.line({}).next())
  await pour(40)
  bob.line.nat!.rebind()
  await pour(15)
  expect(sent()).toBeGreaterThan(5 * 1024 * 1024)
  await finish()
  expect(sink.longestGapMs).toBeLessThan(3_000)
  await world.end()
})

test.each([
  ['the sender', 'alice'],
  ['the receiver', 'bob'],
] as const)(
  'goes on in shorter packets when the line of %s carries less, and nobody says so',
  async (_, who) => {
    const hood = await neighbourhood({
      ...{ seed: 1, alice: { mtuBytes: 1_500 }, bob: { mtuBytes: 1_500 }, relayLatenciesMs: [5] },
    })
    const { world } = hood
    const { pour, finish, sink, link } = await streaming(hood)
    await pour(40)
    expect(link()).toMatchObject({ path: 'direct', mtu: 1_500 })
    const [place] = hood[who].line.next()
    Object.assign(place!.on!.router!.wire, { mtuBytes: 1_280 })
    await pour(40)
    expect(link()).toMatchObject({ path: 'direct', mtu: 1_280 })
    await finish()
    expect(sink.longestGapMs).toBeLessThan(2_000)
    expect(sink.longestGapMs).toBeGreaterThan(EVERY_MS)
    await world.end()
  },
)
