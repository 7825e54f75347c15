/** What events say: by the owner of their type, in its newest shape, and nobody else may write them. */
import { describe, expect, it } from 'vitest'
import type { Draft, Opened } from '../../src/events/envelope.ts'
import { DEVICE_INTRODUCED } from '../../src/events/person.ts'
import { EventData, type EventKind, Log } from '../../src/kernel/api/index.ts'
import { EventTypes } from '../../src/kernel/event-types.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { houseOf, plugin, settle, shared, statesOf } from '../support/house.ts'
import { countingEnvironment, deviceOf, START, STREAM } from '../support/sealing.ts'

const [type, author] = ['test.sung', deviceOf(1)]
const eventOf = (draft: Partial<Draft>): Opened =>
  sealRun([{ type, rev: 3, data: { song: 'la' }, ...draft }], START, author, countingEnvironment())[0]!

const SUNG: EventKind = {
  type,
  rev: 3,
  accepts: data => typeof (data as { song?: unknown } | undefined)?.song === 'string',
  upcasters: { 1: data => ({ tune: data }), 2: data => ({ song: (data as { tune: string }).tune }) },
}

const houseWith = async (kind: EventKind) => {
  const singer = plugin('test.singer', { owns: { [type]: kind.rev }, contributes: { event: [kind] } })
  const house = await houseOf([singer], { services: live => [shared(EventData, new EventTypes(live))] })
  return { house, of: (event: Opened) => house.get(EventData).of(event) }
}

describe('what an event says', () => {
  it('is its data in the newest shape, from whatever rev', async () => {
    const { of } = await houseWith(SUNG)
    expect(of(eventOf({}))).toEqual({ song: 'la' })
    expect(of(eventOf({ rev: 2, data: { tune: 'lo' } }))).toEqual({ song: 'lo' })
    expect(of(eventOf({ rev: 1, data: 'li' }))).toEqual({ song: 'li' })
  })

  it.each<[string, (event: Opened) => Opened]>([
    ['has another shape', () => eventOf({ data: { song: 7 } })],
    ['is of a newer rev', () => eventOf({ rev: 4 })],
    ['is of a type that nobody here owns', () => eventOf({ type: 'test.danced' })],
    ['was dropped', ({ id, bytes, envelope }) => ({ id, bytes, envelope })],
    ['is no msgpack', event => ({ ...event, data: Uint8Array.of(0xc1) })],
  ])('is nothing when it %s', async (_, change) => {
    const { of } = await houseWith(SUNG)
    expect(of(change(eventOf({})))).toBeUndefined()
  })

  it('is nothing once its owner has left', async () => {
    const { house, of } = await houseWith(SUNG)
    await house.stop()
    expect(of(eventOf({}))).toBeUndefined()
  })

  it('costs an owner that throws over it its place', async () => {
    const accepts = (): boolean => {
      throw new Error('too loud')
    }
    const { house, of } = await houseWith({ ...SUNG, accepts })
    for (let n = 0; n < 5; n += 1) expect(of(eventOf({}))).toBeUndefined()
    await settle()
    expect(statesOf(house)['test.singer']).toBe('quarantined')
  })
})

describe('an event type', () => {
  const submitted = async (draft: Partial<Draft>): Promise<unknown> => {
    const written: unknown[] = []
    const log = { submit: async (...args: unknown[]) => written.push(args) } as unknown as Log
    let submit: Log['submit'] | undefined
    const singer = plugin('test.singer', {
      owns: { [type]: 3 },
      needs: { log: Log },
      setup: ({ log: given }: { log: Log }) => {
        submit = (stream, drafts) => given.submit(stream, drafts)
        return { contributes: { event: [SUNG] } }
      },
    })
    await houseOf([singer], { services: () => [shared(Log, log)] })
    await submit!(STREAM, [{ type, rev: 3, data: {}, ...draft }])
    return written.length
  }

  it('is written by its owner, and whoever speaks may introduce itself', async () => {
    expect(await submitted({})).toBe(1)
    expect(await submitted({ type: DEVICE_INTRODUCED, rev: 1 })).toBe(1)
  })

  it.each([
    ['by another plugin', { type: 'chat.said' }],
    ['at a rev that its owner does not announce', { rev: 2 }],
  ])('is not written %s', async (_, draft) => {
    await expect(submitted(draft)).rejects.toMatchObject({ code: 'PLUGIN_CONFLICT' })
  })
})
