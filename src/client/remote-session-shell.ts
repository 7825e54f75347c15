/**
 * One JSON-RPC connection as a Session. When the node says that it is leaving, calls under way are still
 * answered, no new ones are made, and the connection ends with the last answer.
 */
import type { Socket } from 'node:net'
import {
  CancellationTokenSource,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
import { ChatError, type ErrorCode } from '../kernel/api/errors.ts'
import {
  type ErrorData,
  type HelloAnswer,
  type ItemNotification,
  LEAVING,
  type NodeRuns,
} from '../kernel/api/local-socket.ts'
import type { Session, Streaming } from './session.ts'

export class RemoteSession implements Session {
  readonly #socket: Socket
  readonly #connection: MessageConnection
  readonly #streams = new Map<string, (item: unknown) => void>()
  readonly #gone: Promise<never>
  #about: HelloAnswer | undefined
  #lastSubscription = 0
  #underWay = 0
  #isLeaving = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    )
    this.#connection.onNotification('item', ({ subscription, item }: ItemNotification) =>
      this.#streams.get(subscription)?.(item),
    )
    this.#connection.onNotification(LEAVING, () => {
      this.#isLeaving = true
      this.#leaveWhenAnswered()
    })
    this.#connection.onError(() => socket.destroy())
    this.#gone = new Promise((_, reject) =>
      this.#connection.onClose(() =>
        reject(new ChatError('NOT_RUNNING', 'the node stopped while it was answering')),
      ),
    )
    this.#gone.catch(() => undefined)
    this.#connection.listen()
  }

  get runs(): NodeRuns {
    return this.#about?.runs ?? 'command'
  }

  get pid(): number {
    return this.#about?.pid ?? 0
  }

  /** Must be the first call. */
  async greet(token: string): Promise<void> {
    this.#about = await this.call<HelloAnswer>('hello', { token })
  }

  async call<T>(method: string, params: object = {}, stream?: Streaming): Promise<T> {
    if (this.#isLeaving) throw new ChatError('NODE_LEAVING', 'the node of this home is just stopping')
    const subscription = stream === undefined ? undefined : String(++this.#lastSubscription)
    if (subscription !== undefined && stream !== undefined) this.#streams.set(subscription, stream.onItem)
    const cancel = new CancellationTokenSource()
    const abort = () => cancel.cancel()
    stream?.signal?.addEventListener('abort', abort, { once: true })
    this.#underWay += 1
    try {
      const asked = this.#connection.sendRequest<T>(method, { ...params, subscription }, cancel.token)
      return await Promise.race([asked, this.#gone])
    } catch (error) {
      throw error instanceof ChatError ? error : toError(error)
    } finally {
      this.#underWay -= 1
      stream?.signal?.removeEventListener('abort', abort)
      if (subscription !== undefined) this.#streams.delete(subscription)
      this.#leaveWhenAnswered()
    }
  }

  async close(): Promise<void> {
    this.#connection.end()
    this.#socket.end()
    this.#socket.destroy()
  }

  #leaveWhenAnswered(): void {
    if (this.#isLeaving && this.#underWay === 0) this.#socket.end()
  }
}

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
