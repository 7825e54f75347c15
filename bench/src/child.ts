/**
 * Processes of the bench: whatever is measured, carries load or plays the other side runs in a process of its
 * own and answers calls over Node's IPC channel, which is silent while something is being measured.
 */
import { type ChildProcess, fork } from 'node:child_process'

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

export interface Child {
  readonly pid: number
  /** Rejects with what the other process threw, or when it ends. */
  call<T>(method: string, params?: object): Promise<T>
  /** Lets it end by itself, and ends it if it does not. */
  stop(): Promise<void>
}

export interface ChildOptions {
  /** For node: `--cpu-prof` and the like. */
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Network namespace to run in. */
  readonly namespace?: string
}

/** For processes that stand for `ntm`. */
export const AS_RUN: readonly string[] = ['--import', new URL('processes/as-run.js', import.meta.url).href]

const STOP_TIMEOUT_MS = 10_000
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts `program`, a file of this build that calls `serve`. */
export const startProcess = (program: URL, options: ChildOptions = {}): Child => {
  const { namespace, execArgv = [] } = options
  // `ip netns exec` becomes the program that it starts, and keeps the channel open.
  const inside = ['netns', 'exec', namespace ?? '', process.execPath]
  const child = fork(program, {
    execPath: namespace === undefined ? process.execPath : 'ip',
    execArgv: [...(namespace === undefined ? [] : inside), ...execArgv],
    env: { ...process.env, ...options.env },
    serialization: 'advanced',
  })
  running.add(child)
  const waiting = new Map<number, { resolve(result: never): void; reject(error: Error): void }>()
  let lastId = 0
  child.on('message', ({ id, result, error }: Answer) => {
    const caller = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) caller?.resolve(result as never)
    else caller?.reject(new Error(error))
  })
  child.on('exit', code => {
    running.delete(child)
    for (const { reject } of waiting.values()) reject(new Error(`${program.pathname} ended with ${code}`))
    waiting.clear()
  })
  return {
    pid: child.pid ?? 0,
    call: (method, params = {}) =>
      new Promise((resolve, reject) => {
        if (!child.connected) reject(new Error(`${program.pathname} has ended`))
        const id = ++lastId
        waiting.set(id, { resolve, reject })
        child.send({ id, method, params })
      }),
    stop: () => stop(child),
  }
}

const stop = (child: ChildProcess): Promise<void> =>
  new Promise(done => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.once('exit', () => {
      clearTimeout(force)
      done()
    })
    if (child.connected) child.disconnect()
  })

// biome-ignore lint/suspicious/noExplicitAny: each method knows what it is called with.
type Method = (params: any) => unknown

/** In the other process: answers calls until the parent lets go, then cleans up and ends. */
export const serve = (methods: Readonly<Record<string, Method>>, end?: () => Promise<void>): void => {
  process.on('message', async ({ id, method, params }: { id: number; method: string; params: unknown }) => {
    try {
      process.send?.({ id, result: await methods[method]!(params) })
    } catch (error) {
      process.send?.({
        id,
        error: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
      })
    }
  })
  process.on('disconnect', () => {
    Promise.resolve(end?.()).finally(() => process.exit(0))
  })
}
