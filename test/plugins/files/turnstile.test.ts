/** Who gets in, and when: a few at a time, of each kind fewer, and those first who have the fewest inside. */
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Turnstile } from '../../../src/plugins/files/turnstile.ts'

const never = new AbortController().signal

/** A turnstile, who has come in so far, and how to send somebody out. */
function entrance(max: number, eachMax: number) {
  const turnstile = new Turnstile({ max, eachMax })
  const inside: string[] = []
  const leaving = new Map<string, () => void>()
  const come = (name: string, signal = never): Promise<unknown> =>
    turnstile.pass(name[0]!, signal, async () => {
      inside.push(name)
      await new Promise<void>(resolve => leaving.set(name, resolve))
    })
  const leave = async (name: string): Promise<void> => {
    leaving.get(name)!()
    await setImmediate()
  }
  return { inside, come, leave }
}

it('lets so many in, in the order in which they came', async () => {
  const { inside, come, leave } = entrance(2, 2)
  for (const name of ['a1', 'a2', 'a3', 'a4']) void come(name)
  await setImmediate()
  expect(inside).toEqual(['a1', 'a2'])
  await leave('a2')
  await leave('a1')
  expect(inside).toEqual(['a1', 'a2', 'a3', 'a4'])
})

it('keeps room for others, however many of one kind come', async () => {
  const { inside, come } = entrance(3, 2)
  for (const name of ['a1', 'a2', 'a3', 'b1']) void come(name)
  await setImmediate()
  expect(inside).toEqual(['a1', 'a2', 'b1'])
})

it('lets those in first who have the fewest inside', async () => {
  const { inside, come, leave } = entrance(2, 2)
  for (const name of ['a1', 'a2', 'a3', 'b1']) void come(name)
  await setImmediate()
  await leave('a1')
  expect(inside).toEqual(['a1', 'a2', 'b1'])
})

it('forgets who does not want to come in any more, and who went out by an error', async () => {
  const { inside, come, leave } = entrance(1, 1)
  const gone = new AbortController()
  void come('a1')
  const waiting = come('b1', gone.signal)
  void come('c1')
  gone.abort()
  expect(await waiting).toBeUndefined()
  await leave('a1')
  expect(inside).toEqual(['a1', 'c1'])
  const turnstile = new Turnstile({ max: 1, eachMax: 1 })
  const failing = turnstile.pass('a', never, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(await turnstile.pass('a', never, async () => 'in')).toBe('in')
  expect(await turnstile.pass('a', gone.signal, async () => 'in')).toBeUndefined()
})
