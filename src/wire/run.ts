/**
 * Runs: consecutive events of one author under one signature on the last. Until that signature is checked
 * nothing in the run is the author's word, so a run is judged whole or not at all.
 */
import { isKept, type Opened } from '../events/envelope.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { RUN_MAX_BYTES, RUN_MAX_EVENTS } from './limits.ts'
import { verifyEvent } from './signature.ts'

export type RunFault =
  | 'empty'
  | 'too-many-events'
  | 'too-many-bytes'
  | 'not-one-chain'
  | 'unsigned'
  | 'signed-in-the-middle'
  | 'kept-in-the-middle'
  | 'bad-signature'

/** What an event counts for in a run: its envelope and its salt and data, also where these are dropped. */
export const runBytesOf = (event: Opened): number => event.bytes.length + 16 + event.envelope.dataLen

function chainFault(before: Opened, after: Opened): RunFault | undefined {
  const [a, b] = [before.envelope, after.envelope]
  if (a.stream !== b.stream || a.author !== b.author) return 'not-one-chain'
  if (b.seq !== a.seq + 1 || b.prev !== before.id) return 'not-one-chain'
  if (before.sig !== undefined) return 'signed-in-the-middle'
  return isKept(a) ? 'kept-in-the-middle' : undefined
}

/** Whether these events, in order, are one run, unbroken, within its limits and signed by its author. */
export function verifyRun(run: readonly Opened[]): Result<readonly Opened[], RunFault> {
  const last = run.at(-1)
  if (last === undefined) return refuse('empty')
  if (run.length > RUN_MAX_EVENTS) return refuse('too-many-events')
  let size = runBytesOf(last)
  for (let index = 1; index < run.length; index += 1) {
    const fault = chainFault(run[index - 1]!, run[index]!)
    if (fault !== undefined) return refuse(fault)
    size += runBytesOf(run[index - 1]!)
  }
  if (run.length > 1 && size > RUN_MAX_BYTES) return refuse('too-many-bytes')
  if (last.sig === undefined) return refuse('unsigned')
  return verifyEvent(last.envelope.author, last.id, last.sig) ? ok(run) : refuse('bad-signature')
}

/** Events in chain order, cut after each signature: the runs, and the tail that no signature covers yet. */
export function splitRuns(events: readonly Opened[]): { runs: Opened[][]; uncovered: Opened[] } {
  const runs: Opened[][] = []
  let uncovered: Opened[] = []
  for (const event of events) {
    uncovered.push(event)
    if (event.sig === undefined) continue
    runs.push(uncovered)
    uncovered = []
  }
  return { runs, uncovered }
}
