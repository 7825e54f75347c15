/** Frames of the text protocol: every kind comes back, sizes are as promised, damage is refused without a throw. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StreamId } from '../../src/events/ids.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../src/wire/frame.ts'
import type { CompactFrame } from '../../src/wire/frame-compact.ts'
import { FRAGMENT_BYTES, FRAME_MAX_BYTES, LONG_FRAME_MAX_BYTES } from '../../src/wire/limits.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import { bytesOf, hex, idOf, NOON, partsOf, sealTexts } from '../support/sealing.ts'
import { weightOf } from '../support/weight.ts'

const prefix = '0123456789abcdef'
const stream = idOf<StreamId>(0x55)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const event = { sinceMs: 1500, salt: new Uint8Array(16).fill(7), body: { text: utf8('hi') } }
const text: CompactFrame = {
  kind: 'text',
  stream: undefined,
  prefix,
  firstPrefix: prefix,
  base: 'acknowledged',
  seen: 'receiver',
  sig: new Uint8Array(64).fill(9),
  events: [event],
}
const raw = { type: 'chat.reacted', rev: 300, data: Uint8Array.of(0x81, 0xa1, 0x61, 0x01) }

const FRAMES: readonly (readonly [string, Frame])[] = [
  ['the least text', { ...text, base: 'acknowledged', seen: 'none' }],
  ['a text to a receiver whose event it cites', text],
  ['a text with all named', { ...text, stream, base: { prefix }, seen: [prefix, 'f'.repeat(16)] }],
  ['a first text', { ...text, base: 'none', seen: 'none', events: [{ ...event, sinceMs: NOON }] }],
  ['a text from before its base', { ...text, events: [{ ...event, sinceMs: -86_400_000 }] }],
  ['an empty text', { ...text, events: [{ ...event, body: { text: utf8('') } }] }],
  ['another type', { ...text, events: [{ ...event, body: raw }] }],
  [
    'a run',
    { ...text, kind: 'run', firstPrefix: 'a'.repeat(16), events: [event, { ...event, body: raw }, event] },
  ],
  ['whole events', { kind: 'full', events: sealTexts(['a', 'b']).map(partsOf) }],
  ['an acknowledgement', { kind: 'ack', stream: undefined, seq: 300, prefix }],
  ['an acknowledgement in a group', { kind: 'ack', stream, seq: 2 ** 41, prefix }],
  ['a read mark', { kind: 'read', stream: undefined, seq: 0, prefix }],
  ['a call for the full event', { kind: 'needFull', stream: undefined, prefix, from: 7 }],
  ['a call for lost events', { kind: 'want', stream: undefined, ids: [idOf(1), idOf(2)] }],
  ['a call for one in a group', { kind: 'want', stream, ids: [idOf(1)] }],
  ['a refusal', { kind: 'refused', stream, prefix, reason: 1 }],
  [
    'a middle piece',
    { kind: 'fragment', of: 2, prefix, index: 1, count: 3, bytes: new Uint8Array(FRAGMENT_BYTES) },
  ],
  ['a last piece', { kind: 'fragment', of: 1, prefix, index: 2, count: 3, bytes: Uint8Array.of(1) }],
  ['arrived pieces', { kind: 'fragmentAck', of: 7, prefix, received: Uint8Array.of(5) }],
]

describe('frames', () => {
  it.each(FRAMES)('come back: %s', (_name, frame) => {
    const bytes = encodeFrame(frame)
    expect(decodeFrame(bytes)).toEqual({ ok: true, value: frame })
  })

  it('are as short as promised', () => {
    expect(encodeFrame(text)).toHaveLength(94)
    expect(
      encodeFrame({ ...text, events: [{ ...event, sinceMs: 24 * 3_600_000 }] }).length,
    ).toBeLessThanOrEqual(96)
    expect(encodeFrame({ kind: 'ack', stream: undefined, seq: 5, prefix })).toHaveLength(11)
    expect(encodeFrame({ kind: 'ack', stream: undefined, seq: 2 ** 42 - 1, prefix })).toHaveLength(16)
    const piece = encodeFrame({
      kind: 'fragment',
      of: 2,
      prefix,
      index: 0,
      count: 2,
      bytes: new Uint8Array(FRAGMENT_BYTES),
    })
    expect(piece).toHaveLength(FRAME_MAX_BYTES)
  })

  it.each([
    ['nothing', '', 'not-a-frame'],
    ['kind 0', '00', 'unknown-kind'],
    ['kind 11', '0b00', 'unknown-kind'],
    ['an acknowledgement with an unknown bit', `030205${prefix}`, 'not-a-frame'],
    ['an acknowledgement with a longer seq than needed', `03008500${prefix}`, 'not-a-frame'],
    ['an acknowledgement of seq 2^53', `03008080808080808010${prefix}`, 'not-a-frame'],
    ['an acknowledgement with a byte after', `030005${prefix}00`, 'not-a-frame'],
    ['an acknowledgement that names half a stream', `030105${prefix}${'55'.repeat(16)}`, 'not-a-frame'],
    ['a text with an unknown bit', hex(encodeFrame(text).with(1, 0x48)), 'not-a-frame'],
    ['a text with base mode 3', hex(encodeFrame(text).with(1, 0x0e)), 'not-a-frame'],
    ['a text with seen mode 3', hex(encodeFrame(text).with(1, 0x18)), 'not-a-frame'],
    ['a text that is not UTF-8', hex(encodeFrame(text).with(93, 0xff)), 'not-a-frame'],
    ['a piece 3 of 3', `0502${prefix}030301`, 'not-a-frame'],
    ['a piece of one', `0502${prefix}000101`, 'not-a-frame'],
    ['a piece of 65', `0502${prefix}404101`, 'not-a-frame'],
    ['a short piece that is not the last', `0502${prefix}000201`, 'not-a-frame'],
    ['an empty piece', `0502${prefix}0102`, 'not-a-frame'],
    ['a piece of an acknowledgement', `0503${prefix}010201`, 'not-a-frame'],
    ['a piece of a piece', `0505${prefix}010201`, 'not-a-frame'],
    ['arrived pieces without a bitmap', `0602${prefix}`, 'not-a-frame'],
    ['arrived pieces beyond 64', `0602${prefix}${'00'.repeat(9)}`, 'not-a-frame'],
    ['whole events, but none', '0200', 'not-a-frame'],
    ['a run of one', runOf([event]), 'not-a-frame'],
    ['a run of 65', runOf(new Array(65).fill(event)), 'not-a-frame'],
  ])('refuse %s', (_name, given, why) => {
    expect(decodeFrame(bytesOf(given))).toEqual({ ok: false, why })
  })

  it('refuse what no joining can yield', () => {
    expect(decodeFrame(new Uint8Array(LONG_FRAME_MAX_BYTES + 1).fill(1))).toEqual({
      ok: false,
      why: 'too-long',
    })
  })

  it('throw when we ourselves would write nonsense', () => {
    expect(() => encodeFrame({ ...text, events: [] })).toThrow('a text of 0 events')
    expect(() => encodeFrame({ ...text, kind: 'run' })).toThrow('a run of 1 events')
    expect(() => encodeFrame({ ...text, kind: 'run', events: new Array(65).fill(event) })).toThrow('of 65')
    expect(() => encodeFrame({ kind: 'ack', stream, seq: -1, prefix })).toThrow('varint')
  })

  it('never throw when damaged, and what is accepted encodes to the same bytes', () => {
    const samples = FRAMES.map(([, frame]) => encodeFrame(frame))
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const read = decodeFrame(bytes)
        if (read.ok) expect(hex(encodeFrame(read.value))).toBe(hex(bytes))
      }),
      { numRuns: fuzzRuns(3000) },
    )
  })

  it('never become more than they brought, however long they claim to be', () => {
    const samples = FRAMES.map(([, frame]) => encodeFrame(frame))
    /** Names of fields, and the prefix that a text frame states once and the value twice. */
    const overhead = 700
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const read = decodeFrame(bytes)
        if (read.ok) expect(weightOf(Object.values(read.value))).toBeLessThanOrEqual(bytes.length + overhead)
      }),
      { numRuns: fuzzRuns(1000) },
    )
    for (const claim of ['0240', '07ff', `0502${prefix}3f40`, '02010380087f', `0240${'00'.repeat(60)}`]) {
      expect(decodeFrame(bytesOf(claim)).ok).toBe(false)
    }
  })

  it('are read without changing their input', () => {
    const bytes = encodeFrame(text)
    const before = hex(bytes)
    decodeFrame(bytes)
    expect(hex(bytes)).toBe(before)
  })
})

/** A run frame with any number of events, which the encoder would refuse. */
function runOf(events: CompactFrame['events']): string {
  const two = hex(encodeFrame({ ...text, kind: 'run', events: [event, event] }))
  const one = hex(Uint8Array.of(0xb8, 0x17, ...event.salt, 4, ...event.body.text))
  const head = two.slice(0, two.length - 2 * one.length - 2)
  return head + events.length.toString(16).padStart(2, '0') + one.repeat(events.length)
}
