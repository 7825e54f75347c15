/** Slow readers, closed windows, and what the kernel can be told to do without: options, large segments, CUBIC. */
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Bench, closed, type Pair, ROLES } from './bench.ts'
import { readBytes, writeBytes } from './bytes.ts'
import { exchange } from './exchange.ts'
import { whyNot } from './namespace.ts'

const reason = whyNot()
const MIB = 1024 * 1024
const pause = (ms: number): Promise<void> => new Promise(go => setTimeout(go, ms))

describe.skipIf(reason !== undefined)('with the kernel', () => {
  let bench: Bench

  beforeAll(async () => {
    bench = await Bench.build()
  })
  afterEach(() => {
    bench.be({})
    expect(bench.judge.offences, bench.judge.tail).toEqual([])
  })
  afterAll(() => bench.close())

  const exchanged = (pair: Pair, bytes: number): Promise<void> =>
    exchange(bench, pair, { fromUs: bytes, fromThem: bytes })

  it.each(ROLES)('%s: the kernel’s program sleeps, its window closes, and it wakes up', async role => {
    const isPaused = { isPaused: true }
    const { ours, theirs } = await bench[role]('ipv4', isPaused)
    ours.resume()
    const sending = writeBytes(ours, 24 * MIB, 8)
    await pause(1_200)
    bench.peer.tell('read', theirs)
    const hash = await sending
    ours.end()
    expect(await bench.peer.next('ended', theirs)).toMatchObject({ bytes: 24 * MIB, hash })
    bench.peer.tell('end', theirs)
    await closed(ours)
  })

  it.each(ROLES)('%s: our program sleeps, our window closes, and it wakes up', async role => {
    const { ours, theirs } = await bench[role]()
    bench.peer.tell('write', theirs, { bytes: 24 * MIB, seed: 9 })
    await pause(1_200)
    const reading = readBytes(ours)
    const { hash } = await bench.peer.next('written', theirs)
    bench.peer.tell('end', theirs)
    expect(await reading).toEqual({ bytes: 24 * MIB, hash })
    ours.end()
    await closed(ours)
  })

  it('a program of ours that reads a little at a time gets everything', async () => {
    const { ours, theirs } = await bench.asServer()
    bench.peer.tell('write', theirs, { bytes: 2 * MIB, seed: 10 })
    const reading = readBytes(ours, 5)
    const { hash } = await bench.peer.next('written', theirs)
    bench.peer.tell('end', theirs)
    expect(await reading).toEqual({ bytes: 2 * MIB, hash })
    ours.end()
    await closed(ours)
  })

  it('the kernel’s keepalive is answered, and the connection goes on', async () => {
    bench.place.set({ tcp_keepalive_intvl: 1, tcp_keepalive_probes: 2 })
    const pair = await bench.asServer()
    bench.peer.tell('keepAlive', pair.theirs, { afterMs: 1_000 })
    await pause(4_500)
    await exchanged(pair, 10_000)
  })

  const SCALES = { tcp_sack: 1, tcp_timestamps: 1, tcp_window_scaling: 1 }
  const KERNELS: readonly (readonly [
    string,
    Record<string, string | number>,
    Record<string, string | number>,
  ])[] = [
    ['without SACK', { tcp_sack: 0 }, SCALES],
    ['without timestamps', { tcp_timestamps: 0 }, SCALES],
    ['without window scaling', { tcp_window_scaling: 0 }, SCALES],
    ['without any of the three', { tcp_sack: 0, tcp_timestamps: 0, tcp_window_scaling: 0 }, SCALES],
    ['without D-SACK', { tcp_dsack: 0 }, { tcp_dsack: 1 }],
    ['with small buffers', { tcp_rmem: '4096 8192 16384' }, { tcp_rmem: '4096 131072 6291456' }],
  ]
  it.each(ROLES.flatMap(role => KERNELS.map(([name, on, off]) => [role, name, on, off] as const)))(
    '%s, a kernel %s: over a bad line, too',
    async (role, _, on, off) => {
      bench.place.set(on)
      try {
        await bothLines(role)
      } finally {
        bench.place.set(off)
      }
    },
  )

  const bothLines = async (role: (typeof ROLES)[number]): Promise<void> => {
    await exchanged(await bench[role](), MIB)
    bench.be({ delayMs: 2, lossShare: 0.02, strayShare: 0.03, strayMs: 6 })
    await exchanged(await bench[role](), MIB / 2)
  }

  // A namespace may not choose all of them by name; a route may.
  const CONTROLS = readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8')
    .trim()
    .split(' ')
  it.each(ROLES.flatMap(role => CONTROLS.map(control => [role, control] as const)))(
    '%s, a kernel that sends by %s',
    async (role, control) => {
      bench.place.route('congctl', control)
      try {
        await bothLines(role)
      } finally {
        bench.place.route()
      }
    },
  )

  it.each(ROLES)('%s, a kernel that takes tiny segments', async role => {
    bench.place.route('advmss', '88')
    try {
      await exchanged(await bench[role](), 300_000)
    } finally {
      bench.place.route()
    }
  })
})
