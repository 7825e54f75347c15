/** What is queued comes out as it went in, in whatever pieces and order it came. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ranges } from '../../../../../src/plugins/transport-ntm/net/tcp/ranges.ts'
import { ReceiveQueue } from '../../../../../src/plugins/transport-ntm/net/tcp/receive-queue.ts'
import { SendQueue } from '../../../../../src/plugins/transport-ntm/net/tcp/send-queue.ts'
import { WakeHeap } from '../../../../../src/plugins/transport-ntm/wake-heap.ts'
import { fuzzRuns } from '../../../../support/fuzz.ts'

const STREAM = Buffer.from(Uint8Array.from({ length: 40_000 }, (_, at) => (at * 7 + (at >>> 8)) & 0xff))
const WINDOW_BYTES = 65_536

describe('ranges', () => {
  it('hold exactly what was added, in order and apart', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 40 }))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), added => {
        const ranges = new Ranges()
        const offsets = new Set<number>()
        for (const [from, length] of added) {
          ranges.add(from, from + length)
          for (let offset = from; offset < from + length; offset++) offsets.add(offset)
        }
        for (let offset = 0; offset < 350; offset++)
          expect(ranges.indexOf(offset) >= 0).toBe(offsets.has(offset))
        for (let index = 1; index < ranges.count; index++)
          expect(ranges.from(index)).toBeGreaterThan(ranges.to(index - 1))
        expect(ranges.bytes).toBe(offsets.size)
        if (ranges.count > 0) ranges.shift()
        const rest = [...offsets].filter(offset => ranges.indexOf(offset) >= 0)
        expect(ranges.bytes).toBe(rest.length)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})

describe('a receive queue', () => {
  it('gives the stream to its reader, in whatever order its pieces come', () => {
    const piece = fc.tuple(
      fc.nat({ max: STREAM.length - 1 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.boolean(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), pieces => {
        const queue = new ReceiveQueue()
        const read: Buffer[] = []
        const kept: Buffer[] = []
        const readAll = () => {
          for (let view = queue.read(); view !== undefined; view = queue.read()) {
            read.push(Buffer.from(view))
            if (view.length % 2 === 0) queue.giveBack(view)
            else kept.push(view)
          }
          if (kept.length > 3) for (const view of kept.splice(0)) queue.giveBack(view)
        }
        const take = (from: number, to: number) => {
          const start = Math.max(from, queue.next)
          if (to > start) queue.take(start, STREAM.subarray(start - 1, to - 1), WINDOW_BYTES)
        }
        for (const [at, length, isRead] of pieces) {
          take(at + 1, Math.min(at + 1 + length, STREAM.length + 1))
          if (isRead) readAll()
        }
        take(1, STREAM.length + 1)
        readAll()
        expect(Buffer.concat(read).equals(STREAM)).toBe(true)
        expect(queue.pieces.count).toBe(0)
      }),
      { numRuns: fuzzRuns(200) },
    )
  })

  it('puts what comes later where views lay that its reader handed back', () => {
    const queue = new ReceiveQueue()
    const block = new Uint8Array(64 * 1024)
    const memory = new Set<ArrayBufferLike>()
    for (let count = 0; count < 100; count++) {
      queue.take(queue.next, block, 16 * block.length)
      const view = queue.read()!
      memory.add(view.buffer)
      queue.giveBack(view)
    }
    expect(memory.size).toBe(1)
  })

  it('never puts anything into a block of which its reader still has a view', () => {
    const queue = new ReceiveQueue()
    const block = 64 * 1024
    const fill = (byte: number, from: number, to: number) =>
      queue.take(from, new Uint8Array(to - from).fill(byte), 16 * block)
    fill(1, 1, 1001)
    fill(2, 2001, 1 + block)
    const first = queue.read()!
    fill(2, 1001, 2001)
    const second = queue.read()!
    expect(second.buffer).toBe(first.buffer)
    queue.giveBack(second)
    for (let byte = 3; byte < 6; byte++) {
      fill(byte, queue.next, queue.next + block)
      for (let view = queue.read(); view !== undefined; view = queue.read()) queue.giveBack(view)
    }
    expect(first.every(byte => byte === 1)).toBe(true)
  })

  it('keeps what lies beyond a gap when all before it has been read', () => {
    const queue = new ReceiveQueue()
    const read: Buffer[] = []
    for (const [from, to] of [
      [201, 301],
      [1, 101],
      [101, 201],
    ] as const) {
      queue.take(from, STREAM.subarray(from - 1, to - 1), WINDOW_BYTES)
      for (let view = queue.read(); view !== undefined; view = queue.read()) read.push(Buffer.from(view))
    }
    expect(Buffer.concat(read).equals(STREAM.subarray(0, 300))).toBe(true)
  })

  it('takes no more pieces than it can bear, and the next in order always', () => {
    const queue = new ReceiveQueue()
    const one = Uint8Array.of(1)
    let taken = 0
    while (queue.take(3 + 2 * taken, one, WINDOW_BYTES)) taken++
    expect(taken).toBe(4096)
    expect(queue.take(1, Uint8Array.of(1, 1), WINDOW_BYTES)).toBe(true)
    expect(queue.next).toBe(4)
  })
})

describe('a send queue', () => {
  it('gives any part that is not acknowledged', () => {
    const step = fc.tuple(fc.nat({ max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), steps => {
        const queue = new SendQueue()
        let acked = 1
        for (const [length, share] of steps) {
          queue.write(STREAM.subarray(queue.end - 1, queue.end - 1 + length))
          acked += Math.floor((queue.end - acked) * share)
          queue.acked(acked)
          const from = acked + Math.floor((queue.end - acked) * (1 - share))
          const out = Buffer.alloc(queue.end - from + 3)
          queue.copyTo(out, 3, from, queue.end)
          expect(out.subarray(3).equals(STREAM.subarray(from - 1, queue.end - 1))).toBe(true)
          expect(queue.heldBytes).toBe(queue.end - acked)
        }
      }),
      { numRuns: fuzzRuns(200) },
    )
  })
})

describe('a heap of wake-ups', () => {
  it('wakes in order, whoever was moved or taken out in between', () => {
    const change = fc.tuple(fc.nat({ max: 19 }), fc.option(fc.nat({ max: 100 }), { nil: undefined }))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100 }), changes => {
        const heap = new WakeHeap<{ heapIndex: number; wakeAt: number }>()
        const sleepers = Array.from({ length: 20 }, () => ({ heapIndex: -1, wakeAt: 0 }))
        const wanted = new Map<number, number>()
        for (const [index, atMs] of changes) {
          heap.set(sleepers[index]!, atMs)
          if (atMs === undefined) wanted.delete(index)
          else wanted.set(index, atMs)
        }
        const woken: number[] = []
        for (let first = heap.first; first !== undefined; first = heap.first) {
          woken.push(first.wakeAt)
          heap.remove(first)
        }
        expect(woken).toEqual([...wanted.values()].sort((a, b) => a - b))
      }),
      { numRuns: fuzzRuns(300) },
    )
  })
})
