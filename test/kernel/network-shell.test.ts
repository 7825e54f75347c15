/**
 * The machine's own network, over loopback: bursts, buffers, ports in use, hop limits, and what cannot be sent.
 * All of it once with whatever the kernel can do for many datagrams, and once without.
 */
import { Socket } from 'node:dgram'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { NetworkChange, UdpEndpoint, UdpOptions, UdpSocket } from '../../src/kernel/api/index.ts'
import { DatagramBatch } from '../../src/kernel/datagram-batch.ts'
import { systemNetwork } from '../../src/kernel/network-shell.ts'
import { findOffload } from '../../src/kernel/offload-shell.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 }
const flushed = DatagramBatch.prototype.flush
const IGNORE = (): void => undefined
const hasOffload = (await findOffload()) !== undefined

const opened: UdpSocket[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map(socket => socket.close()))
})

describe.each([
  ['with what the kernel offers', true],
  ['one by one', false],
] as const)('%s', (_name, offload) => {
  const network = systemNetwork({ offload })

  /** Who says nothing about it receives one at a time and sends many together. */
  const open = async (
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void = IGNORE,
    local: UdpEndpoint = LOOPBACK,
    options: UdpOptions = { coalesced: receive === IGNORE },
  ): Promise<UdpSocket> => {
    const socket = await network.udp(local, receive, options)
    opened.push(socket)
    return socket
  }

  test('bytes may be used again as soon as send returns, in order, under a burst', async () => {
    const heard: number[] = []
    const receiver = await open(bytes => void heard.push(Buffer.from(bytes).readUInt32BE(1196)))
    const sender = await open()
    const bytes = Buffer.alloc(1200)
    for (let at = 0; at < 200; at += 1) {
      bytes.writeUInt32BE(at, 1196)
      sender.send(bytes, receiver.local)
      bytes.fill(0xff)
    }
    await expect.poll(() => heard.length).toBe(200)
    expect(heard).toEqual([...heard.keys()])
  })

  test.each(['127.0.0.1', '::1'])(
    'bursts of many lengths to many places arrive whole at %s',
    async address => {
      const heard = [[], [], []] as [number, number][][]
      const receivers = await Promise.all(
        heard.map(into =>
          open(bytes => void into.push([Buffer.from(bytes).readUInt32BE(0), bytes.length]), {
            address,
            port: 0,
          }),
        ),
      )
      const sender = await open(undefined, { address, port: 0 })
      const sent = [[], [], []] as [number, number][][]
      for (let at = 0; at < 1_500; at += 1) {
        const to = Math.floor(at / 7) % 3
        const length = at % 11 === 0 ? 4 + (at % 1_400) : [1_200, 1_200, 64][Math.floor(at / 100) % 3]!
        const bytes = Buffer.alloc(length)
        bytes.writeUInt32BE(at)
        sender.send(bytes, receivers[to]!.local)
        sent[to]!.push([at, length])
        if (at % 250 === 0) await new Promise(setImmediate)
      }
      await expect.poll(() => heard.flat().length).toBe(1_500)
      expect(heard).toEqual(sent)
    },
  )

  test('who takes several in one piece gets all their bytes, in pieces of one length but the last', async () => {
    const pieces: Buffer[] = []
    const receiver = await open(bytes => void pieces.push(Buffer.from(bytes)), LOOPBACK, { coalesced: true })
    const sender = await open()
    const datagrams = [...new Array(40).fill(1_200), 300].map((length, at) => Buffer.alloc(length, at))
    for (const bytes of datagrams) sender.send(bytes, receiver.local)
    const all = Buffer.concat(datagrams)
    await expect.poll(() => Buffer.concat(pieces).length).toBe(all.length)
    expect(Buffer.concat(pieces)).toEqual(all)
    expect(pieces.length < datagrams.length).toBe(offload && hasOffload)
  })

  test('of many who send at once each is known, and heard in order', async () => {
    const heard = new Map<number, number[]>()
    const receiver = await open(
      (bytes, { address, port }) => {
        expect(address).toBe('127.0.0.1')
        for (let at = 0; at < bytes.length; at += 100)
          heard.set(port, [...(heard.get(port) ?? []), Buffer.from(bytes).readUInt32BE(at)])
      },
      LOOPBACK,
      { coalesced: true },
    )
    const senders = await Promise.all(Array.from({ length: 20 }, () => open(undefined, LOOPBACK, {})))
    const numbers = [...new Array(10).keys()]
    for (const number of numbers)
      for (const sender of senders) {
        const bytes = Buffer.alloc(100)
        bytes.writeUInt32BE(number)
        sender.send(bytes, receiver.local)
      }
    await expect.poll(() => [...heard.values()].flat().length).toBe(200)
    expect(heard).toEqual(new Map(senders.map(sender => [sender.local.port, numbers])))
  })

  test('who closes while it receives hears no more', async () => {
    let heard = 0
    let closing: Promise<void> | undefined
    const receiver = await open(
      () => {
        heard += 1
        if (heard === 3) closing = receiver.close()
      },
      LOOPBACK,
      { coalesced: true },
    )
    // Of different lengths, so that none come in one piece.
    const sender = await open(undefined, LOOPBACK, {})
    for (let at = 1; at <= 40; at += 1) sender.send(Buffer.alloc(at), receiver.local)
    await expect.poll(() => heard).toBe(3)
    await closing
    expect(heard).toBe(3)
  })

  test.each([
    // One from libuv, and as many as one call takes.
    ['127.0.0.1', 17],
    ['::1', 1],
  ])('what comes to %s while a turn has taken long waits for the next', async (address, most) => {
    let [heard, inTurn, mostInTurn] = [0, 0, 0]
    const receiver = await open(
      () => {
        if (inTurn++ === 0) setImmediate(() => (inTurn = 0))
        heard += 1
        mostInTurn = Math.max(mostInTurn, inTurn)
        const untilMs = performance.now() + 1.1
        while (performance.now() < untilMs);
      },
      { address, port: 0 },
      { coalesced: true },
    )
    // Of different lengths, so that none come in one piece.
    const sender = await open(undefined, { address, port: 0 }, {})
    for (let at = 1; at <= 120; at += 1) sender.send(Buffer.alloc(at), receiver.local)
    await expect.poll(() => heard, { timeout: 10_000 }).toBe(120)
    if (offload && hasOffload) expect(mostInTurn).toBeLessThanOrEqual(most)
    await new Promise(setImmediate)
    sender.send(Buffer.alloc(1), receiver.local)
    await expect.poll(() => heard).toBe(121)
  })

  test('what is sent in answer to one piece does not wait for the next', async () => {
    const story: string[] = []
    let taken = 0
    const receiver = await open(
      (bytes, from) => {
        taken += bytes.length
        if (bytes.length > 2_048) story.push('piece')
        receiver.send(Buffer.from('taken'), from)
      },
      LOOPBACK,
      { coalesced: true },
    )
    const sender = await open()
    const flush = vi.spyOn(DatagramBatch.prototype, 'flush')
    flush.mockImplementation(function (this: DatagramBatch) {
      story.push('left')
      flushed.call(this)
    })
    for (let at = 0; at < 200; at += 1) sender.send(Buffer.alloc(1_200), receiver.local)
    await expect.poll(() => taken).toBe(200 * 1_200)
    const pieces = story.flatMap((what, at) => (what === 'piece' ? [at] : []))
    if (offload && hasOffload) expect(pieces.length).toBeGreaterThan(1)
    for (const at of pieces) expect(story[at + 1]).toBe('left')
  })

  test('it is said when what came together was handed over, and what is sent then leaves', async () => {
    let [taken, answered] = [0, 0]
    const settled: number[] = []
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
      taken += bytes.length / 1_200
      sender = from
    }
    let sender: UdpEndpoint | undefined
    const receiver = await open(receive, LOOPBACK, {
      coalesced: true,
      settled: () => {
        settled.push(taken)
        receiver.send(Buffer.from('taken'), sender!)
      },
    })
    const other = await open(() => void (answered += 1), LOOPBACK, {})
    for (let at = 0; at < 40; at += 1) other.send(Buffer.alloc(1_200), receiver.local)
    await expect.poll(() => settled.at(-1)).toBe(40)
    expect(settled.length).toBeLessThan(40)
    await expect.poll(() => answered).toBe(settled.length)
  })

  test('it is said also where whoever received has closed the socket meanwhile', async () => {
    const story: string[] = []
    const receiver = await open(
      () => {
        story.push('taken')
        void receiver.close()
      },
      LOOPBACK,
      { coalesced: true, settled: () => void story.push('settled') },
    )
    const sender = await open(undefined, LOOPBACK, {})
    sender.send(Buffer.alloc(1_200), receiver.local)
    await expect.poll(() => story).toContain('taken')
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(story).toEqual(['taken', 'settled'])
  })

  test('who did not ask for it sends at once', async () => {
    let heard = 0
    const receiver = await open(() => void (heard += 1))
    const sender = await open(undefined, LOOPBACK, {})
    const sent = vi.spyOn(Socket.prototype, 'send')
    sender.send(Buffer.from('x'), receiver.local)
    expect(sent).toHaveBeenCalledOnce()
    await expect.poll(() => heard).toBe(1)
  })

  test('an empty datagram is a datagram', async () => {
    const lengths: number[] = []
    const receiver = await open(bytes => void lengths.push(bytes.length))
    const sender = await open()
    for (const length of [10, 0, 10, 10, 5, 0]) sender.send(Buffer.alloc(length), receiver.local)
    await expect.poll(() => lengths.length).toBe(6)
    expect(lengths.toSorted()).toEqual([10, 0, 10, 10, 5, 0].toSorted())
  })

  test('what was sent before the end still leaves', async () => {
    let heard = 0
    const receiver = await open(() => void (heard += 1))
    const sender = await open()
    sender.send(Buffer.from('x'), receiver.local)
    await sender.close()
    await expect.poll(() => heard).toBe(1)
  })

  test.each(['127.0.0.1', '::1'])('the sender is known by address and port at %s', async address => {
    let from: unknown
    const receiver = await open((_bytes, sender) => void (from = sender), { address, port: 0 })
    const sender = await open(undefined, { address, port: 0 })
    sender.send(Buffer.from('hi'), receiver.local)
    await expect.poll(() => from).toMatchObject(sender.local)
  })

  test.each(['127.0.0.1', '::1'])('a hop limit is of one datagram alone at %s', async address => {
    const heard: string[] = []
    const receiver = await open(bytes => void heard.push(String(bytes)), { address, port: 0 })
    const sender = await open(undefined, { address, port: 0 })
    const limits = vi.spyOn(Socket.prototype, 'setTTL')
    const sent = vi.spyOn(Socket.prototype, 'send')
    sender.send(Buffer.from('before'), receiver.local)
    sender.send(Buffer.from('limited'), receiver.local, 5)
    sender.send(Buffer.from('after'), receiver.local)
    await expect.poll(() => heard).toEqual(['before', 'limited', 'after'])
    const [lower, restored] = limits.mock.invocationCallOrder
    expect(limits.mock.calls.map(([limit]) => limit)).toEqual([5, expect.any(Number)])
    expect(limits.mock.calls[1]![0]).toBeGreaterThan(5)
    const between = sent.mock.invocationCallOrder.filter(at => at > lower! && at < restored!)
    expect(between).toHaveLength(1)
  })

  test('a hop limit that no datagram can have is as good as lost', async () => {
    const heard: string[] = []
    const receiver = await open(bytes => void heard.push(String(bytes)))
    const sender = await open()
    for (const limit of [0, 256, Number.NaN]) sender.send(Buffer.from('never'), receiver.local, limit)
    sender.send(Buffer.from('after'), receiver.local)
    await expect.poll(() => heard).toEqual(['after'])
  })

  test('a port that is taken is refused with a code', async () => {
    const holder = await open()
    await expect(network.udp(holder.local, () => undefined)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })

  test('what cannot be sent is lost without an exception, and hinders nothing else', async () => {
    const heard: string[] = []
    const receiver = await open(bytes => void heard.push(String(bytes)))
    const socket = await open()
    const nowhere = [
      ['127.0.0.1', 0],
      ['127.0.0.1', 70_000],
      ['not an address', 9],
      ['::1', 9],
      ['255.255.255.255', 9],
    ] as const
    for (const [address, port] of nowhere) {
      socket.send(Buffer.from('x'), { address, port })
      socket.send(Buffer.from('x'), { address, port })
      await new Promise(setImmediate)
    }
    socket.send(Buffer.alloc(70_000), { address: '127.0.0.1', port: 9 })
    for (const text of ['a', 'b']) socket.send(Buffer.from(text), receiver.local)
    await expect.poll(() => heard).toEqual(['a', 'b'])
    await socket.close()
    socket.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 })
    await socket.close()
  })

  test('no warning is shown', async () => {
    const warnings: unknown[] = []
    const note = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', note)
    await open(undefined, LOOPBACK, { coalesced: true })
    await new Promise(setImmediate)
    process.off('warning', note)
    expect(warnings).toEqual([])
  })
})

test('whoever watches is told that this machine has slept', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const seen: NetworkChange[] = []
  const stop = systemNetwork().watch(change => seen.push(change))
  try {
    await new Promise(done => setTimeout(done, 400))
    vi.setSystemTime(Date.now() + 60_000)
    await vi.waitFor(() => expect(seen).toEqual([{ hasSlept: true }]), { timeout: 5_000 })
  } finally {
    stop()
    vi.useRealTimers()
  }
})

test('an address stands for itself, and a dead name server gives no records', async () => {
  const network = systemNetwork()
  expect(await network.addresses('192.0.2.1')).toEqual(['192.0.2.1'])
  expect(await network.addresses('localhost')).toContain('127.0.0.1')
  expect(network.localAddresses()).not.toContain('127.0.0.1')
})
