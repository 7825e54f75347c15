/** The envelope has one byte form: everything valid comes back, every other spelling is refused by name. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../src/events/envelope.ts'
import { type DeviceId, type EventId, NO_STREAM, type StreamId } from '../../src/events/ids.ts'
import { decodeEnvelope, encodeEnvelope, envelopeFault } from '../../src/wire/envelope-codec.ts'
import { AT_MAX, DATA_MAX_BYTES, ENVELOPE_MAX_BYTES, REV_MAX } from '../../src/wire/limits.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import { bytesOf, hex, idOf } from '../support/sealing.ts'

const PLAIN: Envelope = {
  fmt: 1,
  stream: idOf<StreamId>(0xab),
  author: idOf<DeviceId>(0xcd),
  seq: 5,
  prev: idOf<EventId>(0x10),
  seen: [idOf<EventId>(0x01), idOf<EventId>(0x02)],
  at: 1_700_000_000_000,
  type: 'chat.said',
  rev: 1,
  flags: 0,
  dataLen: 9,
  dataHash: idOf(0xee),
}
const PLAIN_BYTES = encodeEnvelope(PLAIN)
const PLAIN_HEX = hex(PLAIN_BYTES)

const id = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(bytes => hex(bytes) as EventId)
  .filter(given => given !== (NO_STREAM as string))
const size = (max: number) =>
  fc
    .oneof(fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32), fc.nat({ max }))
    .map(given => Math.min(given, max))
const envelope: fc.Arbitrary<Envelope> = fc
  .record({
    fmt: fc.constant(1),
    stream: id as fc.Arbitrary<string> as fc.Arbitrary<StreamId>,
    author: id as fc.Arbitrary<string> as fc.Arbitrary<DeviceId>,
    seq: fc.oneof(fc.maxSafeNat(), size(2 ** 33)),
    prev: id,
    seen: fc.uniqueArray(id, { maxLength: 8 }).map(ids => ids.sort()),
    at: size(AT_MAX),
    type: fc.stringMatching(/^[!-~]{1,64}$/),
    rev: size(REV_MAX),
    flags: fc.constantFrom(0, 1),
    dataLen: size(DATA_MAX_BYTES),
    dataHash: id,
  })
  .map(given => ({
    ...given,
    prev: given.seq === 0 ? undefined : given.prev,
    seen: given.seen.filter(seen => seen !== given.prev),
  }))

/** PLAIN with the bytes `from` (which must occur once) replaced. */
const respelled = (from: string, to: string): Uint8Array => {
  expect(PLAIN_HEX.split(from)).toHaveLength(2)
  return bytesOf(PLAIN_HEX.replace(from, to))
}

