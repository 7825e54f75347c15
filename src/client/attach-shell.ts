/**
 * Attaches to the running node of a home over its local socket (JSON-RPC 2.0). The socket's owner is checked
 * before a byte is said, and the greeting carries the home's token, so that neither side talks to an impostor.
 */
import { lstatSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { ChatError } from '../kernel/api/errors.ts'
import type { SocketPlace } from '../kernel/api/local-socket.ts'
import { placeOf } from './place-shell.ts'
import { RemoteSession } from './remote-session-shell.ts'
import type { Session } from './session.ts'

/** A node that is busy greets late; one that was stopped by a signal never does. */
const GREETING_TIMEOUT_MS = 10_000

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

/** Attaches to the node of a home; undefined when none is running there. Rejects with NOT_RUNNING or TIMED_OUT. */
export const attach = async (home: string): Promise<Session | undefined> => {
  const place = placeOf(home)
  if (!isMine(place.socket)) return undefined
  const socket = await open(place.socket)
  if (socket === undefined) return undefined
  let isLate = false
  const giveUp = setTimeout(() => {
    isLate = true
    socket.destroy()
  }, GREETING_TIMEOUT_MS)
  const hungUp = new Promise<undefined>(done => socket.once('close', () => done(undefined)))
  try {
    const greeted = await Promise.race([greet(socket, readToken(place)), hungUp])
    if (isLate)
      throw new ChatError('TIMED_OUT', 'the node of this home runs but does not answer', {
        hint: 'look at its process; `ntm up` can start it again once it is gone',
      })
    return greeted
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(giveUp)
  }
}

/** A node that hangs up on a greeting was just stopping: then nobody is there. */
const greet = async (socket: Socket, token: string): Promise<Session | undefined> => {
  const session = new RemoteSession(socket)
  try {
    await session.greet(token)
    return session
  } catch (error) {
    if (socket.readableEnded || socket.destroyed) return undefined
    throw error
  }
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
