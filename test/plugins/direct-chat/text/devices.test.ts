/** Somebody with two devices: each is sent everything on its own, and one of them having it counts as delivered. */
import { expect, it } from 'vitest'
import type { Recorded } from '../../../../src/events/envelope.ts'
import type { DeviceId, PersonId } from '../../../../src/events/ids.ts'
import type { Input, Output } from '../../../../src/kernel/api/index.ts'
import { DeliveryBook } from '../../../../src/plugins/direct-chat/text/delivery-book.ts'
import { type TextCommand, TextMachine } from '../../../../src/plugins/direct-chat/text/text-machine.ts'
import { encodeFrame, prefixOf } from '../../../../src/wire/frame.ts'
import { deviceOf, STREAM, sealTexts } from '../../../support/sealing.ts'

const [PHONE, DESK] = [deviceOf(7).device, deviceOf(8).device]
const SELF = deviceOf(1).device

function machine() {
  const book = new DeliveryBook()
  const who = { person: 'b'.repeat(64) as PersonId, stream: STREAM, mayBeHeard: true, mayBeTold: true }
  const acquaintances = {
    of: (device: DeviceId) => (device === PHONE || device === DESK ? who : undefined),
    devices: () => [PHONE, DESK],
  }
  const text = new TextMachine({ self: SELF, book, acquaintances })
  const step = (input: Input<TextCommand>): readonly Output[] =>
    text.step(input, { nowMs: 0, random: () => 0 })
  step({ kind: 'command', command: { kind: 'begin', saved: [] } })
  for (const device of [PHONE, DESK]) step({ kind: 'link', device, up: true })
  for (const output of step({ kind: 'command', command: { kind: 'reconsider', stream: STREAM } }))
    if (output.kind === 'fetch') step({ ...output, kind: 'fetched', events: [] })
  return { book, step }
}

it('sends to each device and counts the one that got furthest', () => {
  const { book, step } = machine()
  const [event] = sealTexts(['hi'])
  const recorded: Recorded = { position: 1, receivedAt: 0, via: 'self', status: 'admitted', event: event! }
  const sent = step({ kind: 'appended', recorded }).flatMap(output =>
    output.kind === 'send' ? output.to : [],
  )
  expect(sent).toEqual([PHONE, DESK])
  const bytes = encodeFrame({ kind: 'ack', stream: undefined, seq: 0, prefix: prefixOf(event!.id) })
  step({ kind: 'datagram', from: DESK, bytes })
  expect(book.of(STREAM, 0).state).toBe('delivered')
  expect(book.pointers(STREAM, PHONE).delivered).toBe(0)
})

it('takes nothing in before it was told what the keyspace remembers', () => {
  const text = new TextMachine({
    self: SELF,
    book: new DeliveryBook(),
    acquaintances: { of: () => undefined, devices: () => [PHONE] },
  })
  const recorded: Recorded = {
    position: 1,
    receivedAt: 0,
    via: 'self',
    status: 'admitted',
    event: sealTexts(['hi'])[0]!,
  }
  expect(text.step({ kind: 'appended', recorded }, { nowMs: 0, random: () => 0 })).toEqual([])
})
