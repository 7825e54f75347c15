/**
 * One end of a file through a secret stream of hyperdht, over UDX. The two find each other by a DHT of their own, which
 * a third process holds, so that nothing of it counts.
 */
import DHT from 'hyperdht'
import createTestnet from 'hyperdht/testnet.js'
import { serve } from '../child.ts'
import { farMethods, moveFile, takeFile } from '../files/file-end.ts'

interface Place {
  readonly host: string
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[]
}

let end = async (): Promise<void> => undefined
let node: DHT | undefined

/** Nothing stands between the two: they need not punch, and do not get lost in it. */
const start = (place: Place): DHT => {
  const started = new DHT({ ...place, firewalled: false, ephemeral: true })
  end = () => started.destroy({ force: true })
  return started
}

serve(
  {
    ...farMethods,
    testnet: async ({ host }: { host: string }) => {
      const testnet = await createTestnet(3, { host })
      end = () => testnet.destroy()
      return testnet.bootstrap
    },
    listen: async (place: Place) => {
      const server = start(place).createServer(takeFile)
      await server.listen()
      return server.publicKey
    },
    meet: (place: Place) => {
      node = start(place)
    },
    /** A new stream for each file, as a new connection of TCP; its handshake is not counted. */
    move: async ({ key, file, limitMs }: { key: Uint8Array; file: string; limitMs: number }) => {
      const stream = node!.connect(Buffer.from(key))
      let reason = 'no reason given'
      stream.on('error', error => {
        reason = error.message
      })
      if (!(await stream.opened)) throw new Error(`the two did not meet: ${reason}`)
      return moveFile(stream, file, limitMs)
    },
  },
  () => end(),
)
