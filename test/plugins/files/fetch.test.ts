/** Getting one file from senders that are slow, silent or hostile, and on disks that are slow, in virtual time. */
import { type Duplex, duplexPair } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import type { DeviceId, EventId, StreamId } from '../../../src/events/ids.ts'
import type { Keyspace } from '../../../src/kernel/api/index.ts'
import { MemoryFileDisk } from '../../../src/kernel/testing/memory-file-disk.ts'
import { standIns } from '../../../src/kernel/testing/stand-ins.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { TreeBuilder } from '../../../src/plugins/files/block-tree.ts'
import { Fetch } from '../../../src/plugins/files/fetch.ts'
import { encodeBlockHead, encodeFound, encodeLeaves, encodeNo } from '../../../src/plugins/files/frames.ts'
import { Landing } from '../../../src/plugins/files/landing.ts'
import {
  BLOCK_BYTES,
  BLOCK_PATIENCE_MS,
  SILENCE_MAX_MS,
  STALL_MS,
} from '../../../src/plugins/files/limits.ts'
import { Meter } from '../../../src/plugins/files/meter.ts'
import type { Offer } from '../../../src/plugins/files/offers-view.ts'
import { TreeShelf } from '../../../src/plugins/files/tree-shelf.ts'
import { Turnstile } from '../../../src/plugins/files/turnstile.ts'

const BLOCKS = 8
const blocks = Array.from({ length: BLOCKS }, (_, index) => new Uint8Array(BLOCK_BYTES).fill(index + 1))
const builder = new TreeBuilder()
for (const block of blocks) builder.add(block)
const tree = builder.finish()
const FOUND = encodeFound(BLOCKS * BLOCK_BYTES, tree.nodes)
const LEAVES = encodeLeaves(0, tree.leaves!)
const blockFrame = (index: number): Uint8Array =>
  Buffer.concat([encodeBlockHead(index, BLOCK_BYTES), blocks[index]!])

const OFFER: Offer = {
  ...{ id: 'ab'.repeat(32) as EventId, stream: 'stream' as StreamId, author: 'device' as DeviceId, at: 0 },
  ...{ name: 'a.bin', kind: 'file', bytes: BLOCKS * BLOCK_BYTES, state: 'offered' },
  hash: Buffer.from(tree.root).toString('hex'),
}
const EVERY_MS = STALL_MS - 1_000

let clock: VirtualClock
let disk: MemoryFileDisk
beforeEach(() => {
  clock = new VirtualClock()
  disk = new MemoryFileDisk().at(clock)
  disk.put('/in/x', new Uint8Array(0))
})

/** Says something each few seconds for as long as it may. */
function repeat(stream: Duplex, everyMs: number, what: (time: number) => Uint8Array): void {
  let time = 0
  const say = (): void => {
    if (stream.destroyed || !stream.writable) return
    stream.write(what(time++))
    clock.after(everyMs, say)
  }
  clock.after(everyMs, say)
}

interface Outcome {
  readonly error: unknown
  readonly path: string | undefined
  readonly tookMs: number
  readonly streams: number
}

