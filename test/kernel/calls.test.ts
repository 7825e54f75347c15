/**
 * Calls from outside into a plugin's methods: the caller's mistakes are told to the caller and cost the plugin
 * nothing; the plugin's failures are told, too, and cost it its place.
 */

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ChatError } from '../../src/kernel/api/errors.ts'
import type { Caller } from '../../src/kernel/api/points.ts'
import { ClientLine } from '../../src/kernel/client-line.ts'
import { houseOf, plugin, settle, statesOf } from '../support/house.ts'

type Call = (params: unknown, caller: Caller) => Promise<unknown>

const gone = (): ClientLine => {
  const line = new ClientLine()
  line.hangUp()
  return line
}

const withMethod = async (call: Call) => {
  const house = await houseOf([plugin('test.choir', { contributes: { method: [{ name: 'sing', call }] } })])
  const sing = (params?: unknown, line = new ClientLine()): Promise<unknown> =>
    house.call('sing', params, line)
  return { house, sing, state: () => statesOf(house)['test.choir'] }
}

const fiveTimes = async (run: () => Promise<unknown>): Promise<unknown[]> => {
  const errors: unknown[] = []
  for (let n = 0; n < 5; n += 1) errors.push(await run().catch(error => error))
  await settle()
  return errors
}

describe('a method', () => {
  it('answers, and emits while it runs', async () => {
    const emitted: unknown[] = []
    const { sing } = await withMethod(async (params, caller) => {
      caller.emit('la')
      return params
    })
    const line = new ClientLine(item => emitted.push(item))
    expect([await sing({ key: 'g' }, line), emitted]).toEqual([{ key: 'g' }, ['la']])
  })

  it('that nobody has is not found', async () => {
    const { house } = await withMethod(async () => 1)
    await expect(house.call('dance', {}, new ClientLine())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('may refuse as often as it likes, in the words of the house', async () => {
    const refusal = new ChatError('UNKNOWN_PEER', 'Nobody is called bob.')
    const { sing, state } = await withMethod(() => Promise.reject(refusal))
    expect(await fiveTimes(sing)).toEqual(Array(5).fill(refusal))
    expect(state()).toBe('running')
  })

  it('may refuse with an error from another copy of this package', async () => {
    const { sing } = await withMethod(async () => {
      throw Object.assign(new Error('Nobody\nhere.'), { name: 'ChatError', code: 'UNKNOWN_PEER' })
    })
    const error = await sing().catch(thrown => thrown)
    expect(error).toBeInstanceOf(ChatError)
    expect(error).toMatchObject({ code: 'UNKNOWN_PEER', exitCode: 3, message: 'Nobody here' })
  })

  it('that is called wrongly is not to blame', async () => {
    const schema = z.object({ key: z.string() })
    const { sing, state } = await withMethod(async params => schema.parse(params))
    const errors = await fiveTimes(() => sing({ key: 7 }))
    expect(errors[4]).toMatchObject({ code: 'USAGE' })
    expect((errors[4] as Error).message).toContain('key: Invalid input')
    expect(state()).toBe('running')
  })

  it.each<[string, Call]>([
    [
      'throws',
      () => {
        throw new Error('hoarse')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('hoarse')
      },
    ],
    [
      'has a bug',
      async () => {
        throw new ChatError('BUG', 'hoarse')
      },
    ],
  ])('that %s fails its caller and, the fifth time, its plugin', async (_, call) => {
    const { sing, state } = await withMethod(call)
    const errors = await fiveTimes(sing)
    for (const error of errors) {
      expect(error).toMatchObject({
        code: 'PLUGIN_FAILED',
        message: 'The method sing of test.choir failed: hoarse.',
      })
    }
    expect(state()).toBe('quarantined')
    await expect(sing()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('fails its caller when its plugin is withdrawn under it', async () => {
    const { house, sing } = await withMethod(() => new Promise(() => {}))
    const singing = sing()
    await house.stop()
    await expect(singing).rejects.toMatchObject({ code: 'PLUGIN_FAILED' })
  })

  it('hears when its caller goes, unless it has stopped listening, and even if the caller went before', async () => {
    const heard: string[] = []
    const { sing } = await withMethod(async (_, { onGone }) => {
      onGone(() => heard.push('gone'))
      onGone(() => heard.push('never'))()
    })
    const line = new ClientLine()
    await sing({}, line)
    line.hangUp()
    expect(heard).toEqual(['gone'])
    await sing({}, gone())
    expect(heard).toEqual(['gone', 'gone', 'never'])
  })

  it('pays for what it throws when it hears that its caller has gone', async () => {
    const { sing, state } = await withMethod(async (_, { onGone }) => {
      onGone(() => {
        throw new Error('no manners')
      })
    })
    await fiveTimes(() => sing({}, gone()))
    expect(state()).toBe('quarantined')
  })

  it('is not blamed for what it throws when its caller has gone', async () => {
    const { sing, state } = await withMethod(async (_, caller) => caller.signal.throwIfAborted())
    const errors = await fiveTimes(() => sing({}, gone()))
    expect(errors[0]).toMatchObject({ code: 'PLUGIN_FAILED' })
    expect(state()).toBe('running')
  })
})
