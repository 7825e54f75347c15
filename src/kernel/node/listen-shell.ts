/**
 * The local socket of a running node: JSON-RPC 2.0 for the owner of the home and nobody else. The directory is
 * private, the greeting needs the home's token, and a reader that does not keep up is cut off rather than
 * letting the node's memory grow.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import {
  type CancellationToken,
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
import { ChatError, toChatError } from '../api/errors.ts'
import type { ErrorData, Hello, HelloAnswer, SocketPlace } from '../api/local-socket.ts'
import type { Caller } from '../api/points.ts'

/** Unsent bytes after which a slow reader is cut off. */
const BACKLOG_MAX_BYTES = 8 * 1024 * 1024
/** Time a visitor has to say hello. */
const HELLO_TIMEOUT_MS = 5_000
/** JSON-RPC's range for errors that the server defines. */
const CHAT_ERROR = -32000
const NOT_GREETED = -32001

export interface Served {
  readonly name: string
  call(method: string, params: unknown, caller: Caller): Promise<unknown>
}

export interface Listening {
  close(): Promise<void>
}

/** Listens for the owner's commands. The caller holds the home's lock, so a socket left behind is dead. */
export const listenLocally = async (place: SocketPlace, served: Served): Promise<Listening> => {
  preparePrivateDirectory(place.directory)
  rmSync(place.socket, { force: true })
  const token = randomBytes(32).toString('hex')
  writeFileSync(place.tokenFile, token, { mode: 0o600 })
  const visitors = new Set<Socket>()
  const server = createServer(socket => {
    visitors.add(socket)
    socket.on('close', () => visitors.delete(socket))
    socket.on('error', () => socket.destroy())
    converse(socket, token, served)
  })
  await startListening(server, place.socket)
  return {
    close: () =>
      new Promise(done => {
        server.close(() => done())
        for (const visitor of visitors) visitor.end().destroySoon()
      }),
  }
}

const preparePrivateDirectory = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || (process.getuid !== undefined && stat.uid !== process.getuid()))
    throw new ChatError(
      'DISK_FAILED',
      `${directory} belongs to somebody else, so the node will not listen there`,
      {
        hint: 'remove it or choose another home',
      },
    )
  chmodSync(directory, 0o700)
}

const startListening = (server: Server, path: string): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', cause =>
      fail(new ChatError('DISK_FAILED', `cannot listen on ${path}: ${cause.message}`, { cause })),
    )
    server.listen(path, () => {
      chmodSync(path, 0o600)
      done()
    })
  })

const sameToken = (given: unknown, token: string): boolean =>
  typeof given === 'string' &&
  given.length === token.length &&
  timingSafeEqual(Buffer.from(given), Buffer.from(token))

const converse = (socket: Socket, token: string, served: Served): void => {
  const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket))
  let greeted = false
  const tooLate = setTimeout(() => greeted || socket.destroy(), HELLO_TIMEOUT_MS)
  connection.onError(() => socket.destroy())
  connection.onClose(() => clearTimeout(tooLate))
  connection.onRequest('hello', (hello: Hello): HelloAnswer => {
    if (!sameToken(hello?.token, token))
      throw new ResponseError(NOT_GREETED, 'the token is not the one of this home')
    greeted = true
    return { pid: process.pid, name: served.name }
  })
  connection.onRequest((method: string, params: unknown, cancel: CancellationToken) => {
    if (!greeted) throw new ResponseError(NOT_GREETED, 'say hello first')
    return answer(served, method, params, callerOf(socket, connection, params, cancel))
  })
  connection.listen()
}

const callerOf = (
  socket: Socket,
  connection: MessageConnection,
  params: unknown,
  cancel: CancellationToken,
): Caller => {
  const abort = new AbortController()
  cancel.onCancellationRequested(() => abort.abort())
  socket.once('close', () => abort.abort())
  const subscription = (params as { subscription?: unknown } | undefined)?.subscription
  return {
    signal: abort.signal,
    emit: item => {
      if (typeof subscription !== 'string' || abort.signal.aborted) return
      if (socket.writableLength > BACKLOG_MAX_BYTES) socket.destroy()
      else connection.sendNotification('item', { subscription, item }).catch(() => socket.destroy())
    },
  }
}

const answer = async (served: Served, method: string, params: unknown, caller: Caller): Promise<unknown> => {
  try {
    return (await served.call(method, params, caller)) ?? null
  } catch (thrown) {
    const error = toChatError(thrown)
    const data: ErrorData = { code: error.code, hint: error.hint, fields: error.fields }
    return new ResponseError(CHAT_ERROR, error.message, data)
  }
}
