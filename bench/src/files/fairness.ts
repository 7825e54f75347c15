/**
 * How a thin line is shared: one flow of ours and one of the kernel's through the same queue of one bandwidth-delay
 * product. What arrives behind the queue is counted by protocol, for the kernel's flow is TCP and all others are UDP.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withTemporary } from '../neighbourhood.ts'
import { makeFile } from './contest.ts'
import type { Contender, Contestant } from './contestant.ts'
import { iperfFlow, iperfServer } from './iperf.ts'
import { type LongLine, layLine } from './long-line.ts'

const ROUND_TRIP_MS = 50
const RATE_KBIT = 100_000
const QUEUE_BYTES = (RATE_KBIT / 8) * ROUND_TRIP_MS
/** Until both have found their pace. */
const SETTLING_MS = 4_000
const COUNTED_MS = 12_000
const REST_MS = 2_000
/** More than the line carries meanwhile. */
const MEBIBYTES = 260

const RULES = (device: string): string => `
table ip share {
  counter kernels { }
  counter others { }
  chain arrived {
    type filter hook prerouting priority -300;
    iifname "${device}" meta l4proto tcp counter name kernels
    iifname "${device}" meta l4proto udp counter name others
  }
}`

interface Listed {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly bytes: number } }[]
}

const counted = ({ far }: LongLine): { readonly kernels: number; readonly others: number } => {
  const words = ['netns', 'exec', far.namespace, 'nft', '-j', 'list', 'counters']
  const { nftables } = JSON.parse(execFileSync('ip', words, { encoding: 'utf8' })) as Listed
  const of = (name: string): number =>
    nftables.find(({ counter }) => counter?.name === name)?.counter?.bytes ?? 0
  return { kernels: of('kernels'), others: of('others') }
}

/** Bytes of this contender for each byte of a kernel flow that began with it. */
const shareOf = async (
  line: LongLine,
  contender: Contender,
  congestion: string,
  file: string,
): Promise<number> => {
  const limitMs = SETTLING_MS + COUNTED_MS + REST_MS
  const flow = iperfFlow(line, congestion, limitMs / 1000)
  const move = contender.move(file, limitMs)
  await sleep(SETTLING_MS)
  const before = counted(line)
  await sleep(COUNTED_MS)
  const after = counted(line)
  await Promise.all([flow, move])
  return (after.others - before.others) / (after.kernels - before.kernels)
}

export interface Share {
  readonly contender: string
  readonly against: string
  readonly shares: readonly number[]
}

export const sharesOf = (
  contestant: Contestant,
  against: readonly string[],
  runs: number,
): Promise<readonly Share[]> =>
  withTemporary(async directory => {
    const file = join(directory, 'content')
    await makeFile(file, MEBIBYTES)
    const wish = { roundTripMs: ROUND_TRIP_MS, rateKbit: RATE_KBIT, queueBytes: QUEUE_BYTES }
    const line = await layLine(wish, directory)
    const inFar = ['netns', 'exec', line.far.namespace, 'nft', '-f', '-']
    const stops: (() => Promise<void>)[] = [line.takeDown]
    try {
      execFileSync('ip', inFar, { input: RULES(line.device) })
      stops.unshift(await iperfServer(line))
      const { contenders, close } = await contestant.open(line, directory)
      stops.unshift(close)
      const contender = contenders[0]!
      const results: Share[] = []
      for (const congestion of against) {
        const shares: number[] = []
        for (let run = 0; run < runs; run += 1) shares.push(await shareOf(line, contender, congestion, file))
        results.push({ contender: contender.name, against: congestion, shares })
      }
      return results
    } finally {
      for (const stop of stops) await stop()
    }
  })
