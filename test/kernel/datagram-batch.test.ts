/** Which datagrams travel together, and what becomes of those that the kernel does not take. */
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import { type BatchWays, DatagramBatch, SLAB_BYTES } from '../../src/kernel/datagram-batch.ts'

const HERE: UdpEndpoint = { address: '192.0.2.1', port: 7 }
const THERE: UdpEndpoint = { address: '192.0.2.2', port: 8 }
const EIO = 5
const EAGAIN = 11
const EINVAL = 22
const EMSGSIZE = 90

/** What left, as the other side would see it: where to, how long, what it began with. */
type Sent = readonly [address: string, length: number, first: number]

class Kernel {
  readonly slab = new Uint8Array(SLAB_BYTES)
  readonly messages: Sent[][] = []
  readonly spilled: Sent[] = []
  readonly atEnd: (() => void)[] = []
  isSpilling = false
  /** What a message is answered. */
  answer = (_bytes: number, _segmentBytes: number): number => 0
  /** How many messages each call took. */
  readonly taken: number[] = []
  readonly #names: string[] = []
  readonly #messages: (readonly [from: number, bytes: number, segmentBytes: number])[] = []

  aim(message: number, address: Uint8Array, port: number): void {
    this.#names[message] = `${address.join('.')}:${port}`
  }

  lay(message: number, from: number, bytes: number, segmentBytes: number): void {
    this.#messages[message] = [from, bytes, segmentBytes]
  }

  transmit(message: number, count: number): number {
    for (let done = 0; done < count; done += 1) {
      const [from, bytes, segmentBytes] = this.#messages[message + done]!
      const error = this.answer(bytes, segmentBytes)
      if (error !== 0 && done > 0) this.taken.push(done)
      if (error !== 0) return done === 0 ? -error : done
      const name = this.#names[message + done]!
      const sent: Sent[] = []
      for (let at = from; at < from + bytes; at += segmentBytes)
        sent.push([name, Math.min(segmentBytes, from + bytes - at), this.slab[at]!])
      this.messages.push(sent)
    }
    this.taken.push(count)
    return count
  }

  /** The longest datagram of each batch. */
  readonly longest: number[] = []

  readonly ways: BatchWays = {
    leaving: bytes => this.longest.push(bytes),
    spill: (bytes, { address, port }) => this.spilled.push([`${address}:${port}`, bytes.length, bytes[0]!]),
    isSpilling: () => this.isSpilling,
    later: run => this.atEnd.push(run),
  }

  endTurn(): void {
    for (const run of this.atEnd.splice(0)) run()
  }

  get lengths(): readonly (readonly number[])[] {
    return this.messages.map(message => message.map(([, length]) => length))
  }
}

let kernel: Kernel
let batch: DatagramBatch

beforeEach(() => {
  kernel = new Kernel()
  batch = new DatagramBatch(kernel, false, kernel.ways)
})

const add = (to: UdpEndpoint, ...lengths: readonly number[]): void => {
  for (const length of lengths) expect(batch.add(new Uint8Array(length).fill(length), to)).toBe(true)
}

test('equal ones leave together when the turn ends, and the end is asked for once', () => {
  add(HERE, 100, 100, 100)
  expect(kernel.messages).toEqual([])
  expect(kernel.atEnd).toHaveLength(1)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100, 100, 100]])
  kernel.endTurn()
  add(HERE, 90)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100, 100, 100], [90]])
})

test('a shorter one is the last, a longer one and another destination begin anew', () => {
  add(HERE, 100, 100, 60, 60, 100)
  add(THERE, 100)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100, 100, 60], [60], [100], [100]])
  expect(kernel.messages.map(message => message[0]![0])).toEqual([
    ...Array.from({ length: 3 }, () => '192.0.2.1:7'),
    '192.0.2.2:8',
  ])
})

test('how long the longest of a batch is, is said before it leaves', () => {
  const batches = [[100, 1_400, 60], [60]]
  for (const lengths of batches) {
    add(HERE, ...lengths)
    expect(kernel.messages.flat()).toHaveLength(lengths === batches[0] ? 0 : 3)
    kernel.endTurn()
  }
  expect(kernel.longest).toEqual([1_400, 60])
})

test('a message carries at most 64 datagrams, and a call 65,000 bytes', () => {
  add(HERE, ...Array.from({ length: 65 }, () => 10))
  add(THERE, ...Array.from({ length: 55 }, () => 1_200))
  kernel.endTurn()
  expect(kernel.lengths.map(message => message.length)).toEqual([64, 1, 53, 2])
  expect(kernel.taken).toEqual([3, 1])
})

