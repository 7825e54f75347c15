/** The heap of deadlines against a model that looks at everything each time. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deadlines, type Waiter } from '../../../../src/plugins/transport-ntm/tunnel/deadlines.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'

const step = fc.record({
  act: fc.constantFrom('wakeBy', 'wakeBy', 'wakeBy', 'remove', 'takeDue'),
  who: fc.nat(19),
  at: fc.nat(100),
})

describe('deadlines', () => {
  it('wake the earliest first, each when it asked or before, and nobody who left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), steps => {
        const deadlines = new Deadlines<Waiter>()
        const waiters = Array.from({ length: 20 }, () => ({ wakeAt: 0, heapIndex: -1 }))
        const model = new Map<Waiter, number>()
        for (const { act, who, at } of steps) {
          const waiter = waiters[who]!
          if (act === 'wakeBy') {
            deadlines.wakeBy(waiter, at)
            model.set(waiter, Math.min(at, model.get(waiter) ?? Number.POSITIVE_INFINITY))
          } else if (act === 'remove') {
            deadlines.remove(waiter)
            model.delete(waiter)
          } else {
            const earliest = Math.min(...model.values())
            const taken = deadlines.takeDue(at)
            expect(taken === undefined).toBe(earliest > at)
            if (taken !== undefined) expect(model.get(taken)).toBe(earliest)
            if (taken !== undefined) model.delete(taken)
          }
          expect(deadlines.next).toBe(model.size === 0 ? undefined : Math.min(...model.values()))
        }
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it('that never come are not kept', () => {
    const deadlines = new Deadlines<Waiter>()
    deadlines.wakeBy({ wakeAt: 0, heapIndex: -1 }, Number.POSITIVE_INFINITY)
    expect(deadlines.next).toBeUndefined()
  })
})
