/**
 * The local socket of a running node: JSON-RPC 2.0 for the owner of the home and nobody else. The directory is
 * private, the greeting needs the home's token, and a reader that does not keep up is cut off rather than
 * letting the node's memory grow.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import { ChatError } from '../api/errors.ts'
import type { SocketPlace } from '../api/local-socket.ts'
import { type Served, Visitor } from './visitor.ts'

/** Unsent bytes after which a slow reader is cut off. */
const BACKLOG_MAX_BYTES = 8 * 1024 * 1024
/** Time a visitor has to say hello. */
const HELLO_TIMEOUT_MS = 5_000
/** Time that aborted calls have to end, and that visitors have to go once all is answered. */
const GOODBYE_TIMEOUT_MS = 5_000

export interface Listening {
  /** Takes no more calls and answers those under way; without patience they are asked to end now. */
  close(isPatient: boolean): Promise<void>
}

/** Listens for the owner's commands. The caller holds the home's lock, so a socket left behind is dead. */
export const listenLocally = async (place: SocketPlace, served: Served): Promise<Listening> => {
  preparePrivateDirectory(place.directory)
  rmSync(place.socket, { force: true })
  const token = randomBytes(32).toString('hex')
  writeFileSync(place.tokenFile, token, { mode: 0o600 })
  const visitors = new Map<Socket, Visitor>()
  const server = createServer(socket => {
    socket.on('close', () => visitors.delete(socket))
    socket.on('error', () => socket.destroy())
    visitors.set(socket, receive(socket, token, served))
  })
  await startListening(server, place.socket)
  return {
    close: async isPatient => {
      const gone = new Promise<void>(done => server.close(() => done()))
      await Promise.all([...visitors].map(each => seeOff(each, isPatient)))
      await gone
    },
  }
}

const receive = (socket: Socket, token: string, served: Served): Visitor => {
  const reader = new StreamMessageReader(socket)
  const connection = createMessageConnection(reader, new StreamMessageWriter(straightInto(socket)))
  const visitor = new Visitor(connection, served, {
    isOwner: given => sameToken(given, token),
    keepsUp: () => socket.writableLength <= BACKLOG_MAX_BYTES,
    cutOff: () => socket.destroy(),
  })
  const tooLate = setTimeout(() => visitor.isGreeted || socket.destroy(), HELLO_TIMEOUT_MS)
  socket.once('close', () => clearTimeout(tooLate))
  return visitor
}

/**
 * Hands everything on at once. JSON-RPC waits for each message to be written before it hands over the next, and
 * would keep what a slow reader leaves behind where nobody can count it.
 */
const straightInto = (socket: Socket): Writable =>
  new Writable({
    write: (bytes, _encoding, done) => {
      socket.write(bytes)
      done()
    },
  })

/** The visitor goes by itself once it is answered; only one that does not is cut off. */
const seeOff = async ([socket, visitor]: [Socket, Visitor], isPatient: boolean): Promise<void> => {
  const gone = new Promise<void>(done => (socket.destroyed ? done() : socket.once('close', () => done())))
  const answered = visitor.sayGoodbye(isPatient)
  if (isPatient) await Promise.race([answered, gone])
  else await Promise.race([answered, gone, patience()])
  const force = setTimeout(() => socket.destroy(), GOODBYE_TIMEOUT_MS)
  await gone
  clearTimeout(force)
}

const patience = (): Promise<void> => new Promise(done => setTimeout(done, GOODBYE_TIMEOUT_MS).unref())

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
