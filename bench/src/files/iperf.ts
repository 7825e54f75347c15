/** What the line carries at all: the kernel's TCP with nothing to read, write, hash or encrypt. */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { canRun } from '../nat-lab.ts'
import type { Contender, Contestant } from './contestant.ts'
import type { LongLine } from './long-line.ts'
import { CONGESTION_CONTROLS } from './wireguard.ts'

/** Long enough for a window to open on the longest line. */
const SECONDS = 6
const PORT = '5302'
const REST_MS = 1_000

interface Report {
  readonly end?: { readonly sum_received: { readonly bytes: number; readonly seconds: number } }
  readonly error?: string
}

const inside = (namespace: string, ...command: readonly string[]): ChildProcess =>
  spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['ignore', 'pipe', 'ignore'] })

/** One flow of so many seconds; resolves when it is over. */
export const iperfFlow = async (
  { near, far }: LongLine,
  congestion: string,
  seconds: number,
): Promise<{ readonly bytes: number; readonly tookMs: number }> => {
  const words = ['-c', far.address, '-p', PORT, '-C', congestion, '-t', `${seconds}`, '-J']
  // Its server is busy for a while after the flow before on a lossy line.
  await sleep(REST_MS)
  const client = inside(near.namespace, 'iperf3', ...words)
  let said = ''
  client.stdout!.on('data', text => {
    said += String(text)
  })
  await new Promise(done => client.once('close', done))
  const { end, error } = JSON.parse(said) as Report
  if (end?.sum_received === undefined) throw new Error(`iperf3: ${error}`)
  return { bytes: end.sum_received.bytes, tookMs: end.sum_received.seconds * 1000 }
}

/** Resolves with what ends it. */
export const iperfServer = async ({ far }: LongLine): Promise<() => Promise<void>> => {
  const server = inside(far.namespace, 'iperf3', '-s', '-B', far.address, '-p', PORT)
  await sleep(500)
  return async () => {
    const ended = new Promise(done => server.once('exit', done))
    server.kill('SIGTERM')
    await ended
  }
}

export const iperf: Contestant = {
  name: 'iperf3',
  whyNot: () => (canRun('iperf3') ? undefined : 'iperf3 is not installed'),
  open: async line => {
    const close = await iperfServer(line)
    const contender = (congestion: string): Contender => ({
      name: `iperf3, kernel TCP (${congestion.toUpperCase()}) and nothing else`,
      isBare: true,
      pids: { near: [], far: [] },
      move: (_file, limitMs) => iperfFlow(line, congestion, Math.min(SECONDS, limitMs / 1000)),
    })
    return { contenders: CONGESTION_CONTROLS.map(contender), close }
  },
}
