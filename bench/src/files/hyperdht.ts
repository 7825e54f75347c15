/** The rival whose ratio governs: secret streams of hyperdht over UDX, doing the same work in processes of their own. */
import { join } from 'node:path'
import { startProcess } from '../child.ts'
import type { Contestant, Moved } from './contestant.ts'

const PROGRAM = new URL('../processes/file-hyperdht.js', import.meta.url)

export const hyperdht: Contestant = {
  name: 'hyperdht',
  whyNot: () => undefined,
  open: async ({ near, far }, directory) => {
    const [dht, sender, receiver] = [far, near, far].map(({ namespace }) =>
      startProcess(PROGRAM, { namespace }),
    ) as [Child, Child, Child]
    const bootstrap = await dht.call<object>('testnet', { host: far.address })
    const key = await receiver.call<Uint8Array>('listen', { host: far.address, bootstrap })
    await sender.call('meet', { host: near.address, bootstrap })
    const move = async (file: string, limitMs: number): Promise<Moved> => {
      await receiver.call('expect', { as: join(directory, 'by-hyperdht') })
      const { tookMs } = await sender.call<{ tookMs: number }>('move', { key, file, limitMs })
      return { bytes: await receiver.call<number>('received'), tookMs }
    }
    const pids = { near: [sender.pid], far: [receiver.pid] }
    return {
      contenders: [{ name: 'hyperdht (UDX secret stream)', pids, move }],
      close: async () => {
        for (const child of [sender, receiver, dht]) await child.stop()
      },
    }
  },
}

type Child = ReturnType<typeof startProcess>
