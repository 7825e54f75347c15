/**
 * The judge is judged: two kernels talk to each other over a bad line, and it has nothing to say against them. What it
 * says against our TCP then is no misreading of the RFCs.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { Judge } from '../../support/tcp/judge.ts'
import { CLEAN, type Course, Line } from '../../support/tcp/line.ts'
import { KernelPeer } from './kernel-peer.ts'
import { Namespace, whyNot } from './namespace.ts'
import { openTun, type Tun } from './tun.ts'

const reason = whyNot()
if (reason !== undefined) console.log(`the judge of TCP is not tried on kernels: ${reason}`)

const HOSTS = ['10.88.0.1', '10.88.0.2'] as const
const HOSTS6 = ['fd88::1', 'fd88::2'] as const
const realTime = {
  now: () => performance.now(),
  after: (delayMs: number, run: () => void) => void setTimeout(run, delayMs),
}
const BAD: Course = {
  ...CLEAN,
  ...{ delayMs: 2, jitterMs: 2, lossShare: 0.03, doubledShare: 0.02, strayShare: 0.05, strayMs: 8 },
  damagedShare: 0.01,
}

describe.skipIf(reason !== undefined)('two kernels', () => {
  let places: Namespace[]
  let tuns: Tun[]
  let peers: KernelPeer[]
  let judge: Judge
  let lines: Line[]

  beforeEach(async () => {
    judge = new Judge({ prompt: [false, false], mayReset: () => true })
    places = [new Namespace(), new Namespace()]
    const random = new SeededRandom(7)
    lines = ([0, 1] as const).map(
      from =>
        new Line(CLEAN, realTime, random.fork(), packet => {
          const to = from === 0 ? 1 : 0
          judge.came(to, packet, performance.now())
          tuns[to]!.write(packet)
        }),
    )
    tuns = ([0, 1] as const).map(at =>
      openTun(
        {
          namespace: places[at]!.name,
          name: places[at]!.device,
          mtuBytes: 1_400,
          addresses: [`${HOSTS[at]}/24`, `${HOSTS6[at]}/64`],
        },
        packet => {
          judge.sent(at, packet, performance.now())
          lines[at]!.send(packet)
        },
        () => undefined,
      ),
    )
    peers = await Promise.all(places.map(({ name }) => KernelPeer.start(name)))
  })
  afterEach(async () => {
    for (const peer of peers) await peer.stop()
    for (const tun of tuns) tun.close()
    for (const place of places) place.close()
  })

  const exchange = async (host: string, bytes: number): Promise<void> => {
    const [a, b] = peers as [KernelPeer, KernelPeer]
    b.tell('listen', 'l', { port: 0, host })
    const { port } = await b.next('listening', 'l')
    a.tell('connect', 'c', { host, port })
    const { name } = await b.next('accepted', 'l')
    a.tell('write', 'c', { bytes, seed: 1 })
    b.tell('write', name!, { bytes, seed: 2 })
    const [fromA, fromB] = [await a.next('written', 'c'), await b.next('written', name)]
    a.tell('end', 'c')
    b.tell('end', name!)
    const [atA, atB] = [await a.next('ended', 'c'), await b.next('ended', name)]
    expect([atA.hash, atB.hash]).toEqual([fromB.hash, fromA.hash])
    await a.next('closed', 'c')
    await b.next('closed', name)
  }

  const expectNothingAgainst = (): void => {
    expect(judge.offences, judge.tail).toEqual([])
    expect(judge.packets).toBeGreaterThan(100)
  }

  it.each([
    ['IPv4', HOSTS[1]],
    ['IPv6', HOSTS6[1]],
  ])('over %s on a clean line', async (_, host) => {
    await exchange(host, 4_000_000)
    expectNothingAgainst()
  })

  it('over a line that loses, doubles, damages and shuffles', async () => {
    for (const line of lines) line.course = BAD
    await exchange(HOSTS[1], 1_000_000)
    expectNothingAgainst()
  })

  it.each([
    ['SACK', { tcp_sack: 0 }],
    ['timestamps', { tcp_timestamps: 0 }],
    ['window scaling', { tcp_window_scaling: 0 }],
    ['large buffers', { tcp_rmem: '4096 8192 16384' }],
  ])('one of them without %s, over a bad line', async (_, settings) => {
    places[1]!.set(settings)
    for (const line of lines) line.course = BAD
    await exchange(HOSTS[1], 300_000)
    expectNothingAgainst()
  })

  it('which reset each other', async () => {
    const [a, b] = peers as [KernelPeer, KernelPeer]
    b.tell('listen', 'l', { port: 0, host: HOSTS[1] })
    const { port } = await b.next('listening', 'l')
    for (const [id, resetter] of [
      ['c1', a],
      ['c2', b],
    ] as const) {
      a.tell('connect', id, { host: HOSTS[1], port })
      const { name } = await b.next('accepted', 'l')
      a.tell('write', id, { bytes: 20_000_000, seed: 1 })
      await a.next('connected', id)
      resetter.tell('reset', resetter === a ? id : name!)
      await resetter.next('closed', resetter === a ? id : name)
    }
    expect(judge.offences, judge.tail).toEqual([])
  })

  it('with a reader that sleeps', async () => {
    const [a, b] = peers as [KernelPeer, KernelPeer]
    b.tell('listen', 'l', { port: 0, host: HOSTS[1], isPaused: true })
    const { port } = await b.next('listening', 'l')
    a.tell('connect', 'c', { host: HOSTS[1], port })
    const { name } = await b.next('accepted', 'l')
    a.tell('write', 'c', { bytes: 16_000_000, seed: 1 })
    await new Promise(go => setTimeout(go, 1_500))
    b.tell('read', name!)
    const { hash } = await a.next('written', 'c')
    a.tell('end', 'c')
    expect((await b.next('ended', name)).hash).toBe(hash)
    expectNothingAgainst()
  })
})
