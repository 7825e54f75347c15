/** From drafts to sealed events and back through strangers' hands: nothing changed gets past opening and the run. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EventId, NO_STREAM } from '../../src/events/ids.ts'
import { encodeEnvelope } from '../../src/wire/envelope-codec.ts'
import { dataHash } from '../../src/wire/hash.ts'
import { RUN_MAX_BYTES, RUN_MAX_EVENTS, TEXT_MAX_BYTES } from '../../src/wire/limits.ts'
import { readData } from '../../src/wire/msgpack.ts'
import { openSealed } from '../../src/wire/open.ts'
import { splitRuns, verifyRun } from '../../src/wire/run.ts'
import { sealRun } from '../../src/wire/seal.ts'
import {
  chainAfter,
  countingEnvironment,
  deviceOf,
  hex,
  idOf,
  keptDraft,
  openRun,
  partsOf,
  START,
  said,
  sealTexts,
} from '../support/sealing.ts'

const signer = deviceOf(1)

describe('sealRun', () => {
  it('chains the events and signs only the last', () => {
    const run = sealTexts(['a', 'b', 'c'])
    expect(run.map(event => event.envelope.seq)).toEqual([0, 1, 2])
    expect(run.map(event => event.envelope.prev)).toEqual([undefined, run[0]!.id, run[1]!.id])
    expect(run.map(event => event.sig !== undefined)).toEqual([false, false, true])
    expect(verifyRun(run)).toEqual({ ok: true, value: run })
  })

  it('cites seen, sorted, in the first event alone', () => {
    const tips = [idOf<EventId>(9), idOf<EventId>(3)]
    const run = sealTexts(['a', 'b'], chainAfter(sealTexts(['before']), tips))
    expect(run.map(event => event.envelope.seen)).toEqual([[idOf(3), idOf(9)], []])
  })

  it('salts every event differently and takes the time of each', () => {
    const run = sealTexts(['same', 'same'])
    expect(hex(run[0]!.salt!)).not.toBe(hex(run[1]!.salt!))
    expect(run[1]!.envelope.at).toBe(run[0]!.envelope.at + 1)
    expect(run[0]!.envelope.dataHash).not.toBe(run[1]!.envelope.dataHash)
  })

  it('gives each kept event a signature of its own, so that it is never in the middle', () => {
    const drafts = [said('a'), keptDraft(), said('b'), said('c')]
    const events = sealRun(drafts, START, signer, countingEnvironment())
    expect(events.map(event => event.sig !== undefined)).toEqual([false, true, false, true])
    const { runs, uncovered } = splitRuns(events)
    expect(runs.map(run => run.length)).toEqual([2, 2])
    expect(runs.every(run => verifyRun(run).ok)).toBe(true)
    expect(uncovered).toEqual([])
  })

  it('ends a run at 64 events', () => {
    const events = sealTexts(new Array(130).fill('x'))
    expect(splitRuns(events).runs.map(run => run.length)).toEqual([RUN_MAX_EVENTS, RUN_MAX_EVENTS, 2])
  })

  it('ends a run before 64 KiB, and lets a single event be longer', () => {
    const long = 'x'.repeat(RUN_MAX_BYTES / 3)
    const events = sealTexts([long, long, long, 'x'.repeat(TEXT_MAX_BYTES), 'y'])
    const { runs } = splitRuns(events)
    expect(runs.map(run => run.length)).toEqual([2, 1, 1, 1])
    expect(runs.map(run => openRun(run.map(partsOf)).ok)).toEqual([true, true, true, true])
  })

  it('seals nothing into nothing, and changes neither drafts nor chain', () => {
    const seen = Object.freeze([idOf<EventId>(9), idOf<EventId>(3)])
    const chain = Object.freeze({ ...chainAfter(sealTexts(['before'])), seen })
    const drafts = Object.freeze([Object.freeze(said('a'))])
    expect(sealRun([], chain, signer, countingEnvironment())).toEqual([])
    expect(sealRun(drafts, chain, signer, countingEnvironment())).toHaveLength(1)
  })

  it('throws on data that is too long', () => {
    expect(() => sealTexts(['x'.repeat(70_000)])).toThrow('too-long')
  })
})

describe('openSealed', () => {
  const [event] = sealTexts(['hello'])
  const parts = partsOf(event!)
  const [kept] = sealRun([keptDraft()], START, signer, countingEnvironment())
  const keptParts = partsOf(kept!)

  it('gives the same event, its id recomputed', () => {
    expect(openSealed(parts)).toEqual({ ok: true, value: event })
    expect(openSealed({ ...parts, id: idOf<EventId>(0) } as typeof parts)).toEqual({ ok: true, value: event })
  })

  it('accepts an event whose data was dropped', () => {
    const { bytes, sig } = parts
    const opened = openSealed({ bytes, sig: sig! })
    expect(opened.ok && opened.value.id).toBe(event!.id)
    expect(opened.ok && verifyRun([opened.value]).ok).toBe(true)
  })

  it('never throws and never accepts other data, whatever the data is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 20 }), (data, salt) => {
        expect(openSealed({ ...parts, data, salt })).toEqual({ ok: false, why: 'data-not-as-committed' })
      }),
      { numRuns: 200 },
    )
  })

  const unreadable = Uint8Array.of(0xc1)
  it.each([
    ['a short signature', { ...parts, sig: parts.sig!.subarray(1) }, 'bad-signature-length'],
    ['a salt alone', { bytes: parts.bytes, salt: parts.salt! }, 'salt-without-data'],
    ['data alone', { bytes: parts.bytes, data: parts.data! }, 'salt-without-data'],
    ['another salt', { ...parts, salt: new Uint8Array(16) }, 'data-not-as-committed'],
    ['a kept event without data', { bytes: keptParts.bytes, sig: keptParts.sig! }, 'kept-data-missing'],
    ['a kept event without signature', { ...keptParts, sig: undefined }, 'kept-unsigned'],
    ['a cut envelope', { ...parts, bytes: parts.bytes.subarray(0, 90) }, 'truncated'],
  ])('refuses %s', (_name, given, why) => {
    expect(openSealed(given as typeof parts)).toEqual({ ok: false, why })
  })

  it('refuses a kept event whose data cannot be read, though it is as committed', () => {
    const salt = new Uint8Array(16)
    const envelope = { ...kept!.envelope, dataLen: 1, dataHash: dataHash(salt, unreadable) }
    const given = { bytes: encodeEnvelope(envelope), sig: new Uint8Array(64), salt, data: unreadable }
    expect(openSealed(given)).toEqual({ ok: false, why: 'kept-data-unreadable' })
  })

  it('leaves the data for its reader', () => {
    expect(readData(parts.data!)).toEqual({ ok: true, value: { text: 'hello' } })
  })
})

describe('verifyRun', () => {
  const run = sealTexts(['a', 'b', 'c'])
  const [a, b, c] = run as [(typeof run)[0], (typeof run)[0], (typeof run)[0]]
  const { sig, ...unsigned } = c
  const wrong = sig!.slice()
  wrong[7]! ^= 1
  const stranger = sealTexts(['x'], chainAfter([a]), deviceOf(2))
  const keptRun = sealRun([keptDraft(), said('b')], START, signer, countingEnvironment())
  const { sig: _sig, ...keptUnsigned } = keptRun[0]!
  const elsewhere = sealTexts(['c'], { ...chainAfter([a, b]), stream: idOf(0x77) })

  it.each([
    ['no events', [], 'empty'],
    ['a missing middle', [a, c], 'not-one-chain'],
    ['events out of order', [b, a, c], 'not-one-chain'],
    ['an event twice', [a, b, b, c], 'not-one-chain'],
    ['another author in it', [a, ...stranger], 'not-one-chain'],
    ['another stream in it', [a, b, ...elsewhere], 'not-one-chain'],
    ['no signature', [a, b, unsigned], 'unsigned'],
    ['its end cut off', [a, b], 'unsigned'],
    ['a signature with one bit changed', [a, b, { ...c, sig: wrong }], 'bad-signature'],
    ["another event's signature", [a, b, { ...c, sig: sealTexts(['z'])[0]!.sig! }], 'bad-signature'],
    ['a signature in the middle', [a, { ...b, sig: sig! }, c], 'signed-in-the-middle'],
    ['a kept event in the middle', [keptUnsigned, keptRun[1]!], 'kept-in-the-middle'],
    ['a signed kept event in the middle', keptRun, 'signed-in-the-middle'],
    ['65 events', [...sealTexts(new Array(65).fill('x'))], 'too-many-events'],
  ])('refuses %s', (_name, events, why) => {
    expect(verifyRun(events)).toEqual({ ok: false, why })
  })

  it('refuses a run of more than 64 KiB, also when its data was dropped', () => {
    const long = sealTexts(['x'.repeat(RUN_MAX_BYTES - 300), 'y'.repeat(300)])
    const joined = long.map(({ id, bytes, envelope, sig: signature }, index) =>
      index === 0 ? { id, bytes, envelope } : { id, bytes, envelope, sig: signature! },
    )
    expect(verifyRun(joined)).toEqual({ ok: false, why: 'too-many-bytes' })
  })

  it('accepts a run that ends in a kept event', () => {
    expect(verifyRun(sealRun([said('a'), keptDraft()], START, signer, countingEnvironment())).ok).toBe(true)
  })

  it('covers every event through the chain: a changed one breaks it', () => {
    const [forged] = sealTexts(['A', 'unused'])
    expect(forged!.sig).toBeUndefined()
    expect(verifyRun([forged!, b, c])).toEqual({ ok: false, why: 'not-one-chain' })
    expect(openRun([forged!, b, c].map(partsOf))).toEqual({ ok: false, why: 'not-one-chain' })
  })
})

describe('a founding event', () => {
  it('is sealed in no stream, as seq 0', () => {
    const chain = { stream: NO_STREAM, seq: 0, prev: undefined, seen: [] }
    const [founding] = sealRun([keptDraft()], chain, signer, countingEnvironment())
    expect(openRun([partsOf(founding!)]).ok).toBe(true)
  })
})
