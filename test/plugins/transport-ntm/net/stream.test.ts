/** In-memory streams keep order, wait for slow readers, and say so when an end breaks off. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { createMemoryStreams } from '../../../../src/plugins/transport-ntm/net/stream.ts'
import { ALICE, BOB } from './packets.ts'

const PORT = 61005

const meet = async (): Promise<{ alice: Duplex; bob: Duplex; from: Uint8Array }> => {
  const streams = createMemoryStreams()
  const accepted = new Promise<{ bob: Duplex; from: Uint8Array }>(resolve =>
    streams.at(BOB).listen(PORT, (bob, from) => resolve({ bob, from })),
  )
  const alice = await streams.at(ALICE).connect(BOB, PORT)
  return { alice, ...(await accepted) }
}

const readAll = async (stream: Duplex): Promise<Buffer> => {
  const chunks: Buffer[] = []
  stream.on('data', chunk => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

describe('in-memory streams', () => {
  it('carry both ways, each half closed on its own', async () => {
    const { alice, bob, from } = await meet()
    expect(from).toEqual(ALICE)
    alice.end('a question')
    expect((await readAll(bob)).toString()).toBe('a question')
    bob.end('an answer')
    expect((await readAll(alice)).toString()).toBe('an answer')
  })

  it('carry a megabyte through a pipeline, in order', async () => {
    const { alice, bob } = await meet()
    const bytes = Buffer.alloc(
      1 << 20,
      Uint8Array.from({ length: 251 }, (_, at) => at),
    )
    const chunks = Array.from({ length: 64 }, (_, at) => bytes.subarray(at << 14, (at + 1) << 14))
    const [got] = await Promise.all([readAll(bob), pipeline(chunks, alice)])
    expect(got.equals(bytes)).toBe(true)
  })

  it('make the writer wait until the reader reads', async () => {
    const { alice, bob } = await meet()
    let wrote = 0
    const chunk = new Uint8Array(16 * 1024)
    for (let i = 0; i < 32; i++) alice.write(chunk, () => wrote++)
    await new Promise(setImmediate)
    expect(wrote).toBeLessThan(8)
    expect(bob.readableLength).toBeLessThanOrEqual(5 * chunk.length)
    alice.end()
    expect((await readAll(bob)).length).toBe(32 * chunk.length)
    expect(wrote).toBe(32)
  })

  it('keep no reference to what was written', async () => {
    const { alice, bob } = await meet()
    const chunk = Buffer.from('first')
    alice.write(chunk)
    chunk.fill(0)
    const [got] = await once(bob, 'data')
    expect(got.toString()).toBe('first')
  })

  it('tell the other end when one breaks off, also with a write waiting', async () => {
    const { alice, bob } = await meet()
    alice.write(new Uint8Array(1 << 20))
    await new Promise(setImmediate)
    const failed = once(alice, 'error')
    bob.destroy()
    const [error] = await failed
    expect(error).toMatchObject({ code: 'PEER_UNREACHABLE', message: 'the other end broke off' })
    expect(alice.destroyed).toBe(true)
  })

  it('close plainly when a reader that read everything goes', async () => {
    const { alice, bob } = await meet()
    alice.end('all of it')
    expect((await readAll(bob)).toString()).toBe('all of it')
    bob.destroy()
    expect(await readAll(alice)).toHaveLength(0)
  })

  it('refuse where nobody listens, and a second listener', async () => {
    const streams = createMemoryStreams()
    const connect = () => streams.at(ALICE).connect(BOB, PORT)
    await expect(connect()).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    const stop = streams.at(BOB).listen(PORT, () => {})
    expect(() => streams.at(BOB).listen(PORT, () => {})).toThrow('has a listener already')
    stop()
    stop()
    await expect(connect()).rejects.toThrow('nobody listens on [fd00::b]:61005')
  })
})
