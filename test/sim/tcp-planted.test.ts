/**
 * A TCP with a fault is found out: each is planted between a stack and the line, where the judge and the other side see
 * what a stack would send that had it.
 */
import { expect, test } from 'vitest'
import { readPacket, restamp, type Seen, tcpStart } from '../support/tcp/wire.ts'
import { type Plant, TcpWorld } from './support/tcp/tcp-world.ts'

const SEEDS = 12
const TCP_ACK = 8
const TCP_WINDOW = 14
const TCP_CHECKSUM = 16
const SACK = 5

type Change = (packet: Uint8Array, view: DataView, tcp: number, seen: Seen) => void

/** Every so many packets that it can be done to. */
const every = (nth: number, isMeant: (seen: Seen) => boolean, change: Change): Plant => {
  let met = 0
  return packet => {
    const seen = readPacket(packet)
    if (seen === undefined || typeof seen === 'string' || !isMeant(seen)) return packet
    met += 1
    if (met % nth !== 0) return packet
    const copy = Uint8Array.from(packet)
    change(copy, new DataView(copy.buffer), tcpStart(copy), seen)
    return copy
  }
}

const isData = ({ payload }: Seen): boolean => payload.length > 0
const isLate = ({ flags, payload }: Seen): boolean => flags === 0x10 && payload.length === 0

/** A segment of a stream that was sent before is not sent again. */
const forgetful = (): Plant => {
  const ends = new Map<string, number>()
  return packet => {
    const seen = readPacket(packet)
    if (seen === undefined || typeof seen === 'string' || !isData(seen)) return packet
    const flow = `${seen.from}:${seen.fromPort}:${seen.toPort}`
    const end = (seen.seq + seen.payload.length) | 0
    const before = ends.get(flow)
    if (before !== undefined && ((end - before) | 0) <= 0) return undefined
    ends.set(flow, end)
    return packet
  }
}

const placeOfSack = (packet: Uint8Array, tcp: number): number => {
  const end = tcp + (packet[tcp + 12]! >>> 4) * 4
  for (let at = tcp + 20; at < end; at += packet[at] === 1 ? 1 : packet[at + 1]!)
    if (packet[at] === SACK) return at
  return -1
}

const FAULTS: readonly (readonly [string, () => Plant, RegExp])[] = [
  [
    'leaves the checksum out',
    () => every(20, isData, (_, view, tcp) => view.setUint16(tcp + TCP_CHECKSUM, 0)),
    /checksum is wrong/,
  ],
  [
    'acknowledges what has not come',
    () =>
      every(5, isLate, (packet, view, tcp, seen) => {
        view.setUint32(tcp + TCP_ACK, seen.ack + 1)
        restamp(packet)
      }),
    /acknowledges \d+, and only \d+ has come/,
  ],
  [
    'takes its window back',
    () =>
      every(5, isLate, (packet, view, tcp, seen) => {
        view.setUint16(tcp + TCP_WINDOW, Math.floor(seen.window / 2))
        restamp(packet)
      }),
    /moves the end of its window/,
  ],
  [
    'reports by SACK what has not come',
    () =>
      every(
        1,
        ({ sacks }) => sacks.length > 0,
        (packet, view, tcp) => {
          const at = placeOfSack(packet, tcp)
          view.setUint32(at + 6, view.getUint32(at + 6) + 1_000)
          restamp(packet)
        },
      ),
    /SACK block/,
  ],
  [
    'sends other bytes the second time',
    () => {
      let sent = 0
      return every(1, isData, packet => {
        packet[packet.length - 1]! ^= sent++ & 1
        restamp(packet)
      })
    },
    /other bytes/,
  ],
]

/** The first thing that the judge says in each of the first seeds. */
async function offences(plant: () => Plant): Promise<readonly string[]> {
  const told: string[] = []
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const world = new TcpWorld(seed, { plant: plant() })
    await world.run(() => world.judge.offences.length > 0)
    told.push(...world.judge.offences.map(({ what }) => what))
  }
  return told
}

test.each(FAULTS)('a stack that %s', async (_, plant, why) => {
  expect(await offences(plant)).toContainEqual(expect.stringMatching(why))
})

test('a stack that sends nothing again loses what the line lost', async () => {
  let incomplete = 0
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const world = new TcpWorld(seed, { plant: forgetful() })
    await world.run()
    const programs = world.connections.flatMap(({ opener, listener }) => [opener, listener])
    if (programs.some(program => program?.error !== undefined || program?.hasEnded === false)) incomplete += 1
  }
  expect(incomplete).toBeGreaterThan(SEEDS / 4)
})
