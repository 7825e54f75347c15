/** The floor under every round trip: a datagram to another process and back, with nothing done to it. */
import { createSocket } from 'node:dgram'
import { type Child, serve, startProcess } from '../child.ts'

const socket = createSocket('udp4')
const bound = new Promise<number>(done => socket.bind(0, '127.0.0.1', () => done(socket.address().port)))
let other: Child | undefined
let toPort = 0

serve(
  {
    /** The asking side; it starts the answering one. */
    open: async () => {
      await bound
      other = startProcess(new URL(import.meta.url))
      toPort = await other.call('echo')
    },
    echo: async () => {
      const port = await bound
      socket.on('message', (bytes, from) => socket.send(bytes, from.port, from.address))
      return port
    },
    roundTrips: async ({ count }: { count: number }) => {
      const bytes = Buffer.alloc(100, 1)
      const tookMs: number[] = []
      for (let n = 0; n < count; n += 1) {
        const startedMs = performance.now()
        const back = new Promise(done => socket.once('message', done))
        socket.send(bytes, toPort, '127.0.0.1')
        await back
        tookMs.push(performance.now() - startedMs)
      }
      return tookMs
    },
  },
  async () => other?.stop(),
)
