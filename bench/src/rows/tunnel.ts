/** Row 3: inner packets of 1,200 bytes through the tunnel from one process to another, counted where they arrive. */
import { type Child, startProcess } from '../child.ts'
import { atLeast, type Figure, figureOf } from '../figures.ts'
import { inTurn, type Settings } from '../settings.ts'

const SECONDS = 5
const PACKET_BITS = 1200 * 8

interface Cpu {
  readonly user: number
  readonly system: number
}

interface TunnelRun {
  readonly gigabits: number
  readonly senderUs: number
  readonly receiverUs: number
  readonly lostShare: number
}

const usOf = (before: Cpu, after: Cpu): number => after.user + after.system - before.user - before.system

const tunnelRun = async (sender: Child, receiver: Child, seconds: number): Promise<TunnelRun> => {
  const before = await receiver.call<number>('received')
  const cpu = await Promise.all([sender.call<Cpu>('cpu'), receiver.call<Cpu>('cpu')])
  const { sent, elapsedMs } = await sender.call<{ sent: number; elapsedMs: number }>('send', { seconds })
  const used = await Promise.all([sender.call<Cpu>('cpu'), receiver.call<Cpu>('cpu')])
  const arrived = (await receiver.call<number>('received')) - before
  return {
    gigabits: (arrived * PACKET_BITS) / elapsedMs / 1e6,
    senderUs: usOf(cpu[0], used[0]) / arrived,
    receiverUs: usOf(cpu[1], used[1]) / arrived,
    lostShare: 1 - arrived / sent,
  }
}

export const tunnelRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('tunnel')
  const program = new URL('../processes/tunnel-end.js', import.meta.url)
  const [sender, receiver] = [startProcess(program), startProcess(program)]
  const seconds = SECONDS * settings.scale
  try {
    await sender.call('listen')
    await sender.call('meet', await receiver.call<object>('listen'))
    await sender.call('send', { seconds })
    const runs = await inTurn(settings.runs, () => tunnelRun(sender, receiver, seconds))
    return [
      figure(
        'inner packets of 1,200 bytes between two processes',
        'Gb/s',
        runs.map(run => run.gigabits),
        {
          target: atLeast(0.6),
        },
      ),
      figure(
        'processor time of the sender, a packet',
        'us',
        runs.map(run => run.senderUs),
      ),
      figure(
        'processor time of the receiver, a packet',
        'us',
        runs.map(run => run.receiverUs),
      ),
      figure(
        'packets lost on the way',
        '',
        runs.map(run => run.lostShare),
      ),
    ]
  } finally {
    await Promise.all([sender.stop(), receiver.stop()])
  }
}