/** How it ends within so much virtual time when every stream is answered like this. */
async function outcomeOf(
  answer: (stream: Duplex, time: number) => void,
  {
    silenceMaxMs = SILENCE_MAX_MS,
    untilMs = 3_600_000,
    turnstile = new Turnstile({ max: 1, eachMax: 1 }),
    isUp = true,
  } = {},
): Promise<Outcome | undefined> {
  let streams = 0
  const connect = async (): Promise<Duplex> => {
    streams += 1
    const [ours, theirs] = duplexPair()
    ours.on('error', () => undefined)
    theirs.on('error', () => undefined).once('data', () => answer(theirs, streams))
    ours.on('close', () => theirs.destroy())
    theirs.on('close', () => ours.destroy())
    return ours
  }
  const place = { folder: '/in', name: 'a.bin' }
  const fetch = new Fetch({
    ...{ clock, offer: OFFER, from: 'bob', signal: new AbortController().signal, turnstile },
    silenceMaxMs: () => silenceMaxMs,
    isMeant: () => true,
    sender: 'bob',
    peers: { reach: () => (isUp ? Promise.resolve({ up: true } as never) : new Promise(() => undefined)) },
    streams: { connect, listen: () => () => undefined } as never,
    shelf: new TreeShelf(standIns().find(([{ id }]) => id === 'ntm.keyspace')![1] as Keyspace),
    landing: new Landing({
      disk,
      place,
      offer: OFFER.id,
      kind: 'file',
      bytes: OFFER.bytes,
      naming: async () => undefined,
    }),
    meter: new Meter(clock),
    note: () => undefined,
  })
  const beganMs = clock.monotonicMs()
  let outcome: Outcome | undefined
  const end = (path: string | undefined, error: unknown): void => {
    outcome = { path, error, tookMs: clock.monotonicMs() - beganMs, streams }
  }
  fetch.run().then(
    path => end(path, undefined),
    error => end(undefined, error),
  )
  while (outcome === undefined) {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate()
    if (!clock.step(beganMs + untilMs)) break
  }
  return outcome
}

const answerFrom =
  (first: number) =>
  (stream: Duplex): void => {
    const frames = blocks.map((_, index) => blockFrame(index)).slice(first)
    for (const piece of [FOUND, LEAVES, ...frames]) stream.write(piece)
  }
const whole = answerFrom(0)

describe('a sender who', () => {
  it.each<[string, (stream: Duplex) => void]>([
    ['says the same leaves for ever', stream => repeat(stream, EVERY_MS, () => LEAVES)],
    [
      'lets a block trickle',
      stream => {
        stream.write(LEAVES)
        const block = blockFrame(0)
        repeat(stream, EVERY_MS, time => block.subarray(time, time + 1))
      },
    ],
    [
      'sends a block that is damaged and then everything but that block',
      stream => {
        stream.write(LEAVES)
        stream.write(Buffer.concat([encodeBlockHead(0, BLOCK_BYTES), new Uint8Array(BLOCK_BYTES)]))
        repeat(stream, EVERY_MS, () => blockFrame(1))
      },
    ],
  ])('%s holds nothing for long', async (_, hostile) => {
    const outcome = await outcomeOf(stream => {
      stream.write(FOUND)
      hostile(stream)
    })
    expect(outcome?.error).toMatchObject({ code: expect.stringMatching('PEER_UNREACHABLE|FILE_DAMAGED') })
    expect(outcome!.tookMs).toBeLessThanOrEqual(BLOCK_PATIENCE_MS + STALL_MS)
  })

  it('lets a block trickle is asked anew in time, however long somebody waits for the file', async () => {
    let streams = 0
    await outcomeOf(
      (stream, time) => {
        streams = time
        for (const piece of [FOUND, LEAVES]) stream.write(piece)
        repeat(stream, EVERY_MS, at => blockFrame(0).subarray(at, at + 1))
      },
      { silenceMaxMs: 24 * 3_600_000, untilMs: BLOCK_PATIENCE_MS + STALL_MS },
    )
    expect(streams).toBe(2)
  })

  it('is slow, but brings a block in time, is heard to the end', async () => {
    const outcome = await outcomeOf(stream => {
      stream.write(FOUND)
      stream.write(LEAVES)
      const all = Buffer.concat(blocks.map((_, index) => blockFrame(index)))
      const piece = Math.ceil((EVERY_MS / (BLOCK_PATIENCE_MS - STALL_MS)) * BLOCK_BYTES)
      repeat(stream, EVERY_MS, time => all.subarray(time * piece, (time + 1) * piece))
    })
    expect(outcome).toMatchObject({ path: '/in/a.bin', streams: 1 })
  })
})

