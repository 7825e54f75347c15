/** TCP as streams: what Node people expect of a duplex, end to end between two stacks. */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { createStack } from '../../../../../src/plugins/transport-ntm/net/stack.ts'
import { FLAG, Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { ALICE, BOB } from '../packets.ts'
import { segmentOf, tcpPacket } from './segments.ts'
import { StreamPair } from './stream-pair.ts'

const PORT = 61005
/** Of the queue as long as the window has not grown. */
const BLOCK_BYTES = 4096

const readAll = async (stream: Duplex): Promise<Buffer> => {
  const chunks: Buffer[] = []
  stream.on('data', chunk => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

const turn = () => new Promise(setImmediate)

describe('streams over TCP', () => {
  it('carry both ways, each half closed on its own', async () => {
    const { alice, bob, from } = await new StreamPair().meet(PORT)
    expect(from).toEqual(ALICE)
    alice.end('a question')
    expect((await readAll(bob)).toString()).toBe('a question')
    bob.end('an answer')
    expect((await readAll(alice)).toString()).toBe('an answer')
    await Promise.all([finished(alice), finished(bob)])
  })

  it('carry a megabyte through a pipeline, in order', async () => {
    const { alice, bob } = await new StreamPair().meet(PORT)
    const bytes = Buffer.alloc(
      1 << 20,
      Uint8Array.from({ length: 251 }, (_, at) => at),
    )
    const chunks = Array.from({ length: 64 }, (_, at) => bytes.subarray(at << 14, (at + 1) << 14))
    const [got] = await Promise.all([readAll(bob), pipeline(chunks, alice)])
    expect(got.equals(bytes)).toBe(true)
    bob.end()
    await finished(bob)
  })

  it('make the writer wait until the reader reads', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    let wrote = 0
    const chunk = new Uint8Array(64 * 1024)
    for (let i = 0; i < 32; i++) alice.write(chunk, () => wrote++)
    for (let turns = 0; turns < 50; turns++) await turn()
    expect(wrote).toBeLessThan(16)
    expect(bob.readableLength).toBeLessThanOrEqual(128 * 1024)
    alice.end()
    expect((await readAll(bob)).length).toBe(32 * chunk.length)
    expect(wrote).toBe(32)
  })

  it('give whoever iterates one block at a time, as it lies in the queue, for Node would join them', async () => {
    const { alice, bob } = await new StreamPair().meet(PORT)
    const bytes = Buffer.alloc(1 << 20, Uint8Array.of(1, 2, 3))
    alice.end(bytes)
    const got: Buffer[] = []
    for await (const chunk of bob as AsyncIterable<Buffer>) {
      got.push(chunk)
      await turn()
    }
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
    expect(Math.max(...got.map(({ length }) => length))).toBeLessThanOrEqual(BLOCK_BYTES)
  })

  it('keep no reference to what was written', async () => {
    const { alice, bob } = await new StreamPair().meet(PORT)
    const chunk = Buffer.from('first')
    alice.write(chunk)
    chunk.fill(0)
    const [got] = await once(bob, 'data')
    expect(got.toString()).toBe('first')
  })

  it('tell the other end when one breaks off, also with a write waiting', async () => {
    const { alice, bob } = await new StreamPair().meet(PORT)
    alice.write(new Uint8Array(1 << 20))
    await turn()
    const failed = once(alice, 'error')
    bob.destroy()
    const [error] = await failed
    expect(error).toMatchObject({ code: 'PEER_UNREACHABLE', message: '[fd00::b]:61005 broke off' })
    expect(alice.destroyed).toBe(true)
  })

  it('to one address are broken off at once, which the other end hears when it speaks, and others go on', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    const [failed, heard] = [once(bob, 'error'), once(alice, 'error')]
    const opening = expect(pair.bob.streams.connect(ALICE, PORT)).rejects.toThrow('was broken off here')
    pair.bob.tcp.forget(Uint8Array.from(ALICE, (byte, at) => (at === 15 ? byte + 1 : byte)))
    await turn()
    expect([alice.destroyed, bob.destroyed]).toEqual([false, false])
    const sent = pair.bob.tcp.counters().segmentsOut
    pair.bob.tcp.forget(ALICE)
    const [atBob] = await failed
    expect(atBob).toMatchObject({ code: 'PEER_UNREACHABLE' })
    expect(atBob.message).toMatch(/^the stream to \[fd00::a\]:\d+ was broken off here$/)
    await opening
    await turn()
    expect(pair.bob.tcp.counters()).toMatchObject({ connections: 0, segmentsOut: sent })
    expect(alice.destroyed).toBe(false)
    alice.write('still there?')
    expect(await heard).toMatchObject([{ code: 'PEER_UNREACHABLE', message: '[fd00::b]:61005 broke off' }])
  })

  it('end with the device, whatever they wait for, and none begins', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    pair.isDown = true
    const connecting = expect(pair.alice.streams.connect(BOB, PORT)).rejects.toThrow('was broken off here')
    const writing = new Promise(done => alice.write(new Uint8Array(1 << 20), done))
    bob.end()
    await turn()
    const closed = Promise.all([alice, bob].map(stream => new Promise(done => stream.once('close', done))))
    const finishing = expect(finished(bob)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    for (const { tcp } of [pair.alice, pair.bob]) tcp.close()
    await Promise.all([closed, connecting, finishing])
    expect(await writing).toMatchObject({ code: 'PEER_UNREACHABLE' })
    await expect(pair.alice.streams.connect(BOB, PORT)).rejects.toThrow('has closed them all')
  })

  it('end when the other side is gone for five minutes, though nobody says a word', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    const failures = Promise.all([once(alice, 'error'), once(bob, 'error')])
    pair.isDown = true
    pair.passMs(299_000)
    await turn()
    expect([alice.destroyed, bob.destroyed]).toEqual([false, false])
    pair.passMs(2_000)
    for (const [error] of await failures) expect(error).toMatchObject({ code: 'PEER_UNREACHABLE' })
  })

  it('stay for hours when the other side answers', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    for (let minute = 0; minute < 180; minute++) {
      pair.passMs(60_000)
      for (let turns = 0; turns < 4; turns++) await turn()
    }
    expect([alice.destroyed, bob.destroyed]).toEqual([false, false])
  })

  it('close plainly when a reader that read everything goes', async () => {
    const { alice, bob } = await new StreamPair().meet(PORT)
    alice.end('all of it')
    expect((await readAll(bob)).toString()).toBe('all of it')
    bob.destroy()
    expect(await readAll(alice)).toHaveLength(0)
  })

  it('say that the end has arrived only when it has', async () => {
    const pair = new StreamPair()
    const { alice, bob } = await pair.meet(PORT)
    pair.isDown = true
    let isFinished = false
    alice.once('finish', () => (isFinished = true))
    alice.end('not yet')
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(isFinished).toBe(false)
    pair.isDown = false
    pair.passMs(2000)
    expect((await readAll(bob)).toString()).toBe('not yet')
    await turn()
    expect(isFinished).toBe(true)
  })

  it('refuse where nobody listens, and a second listener', async () => {
    const pair = new StreamPair()
    const connect = () => pair.alice.streams.connect(BOB, PORT)
    await expect(connect()).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    const stop = pair.bob.streams.listen(PORT, () => {})
    expect(() => pair.bob.streams.listen(PORT, () => {})).toThrow('has a listener already')
    stop()
    stop()
    await expect(connect()).rejects.toThrow('nobody listens on [fd00::b]:61005')
  })

  it('refuse, and end no process, where the other side opens and breaks off in one batch', async () => {
    const emitted: Segment[] = []
    const alice = createStack({
      addresses: { ipv6: ALICE },
      emit: packet => void emitted.push(segmentOf(packet.slice())),
      dropped: () => {},
      now: () => 1000,
      random: count => new Uint8Array(count).fill(7),
    })
    const connected = expect(alice.streams.connect(BOB, PORT)).rejects.toThrow('[fd00::b]:61005 broke off')
    alice.flush()
    const [syn] = emitted
    const arrive = (seq: number, flags: number): void => {
      const segment = new Segment()
      segment.set(PORT, syn!.sourcePort, seq, (syn!.seq + 1) >>> 0, flags | FLAG.ack)
      segment.window = 65_535
      alice.receive(tcpPacket(BOB, ALICE, segment), { allowed: [BOB] })
    }
    // As a socket hands a batch on: what follows from it runs outside of any promise.
    setImmediate(() => {
      arrive(500, FLAG.syn)
      arrive(501, FLAG.rst)
      alice.flush()
    })
    await connected
  })

  it('say how long nobody answered', async () => {
    const pair = new StreamPair()
    pair.isDown = true
    const failed = expect(pair.alice.streams.connect(BOB, PORT)).rejects.toThrow(
      '[fd00::b]:61005 did not answer for 30 s',
    )
    pair.passMs(31_000)
    await failed
  })

  it('say that this device has no address of that version', async () => {
    const connect = new StreamPair().alice.streams.connect(Uint8Array.of(198, 18, 0, 1), PORT)
    await expect(connect).rejects.toThrow('no address from which to reach')
  })
})
