/** Pages of a conversation: canonical order, late messages marked, notices left out, states of both sides. */
import { describe, expect, it } from 'vitest'
import type { Opened, Recorded } from '../../../src/events/envelope.ts'
import type { EventId, StreamId } from '../../../src/events/ids.ts'
import type { Log, OrderQuery } from '../../../src/kernel/api/index.ts'
import { readPage, type Teller } from '../../../src/plugins/direct-chat/messages.ts'
import { textOf } from '../../../src/plugins/direct-chat/said.ts'
import { DeliveryBook } from '../../../src/plugins/direct-chat/text/delivery-book.ts'
import { readData } from '../../../src/wire/msgpack.ts'
import { sealRun } from '../../../src/wire/seal.ts'
import { countingEnvironment, deviceOf, keptDraft, START, STREAM, said } from '../../support/sealing.ts'

const [ALICE, BOB] = [deviceOf(1), deviceOf(2)]

/** Events in the order in which they arrived here. */
function logOf(events: readonly Opened[]): Log {
  const all = events.map((event, index): Recorded => {
    return { position: index + 1, receivedAt: 0, via: 'self', status: 'admitted', event }
  })
  async function* read({ afterPosition = 0, beforePosition = 1e9, reverse, limit }: OrderQuery) {
    const within = all.filter(({ position }) => position > afterPosition && position < beforePosition)
    yield* (reverse ? within.toReversed() : within).slice(0, limit)
  }
  return { read, find: async (id: EventId) => all.find(({ event }) => event.id === id) } as unknown as Log
}

function unpack(data: Uint8Array): unknown {
  const read = readData(data)
  return read.ok ? read.value : undefined
}

const teller = (book = new DeliveryBook()): Teller => ({
  stream: STREAM,
  self: ALICE.device,
  book,
  nameOf: author => (author === ALICE.device ? 'alice' : 'bob'),
  textOf: event => textOf({ of: ({ data }) => data && unpack(data) }, event),
})

function talk() {
  const at = (...times: number[]) => ({ ...countingEnvironment(), now: () => times.shift()! })
  const mine = sealRun([keptDraft(), said('one'), said('three')], START, ALICE, at(1, 10, 30))
  const theirs = sealRun([keptDraft(), said('two')], START, BOB, at(2, 20))
  return { mine, theirs }
}

describe('a page of a conversation', () => {
  it('is in canonical order whatever arrived first, and marks what came late', async () => {
    const { mine, theirs } = talk()
    const early = await readPage(logOf([theirs[0]!, mine[0]!, mine[1]!, theirs[1]!, mine[2]!]), teller(), {
      limit: 10,
    })
    expect(early.messages.map(({ text, late }) => [text, late])).toEqual([
      ['one', undefined],
      ['two', undefined],
      ['three', undefined],
    ])
    const late = await readPage(logOf([...mine, ...theirs]), teller(), { limit: 10 })
    expect(late.messages.map(({ text, late }) => [text, late])).toEqual([
      ['one', undefined],
      ['two', true],
      ['three', undefined],
    ])
  })

  it('shows both branches of a fork: nothing is voided because of what its author signed later', async () => {
    const { mine, theirs } = talk()
    const chain = { ...START, seq: 1, prev: theirs[0]!.id }
    const other = sealRun([said('two again')], chain, BOB, { ...countingEnvironment(), now: () => 25 })
    const page = await readPage(logOf([...mine, ...theirs, ...other]), teller(), { limit: 10 })
    expect(page.messages.map(({ text }) => text)).toEqual(['one', 'two', 'two again', 'three'])
  })

  it('holds the newest, and those before a message on request', async () => {
    const { mine, theirs } = talk()
    const log = logOf([...mine, ...theirs])
    const newest = await readPage(log, teller(), { limit: 1 })
    expect(newest.messages.map(({ text }) => text)).toEqual(['three'])
    const before = await readPage(log, teller(), { limit: 5, before: newest.messages[0]!.id })
    expect(before.messages.map(({ text }) => text)).toEqual(['one', 'two'])
    expect(before.events.map(({ id }) => id)).toEqual(before.messages.map(({ id }) => id))
  })

  it('tells how far own messages came and which of theirs were shown', async () => {
    const { mine, theirs } = talk()
    const book = new DeliveryBook()
    Object.assign(book.pointers(STREAM, BOB.device), { sent: 3, delivered: 2, shown: 2 })
    const { messages } = await readPage(logOf([...mine, ...theirs]), teller(book), { limit: 10 })
    expect(messages.map(({ from, text, state }) => [from, text, state])).toEqual([
      ['alice', 'one', 'delivered'],
      ['bob', 'two', 'read'],
      ['alice', 'three', 'sent'],
    ])
  })

  it('does not go on from a message of another conversation', async () => {
    const { mine, theirs } = talk()
    const elsewhere = { ...teller(), stream: 'f'.repeat(64) as StreamId }
    const page = readPage(logOf([...mine, ...theirs]), elsewhere, { limit: 1, before: mine[1]!.id })
    await expect(page).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