describe('a reason that may pass', () => {
  const LATER = Uint8Array.from(encodeNo('unknown')).fill(77, -1)
  it.each<[string, Uint8Array, string]>([
    ['busy', encodeNo('busy'), 'that is busy'],
    ['version', encodeNo('version'), 'that sends files in another way: update ntm-chat on both sides'],
    ['unreadable', encodeNo('unreadable'), 'that cannot read it now'],
    ['of a later version', LATER, 'that cannot read it now'],
  ])('is tried again, and told of when it has not passed: %s', async (_, no, sentence) => {
    const passed = await outcomeOf((stream, time) => {
      if (time > 2) return answerFrom(1)(stream)
      if (time > 1) return void stream.write(no)
      for (const piece of [FOUND, LEAVES, blockFrame(0), no]) stream.write(piece)
    })
    expect(passed).toMatchObject({ path: '/in/a.bin', streams: 3 })
    await disk.remove('/in/a.bin')
    const stayed = await outcomeOf(stream => void stream.write(no))
    expect(stayed).toMatchObject({ error: { code: 'PEER_UNREACHABLE', exitCode: 3 } })
    expect(String(stayed?.error)).toContain(`${sentence}; 8 of 8 blocks are missing`)
    expect(stayed!.tookMs).toBeGreaterThanOrEqual(SILENCE_MAX_MS)
    expect(stayed!.tookMs).toBeLessThan(2 * SILENCE_MAX_MS)
  })
})

describe('a disk that', () => {
  it('takes longer for each block than a sender may be silent is waited for', async () => {
    disk.faults.latencyMs = 2 * SILENCE_MAX_MS
    expect(await outcomeOf(whole)).toMatchObject({ path: '/in/a.bin', streams: 1 })
  })

  it('takes long for a block after which the stream broke is no reason to give up', async () => {
    disk.faults.latencyMs = 2 * SILENCE_MAX_MS
    const outcome = await outcomeOf((stream, time) => {
      if (time > 1) return answerFrom(1)(stream)
      for (const piece of [FOUND, LEAVES, blockFrame(0)]) stream.write(piece)
    })
    expect(outcome).toMatchObject({ path: '/in/a.bin', streams: 2 })
  })

  it('is slow tells nothing of a sender who falls silent: that is told of after as long as ever', async () => {
    disk.faults.latencyMs = 100
    const outcome = await outcomeOf((stream, time) => {
      if (time > 1) return
      for (const piece of [FOUND, LEAVES, blockFrame(0)]) stream.write(piece)
    })
    expect(String(outcome?.error)).toContain('it fell silent')
    expect(outcome!.tookMs).toBeLessThan(SILENCE_MAX_MS + 3 * STALL_MS)
  })
})

describe('a turn', () => {
  it('is not taken by a file whose sender cannot be reached', async () => {
    const turnstile = new Turnstile({ max: 1, eachMax: 1 })
    const away = outcomeOf(() => undefined, { turnstile, isUp: false })
    let freeAtMs = 0
    clock.after(STALL_MS / 2, () => {
      void turnstile.pass('carol', new AbortController().signal, async () => (freeAtMs = clock.monotonicMs()))
    })
    expect(await away).toMatchObject({ error: { code: 'PEER_UNREACHABLE' } })
    expect(freeAtMs).toBe(STALL_MS / 2)
  })

  it('that comes late is not the fault of the sender', async () => {
    const turnstile = new Turnstile({ max: 1, eachMax: 1 })
    const others = (): Promise<void> => new Promise(resolve => void clock.after(20 * SILENCE_MAX_MS, resolve))
    const outcome = await outcomeOf(
      (stream, time) => {
        if (time === 1) void turnstile.pass('carol', new AbortController().signal, others)
        // Twice it breaks at once: whoever was silent all the time would be given up the second time.
        if (time > 2) whole(stream)
        else stream.destroy()
      },
      { turnstile },
    )
    expect(outcome).toMatchObject({ path: '/in/a.bin', streams: 3 })
  })
})
