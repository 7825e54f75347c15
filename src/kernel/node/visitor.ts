/**
 * One client of the local socket, from greeting to goodbye. A node that stops refuses new calls, so that the
 * client knows they were not made and can make them elsewhere, and answers those that it has begun.
 */
import { type CancellationToken, type MessageConnection, ResponseError } from 'vscode-jsonrpc/node'
import { ChatError, toChatError } from '../api/errors.ts'
import { type ErrorData, type Hello, type HelloAnswer, LEAVING } from '../api/local-socket.ts'
import type { Client } from '../api/points.ts'
import { ClientLine } from '../client-line.ts'

/** JSON-RPC's range for errors that the server defines. */
const CHAT_ERROR = -32000
const NOT_GREETED = -32001

export interface Served {
  /** What a visitor is told who the node is. */
  readonly about: HelloAnswer
  call(method: string, params: unknown, client: Client): Promise<unknown>
}

export interface Door {
  isOwner(token: unknown): boolean
  /** Whether the visitor still reads; what it is told beyond that is cut off. */
  keepsUp(): boolean
  cutOff(): void
}

export class Visitor {
  readonly #connection: MessageConnection
  readonly #served: Served
  readonly #door: Door
  readonly #calls = new Map<Promise<unknown>, ClientLine>()
  #isGreeted = false
  #isLeaving = false

  constructor(connection: MessageConnection, served: Served, door: Door) {
    this.#connection = connection
    this.#served = served
    this.#door = door
    connection.onError(() => door.cutOff())
    connection.onClose(() => this.#hangUp())
    connection.onRequest('hello', (hello: Hello) => this.#greet(hello))
    connection.onRequest((method: string, params: unknown, cancel: CancellationToken) =>
      this.#call(method, params, cancel),
    )
    connection.listen()
  }

  get isGreeted(): boolean {
    return this.#isGreeted
  }

  /** Resolves when no call is under way any more; without patience they are asked to end now. */
  async sayGoodbye(isPatient: boolean): Promise<void> {
    this.#isLeaving = true
    this.#connection.sendNotification(LEAVING).catch(() => this.#door.cutOff())
    if (!isPatient) this.#hangUp()
    await Promise.all(this.#calls.keys())
  }

  #hangUp(): void {
    for (const line of this.#calls.values()) line.hangUp()
  }

  #greet(hello: Hello): HelloAnswer {
    if (!this.#door.isOwner(hello?.token))
      throw new ResponseError(NOT_GREETED, 'the token is not the one of this home')
    this.#isGreeted = true
    return this.#served.about
  }

  #call(method: string, params: unknown, cancel: CancellationToken): Promise<unknown> {
    if (!this.#isGreeted) throw new ResponseError(NOT_GREETED, 'say hello first')
    if (this.#isLeaving)
      throw refusal(new ChatError('NODE_LEAVING', 'the node of this home is just stopping'))
    const line = this.#lineTo(params)
    cancel.onCancellationRequested(() => line.hangUp())
    const answer = this.#answer(method, params, line)
    this.#calls.set(answer, line)
    return answer.finally(() => this.#calls.delete(answer))
  }

  #lineTo(params: unknown): ClientLine {
    const subscription = (params as { subscription?: unknown } | undefined)?.subscription
    const line = new ClientLine(item => {
      if (typeof subscription !== 'string' || line.hasGone) return
      if (!this.#door.keepsUp()) this.#door.cutOff()
      else this.#connection.sendNotification('item', { subscription, item }).catch(() => this.#door.cutOff())
    })
    return line
  }

  async #answer(method: string, params: unknown, line: ClientLine): Promise<unknown> {
    try {
      return (await this.#served.call(method, params, line)) ?? null
    } catch (thrown) {
      return refusal(toChatError(thrown))
    }
  }
}

const refusal = (error: ChatError): ResponseError<ErrorData> =>
  new ResponseError(CHAT_ERROR, error.message, { code: error.code, hint: error.hint, fields: error.fields })
