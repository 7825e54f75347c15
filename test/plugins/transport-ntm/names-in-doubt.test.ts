/** A name that leads nowhere is looked up again: rarely, each name for itself, and what is found is learnt. */
import { expect, test } from 'vitest'
import type { LookupFailure, People } from '../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import {
  DOUBT_PAUSE_MAX_MS,
  DOUBT_PAUSE_MS,
  NamesInDoubt,
} from '../../../src/plugins/transport-ntm/names-in-doubt.ts'
import { readNameRecord, type SignedNameRecord } from '../../../src/wire/name-record.ts'
import { namedPerson } from '../../support/named-person.ts'

const read = readNameRecord(namedPerson('bob').record())
if (!read.ok) throw new Error(read.why)
const RECORD = read.value

function namesInDoubt(
  answer: SignedNameRecord | LookupFailure,
  verdict: Awaited<ReturnType<People['learn']>> = 'known',
) {
  const clock = new VirtualClock()
  const [asked, learnt]: [string[], unknown[]] = [[], []]
  const made = new NamesInDoubt({
    clock,
    lookUp: async name => {
      asked.push(name)
      return answer
    },
    people: {
      learn: async record => {
        learnt.push(record)
        return verdict
      },
    },
  })
  const pass = (ms: number): void => {
    clock.after(ms, () => undefined)
    clock.step()
  }
  return { made, asked, learnt, pass }
}

test.each(['known', 'new-device', 'keys-changed'] as const)('what is found is learnt: %s', async verdict => {
  const { made, learnt } = namesInDoubt(RECORD, verdict)
  expect(await made.doubt('bob.example')).toBe(verdict)
  expect(learnt).toEqual([RECORD])
})

test.each(['unknown', 'unreachable', 'refused'] as const)(
  'nothing is learnt of a name that is %s',
  async why => {
    const { made, learnt } = namesInDoubt(why)
    expect(await made.doubt('bob.example')).toBeUndefined()
    expect(learnt).toEqual([])
  },
)

test('a name is looked up again after a pause, and not before, whatever came of it', async () => {
  const { made, asked, pass } = namesInDoubt('unreachable')
  await made.doubt('bob.example')
  pass(DOUBT_PAUSE_MS - 1)
  expect(await made.doubt('bob.example')).toBeUndefined()
  await made.doubt('carol.example')
  expect(asked).toEqual(['bob.example', 'carol.example'])
  pass(1)
  await made.doubt('bob.example')
  expect(asked).toEqual(['bob.example', 'carol.example', 'bob.example'])
})

test('who is doubted all the time is looked up ever more rarely, until nobody has doubted for a while', async () => {
  const { made, asked, pass } = namesInDoubt('unreachable')
  const doubtFor = async (minutes: number): Promise<number> => {
    const before = asked.length
    for (let minute = 0; minute < minutes; minute += 1) {
      await made.doubt('bob.example')
      pass(60_000)
    }
    return asked.length - before
  }
  // After 0, 1, 3, 7, 15 and 31 minutes.
  expect(await doubtFor(60)).toBe(6)
  expect(await doubtFor(24 * 60)).toBe((24 * 60) / (DOUBT_PAUSE_MAX_MS / 60_000))
  pass(60 * 60_000)
  expect(await doubtFor(2)).toBe(2)
})
