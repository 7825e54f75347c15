/**
 * The watchdog's thread. It looks at the beats of the main thread; when they stop, it makes the main thread run one
 * expression in the midst of what it is doing. It decides and writes nothing itself.
 */
import { Session } from 'node:inspector'
import { workerData } from 'node:worker_threads'
import { Pulse } from '../pulse.ts'

export interface Watch {
  /** One number, counted up by the main thread. */
  readonly beats: Int32Array
  readonly everyMs: number
  /** Looks without a beat after which the loop is blocked. */
  readonly looksMax: number
  /** JavaScript for the main thread. */
  readonly interrupt: string
}

const { beats, everyMs, looksMax, interrupt } = workerData as Watch
const pulse = new Pulse(looksMax)

const interruptMainThread = (): void => {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression: interrupt }, () => session.disconnect())
}

setInterval(() => {
  if (pulse.isLost(Atomics.load(beats, 0))) interruptMainThread()
}, everyMs)
