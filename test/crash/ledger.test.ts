/** The judge of the crash tests sees each fault that it is there for. */
import { expect, test } from 'vitest'
import { brokenPromises, type Ending, isQuiet, type Message } from './ledger.ts'

const [A, B] = ['alice.town.example', 'bob.town.example'] as const
const message = (from: string, n: number, state = 'delivered'): Message => ({
  id: `${from} ${n}`,
  from,
  text: `${n} from ${from}`,
  state,
})
const talk = [message(A, 1), message(B, 1), message(A, 2)]
const kept: Ending = {
  acknowledged: new Set(talk.map(({ text }) => text)),
  shown: { [A]: ['bob.town.example 1'], [B]: ['alice.town.example 1'] },
  histories: { [A]: talk, [B]: talk },
}
const broken = (change: Partial<Ending>) => brokenPromises({ ...kept, ...change })

test('kept promises are kept', () => {
  expect(brokenPromises(kept)).toEqual([])
})

test('each broken promise is named', () => {
  const without = talk.slice(0, 2)
  expect(broken({ histories: { [A]: talk, [B]: without } })).toContainEqual(expect.stringContaining('lacks'))
  expect(broken({ histories: { [A]: talk, [B]: [...talk, talk[2]!] } })).toContainEqual(
    expect.stringContaining('twice'),
  )
  expect(broken({ shown: { [B]: ['alice.town.example 1', 'alice.town.example 1'] } })).toContainEqual(
    expect.stringContaining('shown'),
  )
  expect(broken({ shown: { [B]: ['never kept'] } })).toContainEqual(expect.stringContaining('gone'))
  expect(broken({ histories: { [A]: talk, [B]: talk.toReversed() } })).toContainEqual(
    expect.stringContaining('order'),
  )
  const waiting = [message(A, 1, 'sent')]
  expect(broken({ acknowledged: new Set(), histories: { [A]: waiting, [B]: waiting } })).toContainEqual(
    expect.stringContaining('still sent'),
  )
})

test('it is not quiet while something is under way or only one side has it', () => {
  expect(isQuiet([{ messages: talk }, { messages: talk }])).toBe(true)
  expect(isQuiet([{ messages: talk }, { messages: talk.slice(1) }])).toBe(false)
  expect(isQuiet([{ messages: [message(A, 1, 'sent')] }, { messages: [message(A, 1)] }])).toBe(false)
})
