/** Datagrams that nobody sane would send: the machine never throws, never answers with more than came, and goes on. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { DeviceId } from '../../../../src/events/ids.ts'
import { GAP_FIRST_MS, GAP_TRIES_MAX } from '../../../../src/plugins/direct-chat/text/limits.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { mutated } from '../../../support/mutations.ts'
import type { Home } from '../support/home.ts'
import { FAIR, isAllDelivered, World } from '../support/two-homes.ts'

/** All that one datagram sets off is over by then: asking for what lies in a gap takes longest. */
const QUIET_AFTER_MS = GAP_FIRST_MS * 2 ** (GAP_TRIES_MAX + 2)

/** A conversation with every kind of frame in it, and all datagrams that one side sent. */
function recordedTalk(): readonly Uint8Array[] {
  const world = new World(1, { ...FAIR, loss: 0.2 })
  const [alice, bob] = world.homes
  world.run(50)
  world.join()
  alice.submit([{ type: 'test.kept', rev: 1, data: { word: 'x' }, kept: true }])
  bob.say(['hi'])
  world.run(1_000)
  alice.say(['one', 'two'])
  alice.say(['x'.repeat(4_000)])
  bob.say(['y'])
  world.run(60_000)
  return alice.sent
}

function peaceful(): { world: World; bob: Home } {
  const world = new World(2, FAIR)
  world.run(50)
  world.join()
  world.run(50)
  return { world, bob: world.homes[1] }
}

it('takes any damage of any frame', () => {
  const talk = recordedTalk()
  const { world, bob } = peaceful()
  fc.assert(
    fc.property(mutated(talk), bytes => {
      const before = bob.sent.length
      bob.feed({ kind: 'datagram', from: bob.peer.device, bytes })
      world.run(50)
      expect(bob.sent.length - before).toBeLessThanOrEqual(1)
      world.run(QUIET_AFTER_MS)
      const answers = bob.sent.slice(before)
      expect(answers.reduce((sum, answer) => sum + answer.length, 0)).toBeLessThanOrEqual(bytes.length)
    }),
    { numRuns: fuzzRuns(2_000), endOnFailure: true },
  )
  bob.say(['still there?'])
  world.run(1_000)
  expect(bob.pointers.delivered).toBe(1)
})

it('is nobody to strangers', () => {
  const { world, bob } = peaceful()
  for (const bytes of recordedTalk()) bob.feed({ kind: 'datagram', from: 'f'.repeat(64) as DeviceId, bytes })
  world.run(1_000)
  expect(bob.sent).toEqual([])
  expect(isAllDelivered(world)).toBe(true)
})
