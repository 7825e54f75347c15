/** What a compact frame leaves out is put back exactly, or the receiver asks for the whole; never something else. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import type { EventId, StreamId } from '../../src/events/ids.ts'
import { type Base, compactFrame, type SenderView } from '../../src/wire/compact.ts'
import { decodeFrame, encodeFrame, prefixOf } from '../../src/wire/frame.ts'
import type { CompactFrame } from '../../src/wire/frame-compact.ts'
import { FRAME_MAX_BYTES, REBUILD_TRIES_MAX } from '../../src/wire/limits.ts'
import { openSealed } from '../../src/wire/open.ts'
import { isRebuilt, type ReceiverView, rebuild } from '../../src/wire/rebuild.ts'
import { verifyRun } from '../../src/wire/run.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
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
  STREAM,
  sealTexts,
} from '../support/sealing.ts'

const alice = deviceOf(1)
const bobTexts = sealTexts(['bob 0', 'bob 1', 'bob 2'], START, deviceOf(2))
const bobIds = bobTexts.map(event => event.id)
const bobTip = bobIds.at(-1)!
const [intro, first] = sealTexts(['alice 0', 'alice 1']) as [Opened, Opened]
const baseOf = ({ id, envelope }: Opened): Base => ({ id, seq: envelope.seq, at: envelope.at })

const sender: SenderView = {
  directStream: STREAM,
  base: baseOf(first),
  acknowledged: first.id,
  receiverTip: bobTip,
}

/** A receiver who has these events of Alice and of his own, the last acknowledged of Alice's being `first`. */
const receiver: ReceiverView = {
  directStream: STREAM,
  author: alice.device,
  acknowledged: () => [baseOf(first), baseOf(intro)],
  authored: (_stream, prefix) => [intro, first].filter(event => prefixOf(event.id) === prefix).map(baseOf),
  own: () => [...bobIds].reverse(),
  admitted: (_stream, prefix) => [...bobIds, intro.id, first.id].filter(id => prefixOf(id) === prefix),
}

const next = (texts: readonly string[], seen: readonly EventId[] = [bobTip]): Opened[] =>
  sealTexts(texts, chainAfter([intro, first], seen))

const over = (run: readonly Opened[], view = sender): CompactFrame => {
  const decoded = decodeFrame(encodeFrame(compactFrame(run, view)))
  expect(decoded.ok).toBe(true)
  return (decoded as { value: CompactFrame }).value
}

