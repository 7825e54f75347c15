/** How connections with the kernel begin and end other than plainly: by halves, by resets, at both ends at once. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Bench, closed, KERNEL, OURS, ROLES } from './bench.ts'
import { readBytes, writeBytes } from './bytes.ts'
import { whyNot } from './namespace.ts'

const reason = whyNot()
const MIB = 1024 * 1024

/** The error that a stream breaks with. */
const broken = (stream: Duplex): Promise<Error & { code?: string }> =>
  once(stream, 'error').then(([error]) => error as Error)

describe.skipIf(reason !== undefined)('a connection with the kernel', () => {
  let bench: Bench

  beforeAll(async () => {
    bench = await Bench.build()
  })
  afterEach(() => {
    bench.mayReset = false
    bench.be({})
    expect(bench.judge.offences, bench.judge.tail).toEqual([])
  })
  afterAll(() => bench.close())

  it.each(ROLES)('%s: we close our half and still read', async role => {
    const { ours, theirs } = await bench[role]()
    ours.end()
    expect(await bench.peer.next('ended', theirs)).toMatchObject({ bytes: 0 })
    const reading = readBytes(ours)
    bench.peer.tell('write', theirs, { bytes: MIB, seed: 3 })
    const { hash } = await bench.peer.next('written', theirs)
    bench.peer.tell('end', theirs)
    expect(await reading).toEqual({ bytes: MIB, hash })
    await closed(ours)
    await bench.peer.next('closed', theirs)
  })

  it.each(ROLES)('%s: the kernel closes its half and still reads', async role => {
    const { ours, theirs } = await bench[role]()
    const reading = readBytes(ours)
    bench.peer.tell('end', theirs)
    expect(await reading).toMatchObject({ bytes: 0 })
    const hash = await writeBytes(ours, MIB, 4)
    ours.end()
    expect(await bench.peer.next('ended', theirs)).toMatchObject({ bytes: MIB, hash })
    await closed(ours)
    await bench.peer.next('closed', theirs)
  })

  it.each(ROLES)('%s: both close at once', async role => {
    bench.be({ delayMs: 30 })
    const { ours, theirs } = await bench[role]()
    ours.resume()
    bench.peer.tell('end', theirs)
    ours.end()
    await Promise.all([closed(ours), bench.peer.next('closed', theirs)])
  })

  it.each(ROLES)('%s: the kernel resets', async role => {
    bench.mayReset = true
    const { ours, theirs } = await bench[role]()
    ours.resume()
    const error = broken(ours)
    bench.peer.tell('reset', theirs)
    expect((await error).code).toBeTypeOf('string')
    await closed(ours)
  })

  it.each(ROLES)('%s: the kernel resets while we send', async role => {
    bench.mayReset = true
    const { ours, theirs } = await bench[role]()
    ours.resume()
    const error = broken(ours)
    writeBytes(ours, 64 * MIB, 5).catch(() => undefined)
    await new Promise(go => setTimeout(go, 30))
    bench.peer.tell('reset', theirs)
    expect((await error).code).toBeTypeOf('string')
    await closed(ours)
  })

  it.each(ROLES)('%s: we abort, with data under way both ways', async role => {
    bench.mayReset = true
    const { ours, theirs } = await bench[role]()
    bench.peer.tell('write', theirs, { bytes: 64 * MIB, seed: 6 })
    writeBytes(ours, 64 * MIB, 7).catch(() => undefined)
    await once(ours, 'readable')
    ours.destroy()
    expect((await bench.peer.next('error', theirs)).code).toMatch(/ECONNRESET|EPIPE/)
    await closed(ours)
  })

  it('a port where nobody listens refuses us', async () => {
    await expect(bench.host.connect(KERNEL.ipv4, 9)).rejects.toThrow()
  })

  it('our port where nobody listens refuses the kernel', async () => {
    bench.peer.tell('connect', 'refused', { host: OURS.ipv4, port: 9 })
    expect((await bench.peer.next('error', 'refused')).code).toBe('ECONNREFUSED')
  })

  it('nothing of all that is left', async () => {
    await bench.host.settled()
    expect(bench.host.connections).toBe(0)
  })
})
