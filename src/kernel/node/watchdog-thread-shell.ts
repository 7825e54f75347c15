/**
 * The watchdog's thread. It looks at the beats of the main thread; when they stop, it makes the main thread run
 * expressions in the midst of what it is doing. It decides and writes nothing itself.
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
  /** JavaScript for the main thread, one after the other for as long as it stands still. */
  readonly interrupts: readonly string[]
}

/** Not the length of anything that a blocked loop does in rounds. */
const BETWEEN_INTERRUPTS_MS = 17

const { beats, everyMs, looksMax, interrupts } = workerData as Watch
const pulse = new Pulse(looksMax)

const interruptMainThread = ([expression, ...later]: readonly string[], beat: number): void => {
  if (expression === undefined || Atomics.load(beats, 0) !== beat) return
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression }, () => session.disconnect())
  setTimeout(() => interruptMainThread(later, beat), BETWEEN_INTERRUPTS_MS)
}

setInterval(() => {
  const beat = Atomics.load(beats, 0)
  if (pulse.isLost(beat)) interruptMainThread(interrupts, beat)
}, everyMs)
