/** Long messages in parts: joined in any order, bounded, and never mixed up. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ASSEMBLIES_PER_SENDER,
  ASSEMBLY_TIMEOUT_MS,
  DATAGRAM_MAX_BYTES,
  MESSAGE_MAX_BYTES,
} from '../../../../src/plugins/transport-ntm/signalling/limits.ts'
import { Assembler, splitMessage } from '../../../../src/plugins/transport-ntm/signalling/parts.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'

const messageOf = (length: number, fill = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at === 0 ? 0x93 : (at * fill) & 0xff))

const takeAll = (assembler: Assembler, parts: readonly Uint8Array[], nowMs = 0, sender = 'a') =>
  parts.map(part => assembler.take(sender, part, nowMs))

describe('a message in parts', () => {
  test.each([1, DATAGRAM_MAX_BYTES, DATAGRAM_MAX_BYTES + 1, 5000, MESSAGE_MAX_BYTES])(
    'of %i bytes is joined from any order',
    length => {
      const message = messageOf(length)
      const parts = splitMessage(message)
      expect(parts.every(part => part.length <= DATAGRAM_MAX_BYTES)).toBe(true)
      const joined = takeAll(new Assembler(), [...parts].reverse())
      const whole = joined.pop()
      expect(joined.every(result => result.ok && result.value === undefined)).toBe(true)
      expect(Buffer.compare(whole?.ok ? whole.value! : Buffer.of(), message)).toBe(0)
    },
  )

  test('too large for eight parts is our own mistake', () => {
    expect(() => splitMessage(messageOf(MESSAGE_MAX_BYTES + 1))).toThrow(RangeError)
  })

  test('is completed by the parts of a retransmission', () => {
    const parts = splitMessage(messageOf(3000))
    const assembler = new Assembler()
    takeAll(assembler, [parts[0]!, parts[0]!, parts[2]!])
    const whole = assembler.take('a', parts[1]!, 0)
    expect(whole.ok && Uint8Array.from(whole.value!)).toEqual(messageOf(3000))
  })

  test('is not completed by another sender, by another message, or too late', () => {
    const parts = splitMessage(messageOf(2000))
    const others = splitMessage(messageOf(2000, 3))
    const assembler = new Assembler()
    takeAll(assembler, [parts[0]!])
    expect(assembler.take('b', parts[1]!, 0)).toEqual({ ok: true, value: undefined })
    expect(assembler.take('a', others[1]!, 0)).toEqual({ ok: true, value: undefined })
    expect(assembler.take('a', parts[1]!, ASSEMBLY_TIMEOUT_MS + 1)).toEqual({ ok: true, value: undefined })
  })

  test('one sender cannot hold more than a few half messages', () => {
    const assembler = new Assembler()
    const first = splitMessage(messageOf(2000))
    takeAll(assembler, [first[0]!])
    for (let other = 0; other < ASSEMBLIES_PER_SENDER; other += 1)
      takeAll(assembler, [splitMessage(messageOf(2000, other + 2))[0]!])
    expect(assembler.take('a', first[1]!, 0)).toEqual({ ok: true, value: undefined })
  })

  test('whatever a stranger sends is refused or taken, never thrown', () => {
    const assembler = new Assembler()
    const parts = [...splitMessage(messageOf(3000)), ...splitMessage(messageOf(1500))]
    fc.assert(
      fc.property(
        fc.nat(parts.length - 1),
        fc.nat(12),
        fc.nat(255),
        fc.nat(1200),
        (index, at, value, cut) => {
          const bytes = Uint8Array.from(parts[index]!)
          bytes[at] = value
          const result = assembler.take('x', bytes.subarray(0, bytes.length - cut), 0)
          if (result.ok && result.value !== undefined)
            expect(result.value.length).toBeLessThanOrEqual(MESSAGE_MAX_BYTES)
        },
      ),
      { numRuns: fuzzRuns(2000) },
    )
    expect(assembler.take('x', new Uint8Array(), 0)).toEqual({ ok: false, why: 'part-empty' })
  })
})
