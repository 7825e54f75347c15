/** Who may ask for files at the same time: strangers never take the places of people who are talked to. */
import { expect, it } from 'vitest'
import { Admission, type Pass } from '../../../src/plugins/files/admission.ts'
import {
  BUSY_MAX,
  SERVED_EACH_MAX,
  SERVED_MAX,
  SERVED_STRANGERS_MAX,
} from '../../../src/plugins/files/limits.ts'

type Answer = 'served' | 'busy' | 'nothing'
const answerOf = (pass: Pass | undefined): Answer =>
  pass === undefined ? 'nothing' : pass.isServed ? 'served' : 'busy'

/** How many of so many streams were answered in each way. */
function crowd(admission: Admission, count: number, isStranger: boolean, whoOf: (index: number) => string) {
  const answers = { served: 0, busy: 0, nothing: 0 }
  for (let index = 0; index < count; index += 1)
    answers[answerOf(admission.enter({ who: whoOf(index), isStranger }))] += 1
  return answers
}

it('keeps half of the places for people who are talked to, however many strangers come', () => {
  const admission = new Admission()
  const strangers = crowd(admission, 1_000, true, index => `stranger ${index}`)
  expect(strangers).toEqual({
    ...{ served: SERVED_STRANGERS_MAX, busy: BUSY_MAX },
    nothing: 1_000 - SERVED_STRANGERS_MAX - BUSY_MAX,
  })
  expect(SERVED_STRANGERS_MAX).toBeLessThanOrEqual(SERVED_MAX / 2)
  const friends = crowd(admission, SERVED_MAX - SERVED_STRANGERS_MAX, false, index => `friend ${index}`)
  expect(friends).toEqual({ served: SERVED_MAX - SERVED_STRANGERS_MAX, busy: 0, nothing: 0 })
})

it('gives nobody all places, with however many devices, and tells so', () => {
  const admission = new Admission()
  expect(crowd(admission, 3 * SERVED_EACH_MAX, false, () => 'bob')).toEqual({
    ...{ served: SERVED_EACH_MAX, busy: SERVED_EACH_MAX, nothing: SERVED_EACH_MAX },
  })
  expect(answerOf(admission.enter({ who: 'carol', isStranger: false }))).toBe('served')
})

it('has room again for each that leaves, once', () => {
  const admission = new Admission()
  const passes = Array.from({ length: SERVED_EACH_MAX + 1 }, () =>
    admission.enter({ who: 'bob', isStranger: false }),
  )
  expect(passes.map(answerOf).at(-1)).toBe('busy')
  for (const pass of [passes[0], passes[0], passes.at(-1)]) pass?.leave()
  expect(crowd(admission, 3, false, () => 'bob')).toEqual({ served: 1, busy: 2, nothing: 0 })
})
