/**
 * What every transport must do, as named checks over a pair of them. They say nothing about how a path is built;
 * they hold for a tunnel through three NATs as for two objects in one process.
 */
import { ok as assert, deepEqual, equal, fail } from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import type { DeviceId } from '../../events/ids.ts'
import type { Link, PeerCard, Transport } from '../api/index.ts'

/** Two transports that could reach each other and have not yet. */
export interface TransportPair {
  readonly one: Transport
  readonly other: Transport
  readonly oneCard: PeerCard
  readonly otherCard: PeerCard
  /** A device that neither can reach. */
  readonly strangerCard: PeerCard
  /** Runs until the promise settles: in virtual time the clock must be moved, in real time this only waits. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Lets everything arrive that is on its way. */
  settle(): Promise<void>
  /** Called at the end of each check. */
  dispose(): Promise<void>
}

export interface TransportCheck {
  readonly name: string
  run(pair: TransportPair): Promise<void>
}

const PORT = 61_500
const STREAM_BYTES = 300_000
const TIMEOUT_MS = 5_000

interface Heard {
  readonly from: DeviceId
  readonly bytes: Uint8Array
}

function listen(transport: Transport, port = PORT): Heard[] {
  const heard: Heard[] = []
  transport.datagram.bind(port, (from, bytes) => heard.push({ from, bytes: new Uint8Array(bytes) }))
  return heard
}

async function connected(pair: TransportPair): Promise<void> {
  const answer = await pair.until(pair.one.reach(pair.otherCard))
  equal(answer.up, true, answer.reason)
  await pair.settle()
}

async function streams(pair: TransportPair): Promise<readonly [Duplex, Duplex]> {
  await connected(pair)
  const accepted = new Promise<Duplex>(resolve => {
    pair.other.stream.listen(PORT, (from, stream) => {
      equal(from, pair.oneCard.device)
      resolve(stream)
    })
  })
  const here = await pair.until(pair.one.stream.connect(pair.otherCard.device, PORT))
  return [here, await pair.until(accepted)]
}

/** Everything up to the end. An async iterator would destroy the other direction with it. */
function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
  })
}

const datagramChecks: readonly TransportCheck[] = [
  {
    name: 'a datagram arrives whole, at its port, from the device that sent it',
    run: async pair => {
      const [heard, elsewhere] = [listen(pair.other), listen(pair.other, PORT + 1)]
      await connected(pair)
      equal(pair.one.datagram.send(pair.otherCard.device, PORT, Uint8Array.of(1, 2, 3)), true)
      await pair.settle()
      deepEqual(heard, [{ from: pair.oneCard.device, bytes: Uint8Array.of(1, 2, 3) }])
      deepEqual(elsewhere, [])
    },
  },
  {
    name: 'a path carries both ways, whoever asked for it',
    run: async pair => {
      const heard = listen(pair.one)
      await connected(pair)
      pair.other.datagram.send(pair.oneCard.device, PORT, Uint8Array.of(9))
      await pair.settle()
      deepEqual(heard, [{ from: pair.otherCard.device, bytes: Uint8Array.of(9) }])
    },
  },
  {
    name: 'the largest datagram arrives, an empty one too, and a larger one is not sent',
    run: async pair => {
      const heard = listen(pair.other)
      await connected(pair)
      const { maxBytes } = pair.one.datagram
      assert(maxBytes >= 1152, `maxBytes is ${maxBytes}; frames of 1152 bytes must fit`)
      const sent = [maxBytes, 0, maxBytes + 1].map(length =>
        pair.one.datagram.send(pair.otherCard.device, PORT, new Uint8Array(length).fill(7)),
      )
      await pair.settle()
      deepEqual(sent, [true, true, false])
      deepEqual(
        heard.map(({ bytes }) => bytes.length).sort((a, b) => a - b),
        [0, maxBytes],
      )
    },
  },
  {
    name: 'the sender may use its bytes again at once',
    run: async pair => {
      const heard = listen(pair.other)
      await connected(pair)
      const bytes = Uint8Array.of(1)
      pair.one.datagram.send(pair.otherCard.device, PORT, bytes)
      bytes[0] = 2
      await pair.settle()
      deepEqual(heard[0]?.bytes, Uint8Array.of(1))
    },
  },
  {
    name: 'without a path nothing is sent, and nothing throws',
    run: async pair => {
      equal(pair.one.datagram.send(pair.strangerCard.device, PORT, Uint8Array.of(1)), false)
    },
  },
  {
    name: 'an unbound port is silent, and can be bound again',
    run: async pair => {
      await connected(pair)
      const first: Heard[] = []
      const unbind = pair.other.datagram.bind(PORT, (from, bytes) => first.push({ from, bytes }))
      unbind()
      pair.one.datagram.send(pair.otherCard.device, PORT, Uint8Array.of(1))
      await pair.settle()
      const second = listen(pair.other)
      pair.one.datagram.send(pair.otherCard.device, PORT, Uint8Array.of(2))
      await pair.settle()
      deepEqual([first.length, second.length], [0, 1])
    },
  },
]

