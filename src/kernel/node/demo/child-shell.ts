/**
 * The demo's people are real processes: each is this program started again with a home of its own. A child that
 * is still alive when the demo ends is stopped by its process id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ChatError } from '../../api/errors.ts'

const STARTUP_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000

export interface Child<Ready> {
  /** The first JSON document that the child printed. */
  readonly ready: Ready
  stop(): Promise<void>
}

const started = (program: string, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [program, ...args, '--json'], {
    // All of it stays on this machine.
    env: { ...process.env, NTM_LAN: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const firstDocument = (child: ChildProcess, what: string): Promise<unknown> =>
  new Promise((done, fail) => {
    const complaints: string[] = []
    const giveUp = setTimeout(() => child.kill('SIGKILL'), STARTUP_TIMEOUT_MS)
    child.stderr?.on('data', chunk => complaints.push(String(chunk)))
    const ended = () => {
      clearTimeout(giveUp)
      fail(new ChatError('PEER_UNREACHABLE', `${what} did not start: ${complaints.join('').trim()}`))
    }
    child.once('exit', ended)
    if (child.stdout === null) return ended()
    createInterface({ input: child.stdout }).once('line', line => {
      clearTimeout(giveUp)
      child.off('exit', ended)
      done(JSON.parse(line))
    })
  })

const stop = (child: ChildProcess): Promise<void> =>
  new Promise(done => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.once('exit', () => {
      clearTimeout(force)
      done()
    })
    child.kill('SIGTERM')
  })

/** Starts a child that stays (`up`, `dc serve`) and waits for its first line. */
export const startChild = async <Ready>(program: string, args: readonly string[]): Promise<Child<Ready>> => {
  const child = started(program, args)
  try {
    return { ready: (await firstDocument(child, args.join(' '))) as Ready, stop: () => stop(child) }
  } catch (error) {
    await stop(child)
    throw error
  }
}

/** Runs a child that prints one document and ends. */
export const runChild = async <Document>(program: string, args: readonly string[]): Promise<Document> => {
  const child = started(program, args)
  const document = (await firstDocument(child, args.join(' '))) as Document
  await stop(child)
  return document
}
