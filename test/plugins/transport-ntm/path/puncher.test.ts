/** Who is helped by many sockets and guesses, in which order, and when that ends. */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import type { NatKind } from '../../../../src/plugins/transport-ntm/path/control.ts'
import {
  PUNCH_GIVE_UP_AFTER_MS,
  ROUNDS_BEFORE_BOTH_HARD,
  SOCKETS_ANYWHERE,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { ANY_PORT } from '../../../../src/plugins/transport-ntm/path/port-model.ts'
import {
  Puncher,
  type PuncherParts,
  type Unreached,
} from '../../../../src/plugins/transport-ntm/path/puncher.ts'

class Bench {
  readonly clock = new VirtualClock()
  readonly puncher: Puncher
  readonly guessed: UdpEndpoint[] = []
  /** To whom it was said that sockets are open. */
  readonly told: unknown[] = []
  open = 0

  constructor(ownNat: NatKind) {
    const extraSocket = async () => {
      this.open += 1
      return { outlet: { send: () => {} }, knock: () => {}, close: async () => void (this.open -= 1) }
    }
    const acquaintance = {
      freshToken: () => Buffer.alloc(8, this.told.length),
      say: ({ key }: { key: string }) => this.told.push(key),
      ping: (_: unknown, place: UdpEndpoint) => void this.guessed.push(place),
    }
    const parts = {
      ...{ clock: this.clock, random: new SeededRandom(1), carrier: { extraSocket, count: () => {} } },
      ...{ relays: undefined, own: { nat: ownNat }, acquaintance, story: () => {} },
    }
    this.puncher = new Puncher(parts as unknown as PuncherParts)
  }

  async run(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms
    for (;;) {
      for (let tick = 0; tick < 20; tick += 1) await Promise.resolve()
      if (!this.clock.step(untilMs)) return
    }
  }
}

const peerOf = (key: string, last: number, nat: NatKind = 'easy', roundsInVain = 1): Unreached => {
  const endpoint = { address: `198.51.100.${last}`, port: 4_500 }
  const all = [{ endpoint, isRelay: false }]
  const paths = { all, isUp: true, isDirectAndAnswering: false, forget: () => {} }
  return {
    neighbour: { key },
    paths,
    attested: [endpoint.address],
    nat,
    roundsInVain,
  } as unknown as Unreached
}

test('what both sides take their NATs for puts many sockets off, and forbids them never', async () => {
  const bench = new Bench('hard')
  for (const more of [-1, 1, 2 * ROUNDS_BEFORE_BOTH_HARD])
    await bench.puncher.openMany(peerOf('bob', 1, 'hard', ROUNDS_BEFORE_BOTH_HARD + more))
  expect(bench.open).toBe(0)
  void bench.puncher.openMany(peerOf('bob', 1, 'hard', ROUNDS_BEFORE_BOTH_HARD))
  await bench.run(100)
  expect(bench.open).toBe(SOCKETS_ANYWHERE)
  await bench.puncher.close()
})

test('who is wanted while another is tried comes next, without being asked for again', async () => {
  const bench = new Bench('hard')
  for (const [at, name] of ['bob', 'carol', 'dave'].entries())
    void bench.puncher.openMany(peerOf(name, at + 1))
  await bench.run(100)
  expect(new Set(bench.told)).toEqual(new Set(['bob']))
  await bench.run(PUNCH_GIVE_UP_AFTER_MS + 100)
  expect(new Set(bench.told)).toEqual(new Set(['bob', 'carol']))
  await bench.run(PUNCH_GIVE_UP_AFTER_MS + 100)
  expect(new Set(bench.told)).toEqual(new Set(['bob', 'carol', 'dave']))
  await bench.puncher.close()
  expect(bench.open).toBe(0)
})

test.each(['a path', 'no session'])(
  'who has %s by the time that it is next gives its turn away',
  async what => {
    const bench = new Bench('hard')
    const carol = peerOf('carol', 2)
    for (const peer of [peerOf('bob', 1), carol, peerOf('dave', 3)]) void bench.puncher.openMany(peer)
    Object.assign(carol.paths, what === 'a path' ? { isDirectAndAnswering: true } : { isUp: false })
    await bench.run(PUNCH_GIVE_UP_AFTER_MS + 200)
    expect(new Set(bench.told)).toEqual(new Set(['bob', 'dave']))
    await bench.puncher.close()
  },
)

test('who is forgotten keeps nobody waiting, and no socket', async () => {
  const bench = new Bench('hard')
  const bob = peerOf('bob', 1)
  void bench.puncher.openMany(bob)
  void bench.puncher.openMany(peerOf('carol', 2))
  await bench.run(100)
  bench.puncher.forget(bob)
  const before = bench.told.length
  await bench.run(100)
  expect(bench.told.slice(before)).toEqual(['carol'])
  expect(bench.open).toBe(SOCKETS_ANYWHERE)
  await bench.puncher.close()
})

test('no more guesses go to who is forgotten, and another may be guessed at', async () => {
  const bench = new Bench('easy')
  const bob = peerOf('bob', 1)
  bench.puncher.guess(bob, ANY_PORT, new Uint8Array(8))
  await bench.run(200)
  bench.puncher.forget(bob)
  const before = bench.guessed.length
  expect(before).toBeGreaterThan(0)
  await bench.run(200)
  expect(bench.guessed.length).toBe(before)
  bench.puncher.guess(peerOf('carol', 2), ANY_PORT, new Uint8Array(8))
  await bench.run(200)
  expect(bench.guessed.length).toBeGreaterThan(before)
  await bench.puncher.close()
})

test('sockets are opened towards one address no oftener for being said to be that of many', async () => {
  const bench = new Bench('hard')
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    void bench.puncher.openMany(peerOf(name, 1))
    await bench.run(PUNCH_GIVE_UP_AFTER_MS + 200)
  }
  expect(new Set(bench.told)).toEqual(new Set(['a', 'b', 'c']))
  await bench.puncher.close()
})
