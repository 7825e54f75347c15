/**
 * Row 6, second half: what "hi" costs on the wire. Datagrams are counted as they leave the sockets of both nodes
 * towards each other; 28 bytes of IPv4 and UDP headers are added to each.
 */
import type { Child } from '../child.ts'
import { atMost, type Figure, figureOf } from '../figures.ts'
import { amongNeighbours, BOB } from '../neighbourhood.ts'
import { inTurn, type Settings } from '../settings.ts'

const HEADERS_BYTES = 28
/** Longer than a tunnel takes to confirm data by an empty packet when nothing else is said. */
const SILENCE_MS = 12_000
const SHORTLY_MS = 50

interface Left {
  readonly toPort: number
  readonly bytes: number
}

interface Counted {
  readonly packets: number
  readonly bytes: number
  readonly packetsLater: number
  readonly bytesLater: number
}

const pause = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))
const portOf = async (node: Child): Promise<number> => {
  const { peers } = await node.call<{ peers: readonly { address: string }[] }>('call', {
    ...{ method: 'peers', params: {} },
  })
  return Number(peers[0]!.address.split(':').at(-1))
}

const sumOf = (left: readonly Left[]): number =>
  left.reduce((total, { bytes }) => total + bytes + HEADERS_BYTES, 0)

export const wireRow = (settings: Settings): Promise<readonly Figure[]> =>
  amongNeighbours(async ({ alice, bob }) => {
    const figure = figureOf('wire')
    const [bobAt, aliceAt] = [await portOf(alice), await portOf(bob)]
    const between = async (): Promise<readonly Left[]> => [
      ...(await alice.call<Left[]>('counted')).filter(({ toPort }) => toPort === bobAt),
      ...(await bob.call<Left[]>('counted')).filter(({ toPort }) => toPort === aliceAt),
    ]
    const silenceMs = SILENCE_MS * Math.min(1, settings.scale * 2)
    const runs = await inTurn(settings.runs, async (): Promise<Counted> => {
      await Promise.all([alice.call('count'), bob.call('count')])
      await alice.call('call', { method: 'send', params: { to: BOB, text: 'hi', wait: 'delivered' } })
      await pause(SHORTLY_MS)
      const now = await between()
      await pause(silenceMs)
      const later = await between()
      return {
        ...{ packets: now.length, bytes: sumOf(now) },
        ...{ packetsLater: later.length - now.length, bytesLater: sumOf(later) - sumOf(now) },
      }
    })
    return [
      figure(
        '"hi" and its acknowledgement, both ways, headers included',
        'bytes',
        runs.map(run => run.bytes),
        {
          target: atMost(350),
        },
      ),
      figure(
        'packets for it',
        '',
        runs.map(run => run.packets),
      ),
      figure(
        'bytes that the tunnel adds in the silence after it',
        'bytes',
        runs.map(run => run.bytesLater),
        {
          note: 'an empty packet after ten seconds, as WireGuard does; none while people go on talking',
        },
      ),
      figure(
        'packets of that',
        '',
        runs.map(run => run.packetsLater),
      ),
    ]
  })
