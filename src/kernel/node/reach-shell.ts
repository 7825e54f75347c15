/**
 * Attach or embed: the one way to a home's node. Between another process's lock on the log and its socket there
 * is a moment at its start and one at its end, so whoever finds the log locked looks for the socket again. What
 * a running node needs is loaded only when there is none to attach to.
 */
import { attach } from '../../client/attach-shell.ts'
import type { Session } from '../../client/session.ts'
import { ChatError } from '../api/errors.ts'
import type { NodeOptions } from './node-shell.ts'

const LOOK_AGAIN_MS = 20
/** A command inside which the node runs can wait for half a minute itself. */
const COMMAND_TIMEOUT_MS = 60_000
const UP_TIMEOUT_MS = 15_000

interface Attempt<T> {
  readonly home: string
  readonly timeoutMs: number
  /** What the running node is good for; undefined: wait until it is gone. */
  readonly join: (running: Session) => Promise<T | undefined> | T | undefined
  /** Called when there is none; LOG_LOCKED means that there is one after all. */
  readonly start: () => Promise<T>
}

const sleep = (delayMs: number): Promise<void> => new Promise(done => setTimeout(done, delayMs))

/** The log has another process, or the node found is just stopping: what is true a moment later is another thing. */
const isPassing = (error: unknown): boolean =>
  error instanceof ChatError && (error.code === 'LOG_LOCKED' || error.code === 'NODE_LEAVING')

export const joinOrStart = async <T>({ home, timeoutMs, join, start }: Attempt<T>): Promise<T> => {
  for (const startedAt = Date.now(); ; await sleep(LOOK_AGAIN_MS)) {
    const isLate = Date.now() - startedAt > timeoutMs
    const running = await attach(home)
    try {
      if (running === undefined) return await start()
      const joined = await join(running)
      if (joined !== undefined) return joined
      await running.close()
    } catch (error) {
      await running?.close()
      if (isLate || !isPassing(error)) throw error
    }
    if (isLate) throw new ChatError('LOG_LOCKED', 'another command keeps the log of this home for itself')
  }
}

/** The home's node for one command. A node without network serves only those who need none. */
const reachNode = (options: NodeOptions): Promise<Session> =>
  joinOrStart({
    home: options.home,
    timeoutMs: COMMAND_TIMEOUT_MS,
    join: running => (running.runs === 'offline' && options.runs !== 'offline' ? undefined : running),
    start: async () => (await import('./embed-shell.ts')).embedNode(options),
  })

/** Starts what stays. Rejects with ALREADY_RUNNING; waits for commands that run a node of this home meanwhile. */
export const startToStay = <T>(home: string, start: () => Promise<T>): Promise<T> =>
  joinOrStart<T>({
    home,
    timeoutMs: UP_TIMEOUT_MS,
    join: ({ runs }) => {
      if (runs !== 'up') return undefined
      throw new ChatError('ALREADY_RUNNING', 'a node is already running for this home')
    },
    start,
  })

/**
 * Uses the home's node, and another one if the first is just stopping and refuses. `closed` ends after everybody
 * who attached to a node inside this process is served.
 */
export const withNode = async <T>(
  options: NodeOptions,
  use: (node: Session) => Promise<T>,
): Promise<{ readonly result: T; readonly closed: Promise<void> }> => {
  for (;;) {
    const node = await reachNode(options)
    try {
      return { result: await use(node), closed: node.close() }
    } catch (error) {
      await node.close()
      if (!isPassing(error)) throw error
    }
  }
}

/** Stops the node of a home and resolves when it is gone. Rejects with NOT_RUNNING or TIMED_OUT. */
export const stopNode = async (home: string): Promise<void> => {
  const running = await attach(home)
  if (running === undefined) throw new ChatError('NOT_RUNNING', 'no node is running for this home')
  await running.call('down')
  await running.close()
  const isSame = async (): Promise<boolean> => {
    const still = await attach(home).catch(() => undefined)
    await still?.close()
    return still?.pid === running.pid
  }
  for (const startedAt = Date.now(); await isSame(); await sleep(LOOK_AGAIN_MS))
    if (Date.now() - startedAt > UP_TIMEOUT_MS)
      throw new ChatError('TIMED_OUT', 'the node did not stop in time')
}
