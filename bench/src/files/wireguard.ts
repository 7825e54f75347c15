/** What most people have: the kernel's TCP, here through wireguard-go, with a program that does the same work. */
import { join } from 'node:path'
import { startProcess } from '../child.ts'
import { canRun } from '../nat-lab.ts'
import { INNER, WireguardPair } from '../wireguard-pair.ts'
import type { Contender, Contestant, Moved } from './contestant.ts'

const PROGRAM = new URL('../processes/file-tcp.js', import.meta.url)

export const CONGESTION_CONTROLS = ['bbr', 'cubic'] as const

export const wireguard: Contestant = {
  name: 'wireguard',
  whyNot: () =>
    canRun('wireguard-go', 'wg', 'iperf3') ? undefined : 'wireguard-go, wg or iperf3 is not installed',
  open: async ({ near, far }, directory) => {
    const pair = new WireguardPair({ home: near, world: far })
    await pair.start()
    const [sender, receiver] = [near, far].map(({ namespace }) => startProcess(PROGRAM, { namespace })) as [
      Child,
      Child,
    ]
    const port = await receiver.call<number>('listen', { address: INNER.world })
    const contender = (congestion: string): Contender => ({
      name: `kernel TCP (${congestion.toUpperCase()}) through wireguard-go`,
      pids: { near: [sender.pid, pair.pids.home], far: [receiver.pid, pair.pids.world] },
      move: async (file, limitMs): Promise<Moved> => {
        await receiver.call('expect', { as: join(directory, 'by-wireguard') })
        const where = { address: INNER.world, port, congestion, file, limitMs }
        const { tookMs } = await sender.call<{ tookMs: number }>('move', where)
        return { bytes: await receiver.call<number>('received'), tookMs }
      },
    })
    return {
      contenders: CONGESTION_CONTROLS.map(contender),
      close: async () => {
        await Promise.all([sender.stop(), receiver.stop()])
        await pair.stop()
      },
    }
  },
}

type Child = ReturnType<typeof startProcess>
