/**
 * The nearest rival for a line of chat: an encrypted stream between two processes that found each other by a DHT
 * on loopback. It keeps nothing and acknowledges nothing of its own; the echo stands for the acknowledgement.
 */
import DHT, { type SecretStream } from 'hyperdht'
import createTestnet from 'hyperdht/testnet.js'
import { type Child, serve, startProcess } from '../child.ts'

interface Bootstrap {
  readonly host: string
  readonly port: number
}

let end = async (): Promise<void> => undefined
let stream: SecretStream | undefined

const open = async (): Promise<void> => {
  const testnet = await createTestnet(3, { host: '127.0.0.1' })
  const other: Child = startProcess(new URL(import.meta.url))
  const publicKey = await other.call<Buffer>('echo', { bootstrap: testnet.bootstrap })
  const node = new DHT({ bootstrap: testnet.bootstrap, host: '127.0.0.1' })
  stream = node.connect(Buffer.from(publicKey))
  await stream.opened
  end = async () => {
    stream?.destroy()
    await other.stop()
    await node.destroy()
    await testnet.destroy()
  }
}

serve(
  {
    open,
    echo: async ({ bootstrap }: { bootstrap: readonly Bootstrap[] }) => {
      const node = new DHT({ bootstrap, host: '127.0.0.1' })
      const server = node.createServer(socket => {
        socket.on('error', () => undefined)
        socket.on('data', bytes => socket.write(bytes))
      })
      await server.listen()
      end = () => node.destroy({ force: true })
      return server.publicKey
    },
    roundTrips: async ({ count }: { count: number }) => {
      const bytes = Buffer.alloc(48, 1)
      const tookMs: number[] = []
      for (let n = 0; n < count; n += 1) {
        const startedMs = performance.now()
        const back = new Promise(done => stream!.once('data', done))
        stream!.write(bytes)
        await back
        tookMs.push(performance.now() - startedMs)
      }
      return tookMs
    },
  },
  () => end(),
)
