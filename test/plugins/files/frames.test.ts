/** Frames: cut anywhere they are the same, and a stranger's bytes make room for no more than what is waited for. */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/events/ids.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import {
  ASKED,
  answersAbout,
  encodeAgain,
  encodeBlockHead,
  encodeDone,
  encodeFound,
  encodeGet,
  encodeLeaves,
  encodeNo,
  type Frame,
  FrameReader,
  readFound,
  readGet,
  readIndex,
  readNo,
} from '../../../src/plugins/files/frames.ts'
import { BLOCK_BYTES } from '../../../src/plugins/files/limits.ts'
import { fuzzRuns } from '../../support/fuzz.ts'

const OFFER = 'ab'.repeat(32) as EventId
const framesIn = (reader: FrameReader, ...chunks: readonly Uint8Array[]) => {
  const frames: Frame[] = []
  for (const chunk of chunks) {
    const read = reader.read(chunk, frame => frames.push(frame) > 0)
    if (!read.ok) return { frames, why: read.why }
  }
  return { frames, why: undefined }
}

describe('frames', () => {
  const asked = Buffer.concat([encodeGet({ offer: OFFER, from: 9 }), encodeAgain(7), encodeDone()])

  it('are the same wherever the stream is cut', () => {
    const whole = framesIn(new FrameReader(ASKED), asked)
    expect(whole.frames.map(({ type }) => type)).toEqual([1, 2, 3])
    expect(readGet(whole.frames[0]!.payload)).toEqual({ ok: true, value: { offer: OFFER, from: 9 } })
    expect(readIndex(whole.frames[1]!.payload)).toBe(7)
    for (let at = 0; at <= asked.length; at += 1) {
      const cut = framesIn(new FrameReader(ASKED), asked.subarray(0, at), asked.subarray(at))
      expect(cut).toEqual(whole)
    }
    expect(framesIn(new FrameReader(ASKED), ...[...asked].map(byte => Uint8Array.of(byte)))).toEqual(whole)
  })

  it('of what is answered are read back', () => {
    const nodes = new Uint8Array(64).fill(3)
    const block = Buffer.concat([encodeBlockHead(5, 3), Uint8Array.of(1, 2, 3)])
    const reader = new FrameReader(answersAbout(2))
    const { frames } = framesIn(
      reader,
      encodeFound(2 ** 40, nodes),
      encodeLeaves(1, nodes),
      block,
      encodeNo('busy'),
    )
    expect(readFound(frames[0]!.payload)).toEqual({ version: 1, bytes: 2n ** 40n, nodes })
    expect(frames.slice(1, 3).map(({ payload }) => readIndex(payload))).toEqual([1, 5])
    expect(readNo(frames[3]!.payload)).toBe('busy')
    expect(readNo(Uint8Array.of(77))).toBe('unreadable')
  })

  it.each<[string, Uint8Array, string]>([
    ['a type that nobody expects', Uint8Array.of(9, 0, 0, 0), 'unexpected-type'],
    ['an answer where questions are expected', Uint8Array.of(0x83, 0, 0, 5), 'unexpected-type'],
    ['a question of 16 MiB', Uint8Array.of(1, 0xff, 0xff, 0xff), 'length'],
    ['a question of nothing', Uint8Array.of(1, 0, 0, 0), 'length'],
  ])('refuse %s by its head', (_, bytes, why) => {
    const reader = new FrameReader(ASKED)
    expect(framesIn(reader, bytes)).toEqual({ frames: [], why })
    expect(framesIn(reader, asked), 'and everything after it').toEqual({ frames: [], why })
  })

  it('refuse a block longer than blocks are, and more nodes than there are groups', () => {
    const long = encodeBlockHead(0, BLOCK_BYTES + 1)
    expect(framesIn(new FrameReader(answersAbout(1)), long).why).toBe('length')
    expect(framesIn(new FrameReader(answersAbout(1)), encodeFound(1, new Uint8Array(64))).why).toBe('length')
  })

  it('that ask in another version are recognised, however long they are', () => {
    const later = Buffer.concat([Uint8Array.of(1, 0, 0, 200), new Uint8Array(200).fill(2)])
    expect(readGet(framesIn(new FrameReader(ASKED), later).frames[0]!.payload)).toEqual({
      ok: false,
      why: 'version',
    })
  })

  it('of any bytes never throw and never hold more than one of the longest', () => {
    const random = new SeededRandom(17)
    for (let run = 0; run < fuzzRuns(100_000); run += 1) {
      const bytes = random.bytes(1 + Math.floor(random.next() * 24))
      // Half of them begin like a frame.
      if (run % 2 === 0) bytes[0] = [1, 2, 3, 0x81, 0x82, 0x83, 0x84][run % 7]!
      if (run % 4 === 0 && bytes.length > 2) bytes.fill(0, 1, 3)
      const { frames } = framesIn(new FrameReader(run % 3 === 0 ? ASKED : answersAbout(1)), bytes)
      for (const { payload } of frames) expect(payload.length).toBeLessThanOrEqual(bytes.length)
    }
  })
})
