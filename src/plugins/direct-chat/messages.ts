/**
 * Events of a conversation as people see them: who said what when, and how far it has come. The order is the
 * canonical one over a window of the log, the same on every device that has the same events.
 */
import type { Opened, Recorded } from '../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../events/ids.ts'
import { order } from '../../events/order.ts'
import { ChatError, type Log } from '../../kernel/api/index.ts'
import type { DeliveryBook } from './text/delivery-book.ts'

/** Events beyond those asked for, within which late ones still find their place. */
const SLACK_EVENTS = 256

export interface Message {
  readonly id: EventId
  /** The name of who said it. */
  readonly from: string
  readonly at: number
  readonly text: string
  readonly state: string
  /** It arrived after something that comes after it. */
  readonly late?: true
}

export interface Teller {
  readonly stream: StreamId
  readonly self: DeviceId
  readonly book: DeliveryBook
  nameOf(author: DeviceId): string
  /** Undefined for what is no text, and for texts whose data is gone. */
  textOf(event: Opened): string | undefined
}

/** The event as a message; undefined for notices and for texts whose data is gone. */
export function messageOf(teller: Teller, event: Opened): Message | undefined {
  const { stream, self, book, nameOf, textOf } = teller
  const { author, at, seq } = event.envelope
  const text = textOf(event)
  if (text === undefined) return undefined
  const isShown = seq < book.pointers(stream, author).shown
  const state = author === self ? book.of(stream, seq).state : isShown ? 'read' : 'delivered'
  return { id: event.id, from: nameOf(author), at, text, state }
}

export interface Page {
  readonly limit: number
  /** Only what comes before this message. */
  readonly before?: EventId | undefined
}

/** The newest messages of the stream, oldest first, and the events behind them. */
export async function readPage(
  log: Log,
  teller: Teller,
  { limit, before }: Page,
): Promise<{ messages: readonly Message[]; events: readonly Opened[] }> {
  const window = await readWindow(log, teller.stream, limit, before)
  const positions = new Map(window.map(({ event, position }) => [event.id, position]))
  const ordered = order(window.map(({ event }) => ({ ...event.envelope, id: event.id, event })))
  const end = before === undefined ? ordered.length : ordered.findIndex(({ id }) => id === before)
  let firstLater = Number.POSITIVE_INFINITY
  const late = new Set<EventId>()
  for (const { id } of ordered.toReversed()) {
    const position = positions.get(id)!
    if (position > firstLater) late.add(id)
    firstLater = Math.min(firstLater, position)
  }
  const messages: Message[] = []
  const events: Opened[] = []
  for (const { event } of ordered.slice(0, end).toReversed()) {
    if (messages.length === limit) break
    const message = messageOf(teller, event)
    if (message === undefined) continue
    events.unshift(event)
    messages.unshift(late.has(event.id) ? { ...message, late: true } : message)
  }
  return { messages, events }
}

async function readWindow(
  log: Log,
  stream: StreamId,
  limit: number,
  before: EventId | undefined,
): Promise<readonly Recorded[]> {
  const count = limit + SLACK_EVENTS
  if (before === undefined) return collect(log.read({ stream, reverse: true, limit: count }))
  const marked = await log.find(before)
  if (marked === undefined || marked.event.envelope.stream !== stream)
    throw new ChatError('NOT_FOUND', `message ${before} is not part of this conversation`)
  const { position } = marked
  const [older, newer] = await Promise.all([
    collect(log.read({ stream, beforePosition: position, reverse: true, limit: count })),
    collect(log.read({ stream, afterPosition: position, limit: SLACK_EVENTS })),
  ])
  return [...older, marked, ...newer]
}

async function collect(events: AsyncIterable<Recorded>): Promise<readonly Recorded[]> {
  const collected: Recorded[] = []
  for await (const recorded of events) collected.push(recorded)
  return collected
}