test('one call is for many destinations, up to 64 of them', () => {
  const place = (host: number): UdpEndpoint => ({ address: `192.0.2.${host}`, port: 7 })
  for (let host = 1; host <= 100; host += 1) add(place(host), 20, 20)
  kernel.endTurn()
  expect(kernel.taken).toEqual([64, 36])
  const wanted = Array.from({ length: 100 }, (_, host) => `192.0.2.${host + 1}:7`)
  expect(kernel.messages.map(message => message[0]![0])).toEqual(wanted)
  expect(kernel.lengths.every(([first, second]) => first === 20 && second === 20)).toBe(true)
})

test('whatever is sent arrives once, in order and at its own length', () => {
  const datagram = fc.record({ to: fc.constantFrom(HERE, THERE), length: fc.integer({ min: 1, max: 2_000 }) })
  const few = fc.record({ to: fc.constantFrom(HERE, THERE), length: fc.constantFrom(1_200, 1_200, 80) })
  fc.assert(
    fc.property(fc.array(fc.oneof(datagram, few), { maxLength: 300 }), datagrams => {
      const world = new Kernel()
      const gathering = new DatagramBatch(world, false, world.ways)
      for (const [at, { to, length }] of datagrams.entries()) {
        gathering.add(new Uint8Array(length).fill(at), to)
        if (at % 50 === 0) world.endTurn()
      }
      world.endTurn()
      const wanted = datagrams.map(({ to, length }, at) => [`${to.address}:${to.port}`, length, at & 0xff])
      expect(world.messages.flat()).toEqual(wanted)
    }),
  )
})

test('what cannot be named to the kernel is not for a batch', () => {
  const bytes = new Uint8Array(10)
  for (const [address, port] of [
    ['192.0.2.1', 0],
    ['192.0.2.1', 65_536],
    ['not an address', 9],
    ['', -1],
    ['2001:db8::1', 9],
    ['fe80::1%eth0', 9],
  ] as const)
    expect(batch.add(bytes, { address, port })).toBe(false)
  expect(batch.add(new Uint8Array(0), HERE)).toBe(false)
  expect(kernel.atEnd).toEqual([])
})

test('a full buffer hands all to the ordinary way, and nothing overtakes what waits there', () => {
  kernel.answer = () => EAGAIN
  add(HERE, 100, 100, 60)
  kernel.endTurn()
  expect(kernel.spilled.map(([, length]) => length)).toEqual([100, 100, 60])
  kernel.answer = () => 0
  kernel.isSpilling = true
  add(HERE, 70)
  kernel.endTurn()
  expect(kernel.spilled.at(-1)).toEqual(['192.0.2.1:7', 70, 70])
  kernel.isSpilling = false
  add(HERE, 80)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[80]])
})

test.each([EINVAL, EIO])('a kernel that refuses batches (%i) is never given one again', error => {
  kernel.answer = (bytes, segmentBytes) => (bytes > segmentBytes ? error : 0)
  add(HERE, 100, 100, 60)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100], [100], [60]])
  kernel.answer = () => 0
  add(HERE, 100, 100)
  kernel.endTurn()
  expect(kernel.lengths.slice(3)).toEqual([[100], [100]])
})

test('a batch too large for its way goes one by one, and the next is a batch again', () => {
  kernel.answer = (bytes, segmentBytes) => (bytes > segmentBytes ? EMSGSIZE : 0)
  add(HERE, 100, 60)
  kernel.endTurn()
  kernel.answer = () => 0
  add(HERE, 100, 60)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100], [60], [100, 60]])
})

test('a destination that nothing can be sent to says nothing about batches', () => {
  kernel.answer = () => EINVAL
  add(HERE, 100, 60)
  kernel.endTurn()
  kernel.answer = () => 0
  add(HERE, 100, 60)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100, 60]])
})

test('a buffer that fills up among the pieces keeps those that were not sent', () => {
  let room = 1
  kernel.answer = (bytes, segmentBytes) => (bytes > segmentBytes ? EINVAL : room-- > 0 ? 0 : EAGAIN)
  add(HERE, 100, 100, 60)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100]])
  expect(kernel.spilled.map(([, length]) => length)).toEqual([100, 60])
})

test('what comes behind a message that is not taken is not lost with it', () => {
  kernel.answer = bytes => (bytes === 70 ? EINVAL : 0)
  add(HERE, 100)
  add(THERE, 70)
  add(HERE, 90)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100], [90]])
  expect(kernel.taken).toEqual([1, 1])
})

test('a buffer that fills up among the messages keeps those that were not sent', () => {
  let room = 1
  kernel.answer = () => (room-- > 0 ? 0 : EAGAIN)
  add(HERE, 100, 100)
  add(THERE, 70, 50)
  add(HERE, 90)
  kernel.endTurn()
  expect(kernel.lengths).toEqual([[100, 100]])
  expect(kernel.spilled.map(([, length, first]) => [length, first])).toEqual([
    [70, 70],
    [50, 50],
    [90, 90],
  ])
})
