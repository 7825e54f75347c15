/** One end of a file through the kernel's TCP. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { loadOffloadCalls } from '../../../src/kernel/offload-calls-shell.ts'
import { serve } from '../child.ts'
import { farMethods, moveFile, takeFile } from '../files/file-end.ts'

const IPPROTO_TCP = 6
const TCP_CONGESTION = 13

/** A namespace may not choose BBR for all that is in it, but root may for a socket. */
const steer = async (socket: Socket, congestion: string): Promise<void> => {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  const name = Buffer.from(congestion)
  const calls = await loadOffloadCalls()
  if (calls?.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, name.length) !== 0)
    throw new Error(`this kernel or this Node cannot be asked for ${congestion}`)
}

serve({
  ...farMethods,
  listen: async ({ address }: { address: string }) => {
    const server = createServer(takeFile)
    server.listen(0, address)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  move: async ({ address, port, congestion, file, limitMs }: TcpMove) => {
    const socket = connect(port, address)
    await once(socket, 'connect')
    await steer(socket, congestion)
    return moveFile(socket, file, limitMs)
  },
})

interface TcpMove {
  readonly address: string
  readonly port: number
  /** As the kernel calls it. */
  readonly congestion: string
  readonly file: string
  readonly limitMs: number
}
