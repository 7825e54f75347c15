/** Paths that break, shrink and grow, a reader that sleeps, and bytes of all kinds: no connection comes to harm. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FLAG, type Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { fuzzRuns } from '../../../../support/fuzz.ts'
import { ALICE, BOB } from '../packets.ts'
import { Pair } from './pair.ts'
import { Script } from './script.ts'
import { anySegment, ipOf, segmentOf, tcpPacket } from './segments.ts'

const MIB = 1 << 20
const noise = (bytes: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + (at >>> 9)) & 0xff))

describe('a connection', () => {
  it('outlives a path that breaks for ninety seconds, both ways busy', () => {
    const pair = new Pair({ oneWayMs: 20, bytesPerMs: 2000 })
    const { alice, bob } = pair.meet()
    const bytes = noise(MIB)
    alice.say(bytes, true)
    bob.say(bytes, true)
    pair.run(150)
    pair.passes = () => false
    pair.run(90_000)
    pair.passes = () => true
    expect(pair.runUntil(() => alice.over === null && bob.over === null, 90_000)).toBe(true)
    expect(bob.heardBytes.equals(bytes) && alice.heardBytes.equals(bytes)).toBe(true)
  })

  it('ends when a path stays broken, and says so', () => {
    const pair = new Pair({ oneWayMs: 20 })
    const { alice } = pair.meet()
    pair.passes = () => false
    alice.say(noise(5000))
    pair.run(310_000)
    expect(alice.over).toBe('silent')
    expect(pair.alice.counters().connections).toBe(0)
    expect(pair.alice.nextWakeAt()).toBeUndefined()
  })

  it('follows the path to smaller and to larger packets', () => {
    let mtu = 1200
    const pair = new Pair({ oneWayMs: 10, bytesPerMs: 1000 }, { mtuTo: () => mtu, mtuMax: 1400 })
    pair.isRecording = true
    const { alice, bob } = pair.meet()
    const bytes = noise(MIB)
    alice.say(bytes, true)
    let largest = 0
    const largestSince = (count: number) => {
      largest = Math.max(...pair.sent.slice(count).map(({ packet }) => packet.length))
      return largest
    }
    pair.run(200)
    expect(largestSince(0)).toBe(1200)
    for (const next of [800, 1400]) {
      mtu = next
      pair.passes = ({ packet }) => packet.length <= mtu
      pair.alice.pathMtuChanged(BOB)
      const count = pair.sent.length
      pair.run(300)
      expect(largestSince(count)).toBe(next)
    }
    expect(pair.runUntil(() => bob.isReadOut, 20_000)).toBe(true)
    expect(bob.heardBytes.equals(bytes)).toBe(true)
  })

  it('with a reader that sleeps holds no more than its window, and goes on when he wakes', () => {
    const pair = new Pair({ oneWayMs: 5 })
    const { alice, bob } = pair.meet()
    const bytes = noise(MIB)
    bob.isReading = false
    alice.say(bytes, true)
    pair.run(60_000)
    expect(bob.connection!.incoming.queue.unreadBytes).toBeLessThanOrEqual(66_000)
    bob.isReading = true
    bob.read()
    expect(pair.runUntil(() => bob.isReadOut, 30_000)).toBe(true)
    expect(bob.heardBytes.equals(bytes)).toBe(true)
  })

  it('never makes a segment larger than the peer takes, SACK blocks included (RFC 6691)', () => {
    const script = new Script()
    script.run(`
      * listen
      > SYN seq=0 ts=1000 sack mss=300
      < SYN ACK
      > ACK seq=1 ack=1 ts=1001
      > ACK seq=11 ack=1 len=10 ts=1001
      < ACK ack=1 blocks=11,21
      * write 288
      < ACK seq=1 len=288 ts echo=1001 blocks=none
      * write 100
      < ACK seq=289 len=100 blocks=11,21`)
  })
})

describe('a window that grows', () => {
  it.each([
    [25, 37_500, 4 * MIB],
    [100, 12_500, 5 * MIB],
  ])('lets a path of %i ms each way and %i bytes a ms be filled', (oneWayMs, bytesPerMs, enough) => {
    const pair = new Pair({ oneWayMs, bytesPerMs })
    const { alice, bob } = pair.meet()
    alice.say(new Uint8Array(30 * MIB))
    expect(pair.runUntil(() => bob.connection!.incoming.window.capacityBytes >= enough, 5000)).toBe(true)
    expect(bob.connection!.incoming.window.capacityBytes).toBeLessThanOrEqual(16 * MIB)
  })
})

describe('segments of all kinds', () => {
  it('around a connection break nothing, and bring no more answers than segments', () => {
    const near = fc.integer({ min: -70_000, max: 70_000 })
    const steps = fc.array(fc.tuple(anySegment, near, near, fc.boolean()), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(steps, all => {
        const pair = new Pair({ oneWayMs: 1 })
        const { bob } = pair.meet()
        const connection = bob.connection!
        pair.isRecording = true
        for (const [segment, seqApart, ackApart, isNear] of all) {
          segment.destinationPort = connection.ownPort
          if (isNear) {
            segment.sourcePort = connection.remotePort
            segment.seq = (connection.incoming.initial + connection.incoming.next + seqApart) >>> 0
            segment.ack = (connection.outgoing.initial + 1 + ackApart) >>> 0
          }
          pair.sent.length = 0
          pair.bob.receive(ipOf(tcpPacket(ALICE, BOB, segment)))
          pair.bob.flush()
          expect(pair.sent.filter(({ from }) => from === 'bob').length).toBeLessThanOrEqual(1)
          if (segment.has(FLAG.rst))
            expect(pair.sent.some(({ packet }) => segmentOf(packet).has(FLAG.rst))).toBe(false)
        }
        pair.run(1000)
      }),
      { numRuns: fuzzRuns(200) },
    )
  })

  it('that belong to nothing are answered with no more bytes than they brought', () => {
    fc.assert(
      fc.property(anySegment, (segment: Segment) => {
        const pair = new Pair({ oneWayMs: 1 })
        pair.isRecording = true
        const packet = tcpPacket(ALICE, BOB, segment)
        pair.bob.receive(ipOf(packet))
        pair.bob.flush()
        const answered = pair.sent.reduce((sum, sent) => sum + sent.packet.length, 0)
        expect(answered).toBeLessThanOrEqual(packet.length)
      }),
      { numRuns: fuzzRuns(200) },
    )
  })
})
