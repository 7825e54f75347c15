/** `log.…`: reading, checking and replaying the log; nothing here writes. */
import { z } from 'zod'
import type { Recorded } from '../../../events/envelope.ts'
import { isKept } from '../../../events/envelope.ts'
import { type EventId, isId, type StreamId } from '../../../events/ids.ts'
import { readData } from '../../../wire/msgpack.ts'
import { ChatError } from '../../api/errors.ts'
import type { Caller, Method } from '../../api/points.ts'
import type { Log } from '../../api/tokens.ts'
import { type NodeControl, replayedOf, verifiedOf } from './node-control.ts'
import { readParams } from './params.ts'

const position = z.number().int().min(0)
const lsParams = z.object({
  stream: z.string().optional(),
  after: position.optional(),
  limit: position.optional(),
})
const showParams = z.object({ id: z.string() })
const replayParams = z.object({ stream: z.string().optional() })

const streamOf = (text: string | undefined): StreamId | undefined => {
  if (text === undefined || isId(text)) return text as StreamId | undefined
  throw new ChatError('USAGE', `"${text}" is not the id of a stream`)
}

const line = ({ position, via, status, receivedAt, event }: Recorded) => ({
  position,
  id: event.id,
  stream: event.envelope.stream,
  author: event.envelope.author,
  seq: event.envelope.seq,
  prev: event.envelope.prev ?? null,
  seen: event.envelope.seen,
  at: event.envelope.at,
  type: event.envelope.type,
  rev: event.envelope.rev,
  kept: isKept(event.envelope),
  bytes: event.bytes.length + event.envelope.dataLen,
  receivedAt,
  via,
  status,
})

/** Bytes as hex, so that data can be printed as JSON. */
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
  return typeof value === 'bigint' ? value.toString() : value
}

const detail = (recorded: Recorded) => {
  const { data, sig } = recorded.event
  const read = data === undefined ? undefined : readData(data)
  return {
    ...line(recorded),
    dataHash: recorded.event.envelope.dataHash,
    data: read?.ok ? plain(read.value) : null,
    dropped: data === undefined,
    signed: sig !== undefined,
  }
}

const findByBeginning = async (log: Log, beginning: string): Promise<Recorded> => {
  if (isId(beginning)) {
    const found = await log.find(beginning as EventId)
    if (found !== undefined) return found
    throw new ChatError('NOT_FOUND', `no event has the id ${beginning}`)
  }
  const found: Recorded[] = []
  if (/^[0-9a-f]{4,63}$/.test(beginning))
    for await (const recorded of log.read({}))
      if (recorded.event.id.startsWith(beginning)) found.push(recorded)
  if (found.length === 1) return found[0]!
  if (found.length > 1) throw new ChatError('AMBIGUOUS', `${found.length} events begin with ${beginning}`)
  throw new ChatError('NOT_FOUND', `no event begins with "${beginning}"`, {
    hint: 'give at least four hex digits of the id',
  })
}

export const logMethods = (log: Log, control: NodeControl): readonly Method[] => [
  {
    name: 'log.ls',
    call: async (params, caller: Caller) => {
      const { stream, after, limit } = readParams(lsParams, params)
      const wanted = streamOf(stream)
      const query = {
        ...(wanted === undefined ? {} : { stream: wanted }),
        ...(after === undefined ? {} : { afterPosition: after }),
        ...(limit === undefined ? {} : { limit }),
      }
      for await (const recorded of log.read(query)) {
        if (caller.hasGone) return
        caller.emit(line(recorded))
      }
    },
  },
  {
    name: 'log.show',
    call: async params => detail(await findByBeginning(log, readParams(showParams, params).id)),
  },
  { name: 'log.verify', call: async () => verifiedOf(await control.verify()) },
  {
    name: 'log.replay',
    call: async params => {
      const stream = streamOf(readParams(replayParams, params).stream)
      return replayedOf(await control.replay(), stream)
    },
  },
]
