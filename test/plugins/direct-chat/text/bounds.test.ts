/** What one device may make another one remember, and how long it is asked for what it holds back. */
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../../src/events/envelope.ts'
import type { PersonId } from '../../../../src/events/ids.ts'
import type { Input, Output } from '../../../../src/kernel/api/index.ts'
import { DeliveryBook } from '../../../../src/plugins/direct-chat/text/delivery-book.ts'
import { EarlyFrames } from '../../../../src/plugins/direct-chat/text/early-frames.ts'
import {
  EARLY_BYTES_MAX,
  EARLY_FRAMES_MAX,
  GAP_FIRST_MS,
  GAP_TRIES_MAX,
  GIVE_BACK_EVERY_MS,
  PENDING_MAX,
  UNREAD_DATAGRAMS_MAX,
} from '../../../../src/plugins/direct-chat/text/limits.ts'
import { type TextCommand, TextMachine } from '../../../../src/plugins/direct-chat/text/text-machine.ts'
import { decodeFrame, encodeFrame } from '../../../../src/wire/frame.ts'
import { chainAfter, deviceOf, idOf, START, STREAM, sealTexts } from '../../../support/sealing.ts'

const [SELF, PEER] = [deviceOf(1).device, deviceOf(7)]

/** As many texts, each with a signature of its own. */
function textsOf(count: number): readonly Opened[] {
  const events: Opened[] = []
  for (let index = 0; index < count; index += 1)
    events.push(...sealTexts(['hi'], events.length === 0 ? START : chainAfter(events.slice(-1)), PEER))
  return events
}

const whole = (event: Opened): Uint8Array => encodeFrame({ kind: 'full', events: [event] })

/** A machine that talks to one device, and has not yet read from the log where their conversation stands. */
function acquainted() {
  const who = { person: idOf<PersonId>(0xbb), stream: STREAM, mayBeHeard: true, mayBeTold: true }
  const text = new TextMachine({
    self: SELF,
    book: new DeliveryBook(),
    acquaintances: { of: device => (device === PEER.device ? who : undefined), devices: () => [PEER.device] },
  })
  let nowMs = 0
  const step = (input: Input<TextCommand>, atMs = nowMs): readonly Output[] => {
    nowMs = atMs
    return text.step(input, { nowMs, random: () => 0 })
  }
  const hears = (event: Opened) => step({ kind: 'datagram', from: PEER.device, bytes: whole(event) })
  step({ kind: 'command', command: { kind: 'begin', saved: [] } })
  step({ kind: 'link', device: PEER.device, up: true })
  step({ kind: 'command', command: { kind: 'reconsider', stream: STREAM } })
  const readLog = () => step({ kind: 'fetched', stream: STREAM, author: PEER.device, fromSeq: 0, events: [] })
  return { step, hears, readLog, now: () => nowMs }
}

const handedIn = (outputs: readonly Output[]): number =>
  outputs.filter(({ kind }) => kind === 'ingest').length

const asksFor = (outputs: readonly Output[]): number =>
  outputs.filter(output => {
    const frame = output.kind === 'send' ? decodeFrame(output.bytes) : undefined
    return frame?.ok === true && frame.value.kind === 'needFull'
  }).length

const wakesOf = (outputs: readonly Output[], timer: 'gap') =>
  outputs.flatMap(output => (output.kind === 'wake' && output.timer.startsWith(timer) ? [output] : []))

describe('runs at the gate', () => {
  it('are no more than the most, and one verdict makes room for one more', () => {
    const { step, hears, readLog } = acquainted()
    readLog()
    const texts = textsOf(PENDING_MAX + 2)
    const over = texts.slice(PENDING_MAX)
    expect(handedIn(texts.slice(0, PENDING_MAX).flatMap(hears))).toBe(PENDING_MAX)
    expect(handedIn(over.flatMap(hears))).toBe(0)
    step({ kind: 'ingested', from: PEER.device, verdicts: [{ id: texts[0]!.id, kind: 'admitted' }] })
    expect(handedIn(over.flatMap(hears))).toBe(1)
  })
})

describe('datagrams that come before the log was read', () => {
  it('are no more than the most', () => {
    const { hears, readLog } = acquainted()
    const early = textsOf(UNREAD_DATAGRAMS_MAX + 5).flatMap(hears)
    expect(handedIn(early)).toBe(0)
    expect(handedIn(readLog())).toBe(UNREAD_DATAGRAMS_MAX)
  })
})

describe('frames that come before their time', () => {
  const prefix = (index: number): string => index.toString(16).padStart(16, '0')

  it.each([
    { of: 'short ones', bytes: 1, most: EARLY_FRAMES_MAX },
    { of: 'long ones', bytes: EARLY_BYTES_MAX / 16, most: 16 },
  ])('are no more than $most of $of, and one that leaves makes room for one more', ({ bytes, most }) => {
    const early = new EarlyFrames()
    const keep = (index: number) => early.keep(prefix(index), prefix(index), new Uint8Array(bytes))
    const released = (index: number) => early.release(prefix(index))?.length
    for (let index = 0; index <= most; index += 1) keep(index)
    expect(released(most)).toBeUndefined()
    expect(released(most - 1)).toBe(bytes)
    keep(most)
    keep(most + 1)
    expect(released(most)).toBe(bytes)
    expect(released(most + 1)).toBeUndefined()
  })

  it('show a gap that is asked about after ever longer pauses, and in the end no more', () => {
    const { step, hears, readLog, now } = acquainted()
    readLog()
    let outputs = hears(textsOf(2)[1]!)
    const [pauses, asked]: [number[], number[]] = [[], []]
    for (
      let wake = wakesOf(outputs, 'gap')[0];
      wake?.afterMs !== undefined;
      wake = wakesOf(outputs, 'gap')[0]
    ) {
      pauses.push(wake.afterMs)
      outputs = step({ kind: 'woke', timer: wake.timer }, now() + wake.afterMs)
      asked.push(asksFor(outputs))
    }
    const tries = Array.from({ length: GAP_TRIES_MAX + 1 }, (_, index) => index)
    expect(pauses).toEqual(tries.map(times => GAP_FIRST_MS * 2 ** times))
    expect(asked).toEqual(tries.map(times => (times < GAP_TRIES_MAX ? 1 : 0)))
  })
})

describe('a device that has lost its own words', () => {
  const want = encodeFrame({ kind: 'want', stream: undefined, ids: [idOf(1)] })

  it('may ask for them, but not more often than once a second', () => {
    const { step, readLog, now } = acquainted()
    readLog()
    const asks = (atMs: number): number =>
      step({ kind: 'datagram', from: PEER.device, bytes: want }, atMs).filter(({ kind }) => kind === 'find')
        .length
    const startMs = now()
    expect([0, 1, GIVE_BACK_EVERY_MS - 1, GIVE_BACK_EVERY_MS].map(ms => asks(startMs + ms))).toEqual([
      1, 0, 0, 1,
    ])
  })

  it('is given what it wrote, and nothing that somebody else wrote', () => {
    const { step } = acquainted()
    const given = (run: readonly Opened[]): number =>
      step({ kind: 'found', device: PEER.device, stream: STREAM, runs: [run] }).length
    expect(given(textsOf(1))).toBe(1)
    expect(given(sealTexts(['mine'], START, deviceOf(1)))).toBe(0)
  })
})