describe('a compact frame', () => {
  it('of "hi" in a conversation under way has at most 96 bytes, and rebuilds', () => {
    const run = next(['hi'])
    expect(encodeFrame(compactFrame(run, sender)).length).toBeLessThanOrEqual(96)
    expect(over(run)).toMatchObject({
      kind: 'text',
      stream: undefined,
      base: 'acknowledged',
      seen: 'receiver',
    })
    expect(rebuild(over(run), receiver)).toEqual({ ok: true, value: run })
  })

  it.each<[string, readonly EventId[], Partial<SenderView>]>([
    ['cites nothing', [], {}],
    ['cites several events by their prefixes', [...bobIds].sort(), {}],
    ["cites an older event of the receiver's", [bobIds[0]!], {}],
    ['names its base', [bobTip], { acknowledged: intro.id }],
    ['names its stream', [bobTip], { directStream: idOf<StreamId>(0x99) }],
  ])('rebuilds when it %s', (_name, seen, view) => {
    const run = next(['hello'], seen)
    expect(rebuild(over(run, { ...sender, ...view }), receiver)).toEqual({ ok: true, value: run })
  })

  it('rebuilds a first event, which has no base', () => {
    const [event] = sealTexts(['only'])
    const frame = over([event!], { ...sender, base: undefined })
    expect(frame.base).toBe('none')
    expect(rebuild(frame, receiver)).toEqual({ ok: true, value: [event] })
  })

  it('finds an older base and an older tip among the guesses', () => {
    const run = sealTexts(['x'], chainAfter([intro], [bobIds[0]!]))
    const frame = over(run, {
      ...sender,
      base: baseOf(intro),
      acknowledged: intro.id,
      receiverTip: bobIds[0],
    })
    expect(frame).toMatchObject({ base: 'acknowledged', seen: 'receiver' })
    expect(rebuild(frame, receiver)).toEqual({ ok: true, value: run })
  })

  it('carries runs: 50 short texts in one datagram', () => {
    const run = next(new Array(50).fill('hi'))
    const bytes = encodeFrame(compactFrame(run, sender))
    expect(bytes.length).toBeLessThanOrEqual(FRAME_MAX_BYTES)
    expect(rebuild(over(run), receiver)).toEqual({ ok: true, value: run })
  })

  it('carries other types as they are', () => {
    const drafts = [
      { type: 'chat.reacted', rev: 2, data: { to: new Uint8Array(32), with: '+' } },
      { type: 'chat.said', rev: 1, data: { text: 'x', more: 1 } },
      { type: 'chat.said', rev: 2, data: { text: 'x' } },
    ]
    const run = sealRun(drafts, chainAfter([first], [bobTip]), alice, countingEnvironment())
    expect(over(run).events.every(event => !('text' in event.body))).toBe(true)
    expect(rebuild(over(run), receiver)).toEqual({ ok: true, value: run })
  })

  it('rebuilds any texts', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(texts, given => {
        const run = next(given)
        expect(rebuild(over(run), receiver)).toEqual({ ok: true, value: run })
      }),
      { numRuns: 100 },
    )
  })

  it('rebuilds what opens to the same, and only the rebuilt object itself counts as such', () => {
    const rebuilt = rebuild(over(next(['one', 'two', 'x'.repeat(400)])), receiver)
    const events = rebuilt.ok ? rebuilt.value : []
    expect(events).toHaveLength(3)
    for (const event of events) {
      expect(openSealed(event)).toEqual({ ok: true, value: event })
      expect([event, { ...event }].map(isRebuilt)).toEqual([true, false])
    }
    expect(next(['own']).some(isRebuilt)).toBe(false)
  })

  it.each([
    ['a kept event', sealRun([keptDraft()], chainAfter([first]), alice, countingEnvironment()), sender],
    ['dropped data', next(['x']).map(({ salt: _salt, data: _data, ...rest }) => rest), sender],
    ['a base that is not its own', next(['x']), { ...sender, base: baseOf(intro) }],
    ['a base though it is the first', sealTexts(['x']), sender],
  ])('is not made of %s: it goes whole', (_name, run, view) => {
    const frame = compactFrame(run, view)
    expect(frame).toEqual({ kind: 'full', events: run })
    const decoded = decodeFrame(encodeFrame(frame))
    expect(decoded.ok && decoded.value.kind === 'full' && openRun(decoded.value.events)).toEqual({
      ok: true,
      value: run,
    })
  })

  it('changes neither the run nor the views', () => {
    const run = next(['x', 'y'])
    const before = run.map(event => hex(event.bytes))
    rebuild(over(run), receiver)
    expect(run.map(event => hex(event.bytes))).toEqual(before)
    expect(bobIds).toEqual(bobTexts.map(event => event.id))
  })
})