const pathChecks: readonly TransportCheck[] = [
  {
    name: 'a path that opened is in the links and was told, on both sides',
    run: async pair => {
      const told: [string, boolean][] = []
      const note = (link: Link): number => told.push([link.device, link.up])
      const subscriptions = [pair.one.link$.subscribe(note), pair.other.link$.subscribe(note)]
      pair.other.datagram.bind(PORT, () => undefined)
      await connected(pair)
      pair.one.datagram.send(pair.otherCard.device, PORT, Uint8Array.of(1))
      await pair.settle()
      const ups = new Set(told.filter(([, up]) => up).map(([device]) => device))
      deepEqual(ups, new Set([pair.oneCard.device, pair.otherCard.device]))
      for (const [transport, card] of [
        [pair.one, pair.otherCard],
        [pair.other, pair.oneCard],
      ] as const) {
        const link = transport.links().find(({ device }) => device === card.device)
        equal(link?.up, true)
        assert((link?.mtu ?? 0) >= transport.datagram.maxBytes)
      }
      for (const subscription of subscriptions) subscription.unsubscribe()
    },
  },
  {
    name: 'reaching what is reached already is answered at once',
    run: async pair => {
      await connected(pair)
      equal((await pair.until(pair.one.reach(pair.otherCard))).up, true)
    },
  },
  {
    name: 'a device that cannot be reached is told with a reason',
    run: async pair => {
      const answer = await pair.until(pair.one.reach(pair.strangerCard))
      equal(answer.up, false)
      assert((answer.reason ?? '').length > 0, 'there is no reason')
    },
  },
  {
    name: 'an echo comes back with its round trip, and none from a stranger',
    run: async pair => {
      await connected(pair)
      const rttMs = await pair.until(pair.one.ping(pair.otherCard.device, TIMEOUT_MS))
      assert(rttMs !== undefined && rttMs >= 0 && rttMs <= TIMEOUT_MS, `the round trip was ${rttMs}`)
      equal(await pair.until(pair.one.ping(pair.strangerCard.device, 50)), undefined)
    },
  },
]

const streamChecks: readonly TransportCheck[] = [
  {
    name: 'a stream carries many bytes in order, both ways, and ends',
    run: async pair => {
      const [here, there] = await streams(pair)
      const sent = Buffer.from(Array.from({ length: STREAM_BYTES }, (_, at) => (at * 31) & 0xff))
      const arrived = readAll(there)
      here.end(sent)
      assert((await pair.until(arrived)).equals(sent), 'the bytes differ')
      const answered = readAll(here)
      there.end('thanks')
      equal(String(await pair.until(answered)), 'thanks')
    },
  },
  {
    name: 'a reader that does not read holds the writer back',
    run: async pair => {
      const [here, there] = await streams(pair)
      let written = 0
      while (written < 64 * 1024 * 1024 && here.write(new Uint8Array(64 * 1024))) written += 64 * 1024
      assert(written < 64 * 1024 * 1024, 'the writer was never told to wait')
      here.destroy()
      there.on('error', () => undefined).destroy()
    },
  },
  {
    name: 'nobody listening is a rejection, not a silence',
    run: async pair => {
      await connected(pair)
      const answer = pair.one.stream.connect(pair.otherCard.device, PORT + 1)
      await pair.until(
        answer.then(
          () => fail('it connected'),
          () => undefined,
        ),
      )
    },
  },
]

export const TRANSPORT_CHECKS: readonly TransportCheck[] = [...datagramChecks, ...pathChecks, ...streamChecks]
