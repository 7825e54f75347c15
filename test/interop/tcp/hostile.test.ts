/**
 * Strangers between our TCP and the kernel's: floods of SYNs, and blind resets, SYNs, acknowledgements and data of
 * somebody who knows the addresses and ports but not the numbers. The honest connection goes on as if they were not there.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { ACK, FIN, RST, SYN, writePacket } from '../../support/tcp/wire.ts'
import { Bench, closed, KERNEL, OURS, type Pair } from './bench.ts'
import { readBytes, writeBytes } from './bytes.ts'
import { whyNot } from './namespace.ts'

const reason = whyNot()
const MIB = 1024 * 1024
const FLOOD = 20_000
const SYN_BYTES = 40

const bytesOf = (address: string): Uint8Array => Uint8Array.from(address.split('.').map(Number))

describe.skipIf(reason !== undefined)('a stranger', () => {
  let bench: Bench
  const random = new SeededRandom(5)

  beforeAll(async () => {
    bench = await Bench.build()
  })
  afterEach(() => expect(bench.judge.offences, bench.judge.tail).toEqual([]))
  afterAll(() => bench.close())

  const goesOn = async ({ ours, theirs }: Pair, meanwhile: () => void): Promise<void> => {
    const reading = readBytes(ours)
    bench.peer.tell('write', theirs, { bytes: 2 * MIB, seed: 2 })
    const timer = setInterval(meanwhile, 1)
    const hash = await writeBytes(ours, 2 * MIB, 1)
    ours.end()
    const written = await bench.peer.next('written', theirs)
    bench.peer.tell('end', theirs)
    expect(await bench.peer.next('ended', theirs)).toMatchObject({ bytes: 2 * MIB, hash })
    expect(await reading).toEqual({ bytes: 2 * MIB, hash: written.hash })
    clearInterval(timer)
    await closed(ours)
  }

  /** In the kernel's name, at these distances from the numbers that are right. */
  const forge = (flags: number, seqOff: number, ackOff: number, payload = new Uint8Array(0)): void => {
    const said = bench.judge.latest[1]!
    const ours = bench.judge.latest[0]!
    const packet = writePacket({
      from: bytesOf(KERNEL.ipv4),
      to: bytesOf(OURS.ipv4),
      fromPort: said.fromPort,
      toPort: said.toPort,
      seq: (ours.ack + seqOff) >>> 0,
      ...((flags & ACK) !== 0 && { ack: (ours.seq + ackOff) >>> 0 }),
      flags,
      payload,
    })
    bench.hear(packet, true)
  }

  it.each<[string, () => void]>([
    ['resets within the window', () => forge(RST, random.between(1, 60_000), 0)],
    ['resets outside of it', () => forge(RST, -random.between(1, 2 ** 30), 0)],
    ['resets that acknowledge', () => forge(RST | ACK, random.between(1, 60_000), 0)],
    ['SYNs within the window', () => forge(SYN, random.between(1, 60_000), 0)],
    ['SYNs outside of it', () => forge(SYN, -random.between(1, 2 ** 30), 0)],
    ['data behind the window', () => forge(ACK, 2 ** 28, 0, new Uint8Array(100).fill(0xee))],
    ['data of long ago', () => forge(ACK, -(2 ** 28), 0, new Uint8Array(100).fill(0xee))],
    [
      'data that acknowledges what was never sent',
      () => forge(ACK, 0, 2 ** 28, new Uint8Array(100).fill(0xee)),
    ],
    [
      'data that acknowledges what is long past',
      () => forge(ACK, 0, -(2 ** 30), new Uint8Array(100).fill(0xee)),
    ],
    ['ends of a stream that acknowledge what was never sent', () => forge(ACK | FIN, 0, 2 ** 28)],
    ['acknowledgements of what was never sent', () => forge(ACK, 0, 2 ** 28)],
  ])('who guesses %s breaks nothing', async (_, guess) => {
    await goesOn(await bench.asServer(), guess)
  })

  it('who floods our listener with SYNs keeps nobody out, fills nothing, and is not answered with more than it sent', async () => {
    const port = 4_444
    const accepted: Pair[] = []
    const stop = bench.host.listen(port, ours => accepted.push({ ours, theirs: 'honest' }))
    const before = { bytes: bench.host.sentBytes, memory: process.memoryUsage() }
    for (let sent = 0; sent < FLOOD; sent += 1) {
      const syn = writePacket({
        from: Uint8Array.from([10, 88, 1 + (sent % 250), random.between(1, 254)]),
        to: bytesOf(OURS.ipv4),
        fromPort: random.between(1_024, 65_535),
        toPort: port,
        seq: random.between(0, 2 ** 32 - 1),
        flags: SYN,
      })
      bench.hearStranger(syn)
    }
    expect(bench.host.sentBytes - before.bytes).toBeLessThanOrEqual(FLOOD * (SYN_BYTES + 4) * 1.1)
    expect(bench.host.connections).toBeLessThanOrEqual(256)
    bench.peer.tell('connect', 'honest', { host: OURS.ipv4, port })
    await bench.peer.next('connected', 'honest')
    await goesOn(await first(accepted), () => undefined)
    const { memory } = before
    const grown = process.memoryUsage().arrayBuffers - memory.arrayBuffers
    expect(grown).toBeLessThan(64 * MIB)
    stop()
  })

  /** Our side may know of it a moment later than the kernel. */
  const first = async (accepted: readonly Pair[]): Promise<Pair> => {
    while (accepted.length === 0) await new Promise(go => setImmediate(go))
    return accepted[0]!
  }
})
