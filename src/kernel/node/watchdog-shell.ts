/**
 * Notices that this process's event loop is blocked. A thread of its own counts the loop's beats; when they stop it
 * interrupts the main thread through V8's inspector, which opens no port and reaches into any JavaScript that runs:
 * a loop, a regular expression, a wait. Native code that does not return is reached when it does.
 */

import type { EventEmitter } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Watch } from './watchdog-thread-shell.ts'

/** As long as a hook may take: by then a person waits for a node that does nothing at all. */
export const BLOCKED_AFTER_MS = 10_000
const BEAT_EVERY_MS = 500
/**
 * One interrupt in nine falls into Node's own promise hook when promises block, where neither the stack nor the
 * async context tells whose they are (measured on Node 20). Eight in a row do once in forty million blocks.
 */
const INTERRUPTS = 8
const BLOCKED = 'ntm:blocked'
const STDERR = 2
const THREAD = import.meta.url.replace('watchdog-shell', 'watchdog-thread-shell')

/**
 * `blocked` is called on top of whatever blocks, so that its own stack tells what that is; several times, with the
 * number of calls that still follow while the loop stands still.
 */
export const watchLoop = (blocked: (left: number) => void, unwatched: (error: unknown) => void): void => {
  const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  setInterval(() => Atomics.add(beats, 0, 1), BEAT_EVERY_MS).unref()
  const here: EventEmitter = process
  here.on(BLOCKED, (left: number) => {
    // What ends the process here ends it under a debugger, of whom V8 would tell the user.
    process.once('exit', silence)
    blocked(left)
    process.off('exit', silence)
  })
  const watch: Watch = {
    beats,
    everyMs: BEAT_EVERY_MS,
    looksMax: BLOCKED_AFTER_MS / BEAT_EVERY_MS,
    interrupts: Array.from(
      { length: INTERRUPTS },
      (_, at) => `process.emit('${BLOCKED}', ${INTERRUPTS - 1 - at})`,
    ),
  }
  new Worker(new URL(THREAD), { workerData: watch, execArgv: [] }).on('error', unwatched).unref()
}

/** The number must not stay free: a library that ends writes there, and koffi waits for ever when it cannot. */
const silence = (): void => {
  closeSync(STDERR)
  // The lowest free number is the one that was just closed.
  openSync(devNull, 'w')
}