describe('rebuild', () => {
  const frame = over(next(['hello', 'there']))

  it.each<[string, Partial<ReceiverView>, string]>([
    ['no acknowledged head', { acknowledged: () => [] }, 'base-unknown'],
    ['other acknowledged heads', { acknowledged: () => [baseOf(intro)] }, 'no-guess-fits'],
    ['no own events', { own: () => [] }, 'seen-unknown'],
    ['other own events', { own: () => [bobIds[0]!] }, 'no-guess-fits'],
    ['another author', { author: deviceOf(2).device }, 'no-guess-fits'],
    ['another stream', { directStream: idOf<StreamId>(1) }, 'no-guess-fits'],
  ])('asks for the whole with %s', (_name, view, why) => {
    expect(rebuild(frame, { ...receiver, ...view })).toEqual({ ok: false, why })
  })

  it('asks for the whole when a named base or a cited event is unknown', () => {
    const named = over(next(['x']), { ...sender, acknowledged: undefined })
    expect(rebuild(named, { ...receiver, authored: () => [] })).toEqual({ ok: false, why: 'base-unknown' })
    const cited = over(next(['x'], [idOf<EventId>(0x42)]))
    expect(rebuild(cited, receiver)).toEqual({ ok: false, why: 'seen-unknown' })
  })

  it('hands on a wrong signature as it came, for the gate to refuse', () => {
    const sig = frame.sig.slice()
    sig[3]! ^= 1
    const run = rebuild({ ...frame, sig }, receiver)
    expect(run.ok && verifyRun(run.value)).toEqual({ ok: false, why: 'bad-signature' })
  })

  it('tries a bounded number of guesses', () => {
    let asked = 0
    const many = Array.from({ length: 1000 }, (_, index) => ({ ...baseOf(intro), seq: index }))
    const counted = new Proxy(many, {
      get: (target, key) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) asked += 1
        return Reflect.get(target, key)
      },
    })
    const view = { ...receiver, acknowledged: () => counted, own: () => [bobTip] }
    expect(rebuild(frame, view)).toEqual({ ok: false, why: 'no-guess-fits' })
    expect(asked).toBeLessThanOrEqual(REBUILD_TRIES_MAX + 1)
  })

  it.each<[string, Partial<CompactFrame>]>([
    ['a time before 1970', { events: [{ ...frame.events[0]!, sinceMs: -(2 ** 50) }, frame.events[1]!] }],
    [
      'a type that is none',
      { events: [{ ...frame.events[0]!, body: { type: ' ', rev: 1, data: Uint8Array.of(1) } }] },
    ],
  ])('refuses %s without a throw', (_name, change) => {
    expect(rebuild({ ...frame, ...change }, receiver)).toEqual({ ok: false, why: 'no-guess-fits' })
  })

  it('refuses a base that the frame also cites, and one at the end of all seqs', () => {
    const cited = over(next(['x'], [bobIds[0]!]), sender)
    const own = { ...receiver, admitted: () => [first.id] }
    expect(rebuild(cited, own)).toEqual({ ok: false, why: 'no-guess-fits' })
    const last = { ...baseOf(first), seq: Number.MAX_SAFE_INTEGER }
    expect(rebuild(frame, { ...receiver, acknowledged: () => [last] })).toEqual({
      ok: false,
      why: 'no-guess-fits',
    })
  })

  it('gives bytes of its own, not views of a datagram that will be overwritten', () => {
    const run = next(['hello'])
    const datagram = Buffer.from(encodeFrame(compactFrame(run, sender)))
    const decoded = decodeFrame(datagram) as { value: CompactFrame }
    const rebuilt = rebuild(decoded.value, receiver)
    datagram.fill(0)
    expect(rebuilt).toEqual({ ok: true, value: run })
    expect(rebuilt.ok && openRun(rebuilt.value.map(partsOf)).ok).toBe(true)
  })

  it('never throws on damaged frames, and yields only the runs that were sent', () => {
    const runs = [next(['hi']), next(['a', 'b', 'c']), next(['x'], [...bobIds].sort())]
    const sent = new Set(runs.flat().map(event => event.id))
    const samples = runs.map(run => encodeFrame(compactFrame(run, sender)))
    fc.assert(
      fc.property(mutated(samples), bytes => {
        const decoded = decodeFrame(bytes)
        if (!decoded.ok || (decoded.value.kind !== 'text' && decoded.value.kind !== 'run')) return
        const rebuilt = rebuild(decoded.value, receiver)
        if (rebuilt.ok) expect(rebuilt.value.every(event => sent.has(event.id))).toBe(true)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })
})
