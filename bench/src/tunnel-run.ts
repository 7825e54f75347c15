/** One end sends for a while as fast as the other says that it arrives; what that was, and what it cost each. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

const PACKET_BITS = 1200 * 8
/** For what is still under way when the sender stops: it is not lost. */
const DRAIN_MS = 200

interface Cpu {
  readonly user: number
  readonly system: number
}

export interface TunnelRun {
  readonly gigabits: number
  /** Processor time for each packet that arrived. */
  readonly senderUs: number
  readonly receiverUs: number
  readonly lostShare: number
}

const usOf = (before: Cpu, after: Cpu): number => after.user + after.system - before.user - before.system

export const tunnelRun = async (sender: Child, receiver: Child, seconds: number): Promise<TunnelRun> => {
  const before = await receiver.call<number>('received')
  const cpu = await Promise.all([sender.call<Cpu>('cpu'), receiver.call<Cpu>('cpu')])
  const { sent, elapsedMs } = await sender.call<{ sent: number; elapsedMs: number }>('send', { seconds })
  await sleep(DRAIN_MS)
  const used = await Promise.all([sender.call<Cpu>('cpu'), receiver.call<Cpu>('cpu')])
  const arrived = (await receiver.call<number>('received')) - before
  return {
    gigabits: (arrived * PACKET_BITS) / elapsedMs / 1e6,
    senderUs: usOf(cpu[0], used[0]) / arrived,
    receiverUs: usOf(cpu[1], used[1]) / arrived,
    lostShare: 1 - arrived / sent,
  }
}
