/**
 * Attaches to the running node of a home over its local socket (JSON-RPC 2.0). The socket's owner is checked
 * before a byte is said, and the greeting carries the home's token, so that neither side talks to an impostor.
 */
import { lstatSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
import { ChatError, type ErrorCode } from '../kernel/api/errors.ts'
import type { ErrorData, HelloAnswer, ItemNotification, SocketPlace } from '../kernel/api/local-socket.ts'
import { placeOf } from './place-shell.ts'
import type { Session, Streaming } from './session.ts'

const isMine = (path: string): boolean => {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat?.isSocket()) return false
  return process.getuid === undefined || stat.uid === process.getuid()
}

const open = (path: string): Promise<Socket | undefined> =>
  new Promise(done => {
    const socket = connect(path)
    socket.once('connect', () => done(socket))
    socket.once('error', () => done(undefined))
  })

const toError = (error: unknown): ChatError => {
  if (error instanceof ResponseError && typeof error.data === 'object' && error.data !== null) {
    const data = error.data as ErrorData
    return new ChatError(data.code as ErrorCode, error.message, {
      hint: data.hint,
      ...(data.fields === undefined ? {} : { fields: data.fields }),
    })
  }
  return new ChatError('NOT_RUNNING', 'the node went away while it was answering', { cause: error })
}

/** One JSON-RPC connection as a Session. */
class RemoteSession implements Session {
  readonly embedded = false
  readonly #socket: Socket
  readonly #connection: MessageConnection
  readonly #streams = new Map<string, (item: unknown) => void>()
  readonly #gone: Promise<never>
  #lastSubscription = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    )
    this.#connection.onNotification('item', ({ subscription, item }: ItemNotification) =>
      this.#streams.get(subscription)?.(item),
    )
    this.#connection.onError(() => socket.destroy())
    this.#gone = new Promise((_, reject) =>
      this.#connection.onClose(() =>
        reject(new ChatError('NOT_RUNNING', 'the node stopped while it was answering')),
      ),
    )
    this.#gone.catch(() => undefined)
    this.#connection.listen()
  }

  async call<T>(method: string, params: object = {}, stream?: Streaming): Promise<T> {
    const subscription = stream === undefined ? undefined : String(++this.#lastSubscription)
    if (subscription !== undefined && stream !== undefined) this.#streams.set(subscription, stream.onItem)
    const cancel = new CancellationTokenSource()
    const abort = () => cancel.cancel()
    stream?.signal?.addEventListener('abort', abort, { once: true })
    try {
      const asked = this.#connection.sendRequest<T>(method, { ...params, subscription }, cancel.token)
      return await Promise.race([asked, this.#gone])
    } catch (error) {
      throw error instanceof ChatError ? error : toError(error)
    } finally {
      stream?.signal?.removeEventListener('abort', abort)
      if (subscription !== undefined) this.#streams.delete(subscription)
    }
  }

  async close(): Promise<void> {
    this.#connection.end()
    this.#socket.end()
    this.#socket.destroy()
  }
}

/** Attaches to the node of a home; undefined when none is running there. */
export const attach = async (home: string): Promise<Session | undefined> => {
  const place = placeOf(home)
  if (!isMine(place.socket)) return undefined
  const socket = await open(place.socket)
  if (socket === undefined) return undefined
  const session = new RemoteSession(socket)
  await session.call<HelloAnswer>('hello', { token: readToken(place) })
  return session
}

const readToken = (place: SocketPlace): string => {
  try {
    return readFileSync(place.tokenFile, 'utf8')
  } catch (cause) {
    throw new ChatError('NOT_RUNNING', 'the node of this home has no token file, so it cannot be trusted', {
      cause,
      hint: 'stop it and start it again with `ntm up`',
    })
  }
}
