/** Damaged and hostile packets against a whole stack: it never throws and never answers with more than came. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { createEnd } from './ends.ts'
import { ALICE, ALICE_V4, anyPacket, BOB, BOB_V4, damagedPacket } from './packets.ts'

const FROM_ALICE = { allowed: [ALICE, ALICE_V4] }

it('answers no packet with more bytes than it brought, and never throws', () => {
  const bob = createEnd(BOB, BOB_V4)
  bob.stack.bind(1, () => {})
  bob.stack.ping(ALICE, 1, () => {})
  let answered = 0
  fc.assert(
    fc.property(fc.oneof(damagedPacket, anyPacket, fc.uint8Array({ maxLength: 1400 })), bytes => {
      bob.emitted.length = 0
      bob.nowMs += 1000
      bob.stack.receive(bytes, FROM_ALICE)
      const answerBytes = bob.emitted.reduce((sum, { packet }) => sum + packet.length, 0)
      expect(answerBytes).toBeLessThanOrEqual(bytes.length)
      if (answerBytes > 0) answered++
    }),
    { numRuns: fuzzRuns(3000) },
  )
  expect(answered).toBeGreaterThan(0)
})

it('gives every packet one fate: delivered, answered or counted', () => {
  fc.assert(
    fc.property(fc.oneof(damagedPacket, anyPacket), bytes => {
      const bob = createEnd(BOB, BOB_V4)
      bob.stack.receive(bytes, FROM_ALICE)
      expect(bob.dropped.length === 1 || bob.emitted.length === 1).toBe(true)
      expect(bob.dropped.length).toBeLessThanOrEqual(1)
    }),
    { numRuns: fuzzRuns(1000) },
  )
})