describe('encodeEnvelope and decodeEnvelope', () => {
  it('give back every valid envelope', () => {
    fc.assert(
      fc.property(envelope, given => {
        const bytes = encodeEnvelope(given)
        expect(bytes.length).toBeLessThanOrEqual(ENVELOPE_MAX_BYTES)
        expect(decodeEnvelope(bytes)).toEqual({ ok: true, value: given })
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })

  it('write a founding event', () => {
    const founding = { ...PLAIN, stream: NO_STREAM, seq: 0, prev: undefined, seen: [] }
    expect(decodeEnvelope(encodeEnvelope(founding))).toEqual({ ok: true, value: founding })
  })

  it('give bytes that later envelopes do not overwrite, and leave their arguments unchanged', () => {
    const frozen = Object.freeze({ ...PLAIN, seen: Object.freeze([...PLAIN.seen]) })
    const bytes = encodeEnvelope(frozen)
    encodeEnvelope({ ...PLAIN, seq: 77 })
    decodeEnvelope(bytes)
    expect(hex(bytes)).toBe(PLAIN_HEX)
  })

  it('read a view into a larger buffer', () => {
    const larger = Buffer.alloc(PLAIN_BYTES.length + 10, 0xff)
    larger.set(PLAIN_BYTES, 5)
    expect(decodeEnvelope(larger.subarray(5, 5 + PLAIN_BYTES.length))).toEqual({ ok: true, value: PLAIN })
  })
})

describe('decodeEnvelope', () => {
  const [first, second] = [`c420${'01'.repeat(32)}`, `c420${'02'.repeat(32)}`]
  const type = 'a9636861742e73616964'
  const tail = `010009c420${'ee'.repeat(32)}`

  it.each([
    ['an array of eleven', respelled('9c01c420abab', '9b01c420abab'), 'not-an-envelope'],
    ['format 0', respelled('9c01c420abab', '9c00c420abab'), 'not-an-envelope'],
    ['an array16 head', respelled('9c01c420abab', 'dc000c01c420abab'), 'not-an-envelope'],
    ['an id as text', respelled('c420abab', 'd920abab'), 'not-an-id'],
    ['an id of 31 bytes', respelled('c420ababab', 'c41fabab'), 'not-an-id'],
    ['an id under a bin16 head', respelled('c420abab', 'c50020abab'), 'not-an-id'],
    ['seq 5 in two bytes', respelled('cd05c420', 'cdcc05c420'), 'integer-not-shortest'],
    ['seq 255 in three bytes', respelled('cd05c420', 'cdcd00ffc420'), 'integer-not-shortest'],
    ['seq 65535 in five bytes', respelled('cd05c420', 'cdce0000ffffc420'), 'integer-not-shortest'],
    ['seq 2^32 - 1 in nine bytes', respelled('cd05c420', 'cdcf00000000ffffffffc420'), 'integer-not-shortest'],
    ['seq 2^53', respelled('cd05c420', 'cdcf0020000000000000c420'), 'integer-too-large'],
    ['a negative seq', respelled('cd05c420', 'cdffc420'), 'not-an-integer'],
    ['a float seq', respelled('cd05c420', 'cdca3f800000c420'), 'not-an-integer'],
    ['a second event with no prev', respelled(`05c420${'10'.repeat(32)}`, '05c0'), 'prev-and-seq-disagree'],
    ['a first event with prev', respelled('cd05c420', 'cd00c420'), 'prev-and-seq-disagree'],
    ['a founding event with seen', respelled(`${'ab'.repeat(32)}`, '00'.repeat(32)), 'not-a-founding-event'],
    ['seen out of order', respelled(first + second, second + first), 'seen-not-sorted'],
    ['seen twice', respelled(first + second, first + first), 'seen-not-sorted'],
    ['seen with prev in it', respelled(second, `c420${'10'.repeat(32)}`), 'seen-cites-prev'],
    ['nine seen', respelled(`92${first}`, `99${first}`), 'too-many-seen'],
    ['seen that is no array', respelled(`92${first}`, `c0${first}`), 'too-many-seen'],
    ['at 2^48', respelled('cf0000018bcfe56800', 'cf0001000000000000'), 'integer-too-large'],
    ['a type under a str8 head', respelled(type, `d909${type.slice(2)}`), 'not-a-type'],
    ['an empty type', respelled(type, 'a0'), 'not-a-type'],
    ['a type of 65 bytes', respelled(type, `d941${'61'.repeat(65)}`), 'not-a-type'],
    ['a type with a space', respelled('63686174', '63206174'), 'not-a-type'],
    ['a type beyond ASCII', respelled('63686174', '63e96174'), 'not-a-type'],
    ['a type as bytes', respelled(type, `c409${type.slice(2)}`), 'not-a-type'],
    ['rev 65536', respelled(tail, `ce00010000${tail.slice(2)}`), 'integer-too-large'],
    ['dataLen beyond the limit', respelled(tail, `0100ce00010401${tail.slice(6)}`), 'integer-too-large'],
    ['a byte after', bytesOf(`${PLAIN_HEX}00`), 'trailing'],
    ['nothing', new Uint8Array(0), 'not-an-envelope'],
    ['more than 1024 bytes', new Uint8Array(1025), 'too-long'],
    ['an unknown flag', respelled(tail, `0102${tail.slice(4)}`), 'needs-newer'],
    ['a large unknown flag', respelled(tail, `01ce80000001${tail.slice(4)}`), 'needs-newer'],
    ['format 2', respelled('9c01c420abab', '9c02c420abab'), 'needs-newer'],
    ['format 2 of another length', bytesOf('930201c0'), 'needs-newer'],
  ])('refuses %s', (_name, bytes, why) => {
    expect(decodeEnvelope(bytes)).toEqual({ ok: false, why })
  })

  it('refuses every proper beginning', () => {
    for (let length = 2; length < PLAIN_BYTES.length; length += 1) {
      const result = decodeEnvelope(PLAIN_BYTES.subarray(0, length))
      expect(result.ok, `${length} bytes`).toBe(false)
    }
    expect(decodeEnvelope(PLAIN_BYTES.subarray(0, 40))).toEqual({ ok: false, why: 'truncated' })
  })

  it('never throws, and whatever it accepts encodes to the very same bytes', () => {
    const samples = [
      PLAIN_BYTES,
      encodeEnvelope({ ...PLAIN, stream: NO_STREAM, seq: 0, prev: undefined, seen: [] }),
      encodeEnvelope({ ...PLAIN, seq: 2 ** 40, type: 'x'.repeat(64), rev: 300, dataLen: 66_000 }),
    ]
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const read = decodeEnvelope(bytes)
        if (read.ok) expect(hex(encodeEnvelope(read.value))).toBe(hex(bytes))
      }),
      { numRuns: fuzzRuns(3000) },
    )
  })
})

describe('encodeEnvelope', () => {
  it.each<[string, Partial<Envelope>, string]>([
    ['another format', { fmt: 2 }, 'not-an-envelope'],
    ['a fraction', { at: 1.5 }, 'integer-too-large'],
    ['a negative seq', { seq: -1 }, 'integer-too-large'],
    ['an unknown flag', { flags: 2 }, 'needs-newer'],
    [
      'nine seen',
      { seen: new Array(9).fill(0).map((_, index) => idOf<EventId>(0x20 + index)) },
      'too-many-seen',
    ],
    ['unsorted seen', { seen: [...PLAIN.seen].reverse() }, 'seen-not-sorted'],
    ['an empty type', { type: '' }, 'not-a-type'],
  ])('throws on %s, which envelopeFault names', (_name, change, why) => {
    const wrong = { ...PLAIN, ...change }
    expect(envelopeFault(wrong)).toBe(why)
    expect(() => encodeEnvelope(wrong)).toThrow(why)
  })

  it.each(['', 'ab', 'zz'.repeat(32), 'ab'.repeat(33)])('throws on the id %s', wrong => {
    expect(() => encodeEnvelope({ ...PLAIN, dataHash: wrong })).toThrow('not an id')
  })
})
