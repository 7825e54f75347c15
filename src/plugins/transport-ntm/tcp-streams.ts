/**
 * The stream half of the transport: TCP through the tunnels. Who is at the other end of a connection is told by the
 * virtual address, under which only the holder of that device's key can send. A connection needs a path to begin; one
 * that is lost later may come back, so TCP decides how long it waits for that.
 */
import type { Duplex } from 'node:stream'
import type { DeviceId } from '../../events/ids.ts'
import { ChatError, type People, type StreamTransport } from '../../kernel/api/index.ts'
import type { Carrier } from './carrier.ts'
import type { VirtualAddress } from './net/address.ts'
import type { Links } from './path/links.ts'

interface TcpStreamsParts {
  readonly carrier: Pick<Carrier, 'stack' | 'neighbourAt'>
  readonly links: Pick<Links, 'open'>
  readonly people: Pick<People, 'cardOfTunnelKey'>
}

export class TcpStreams implements StreamTransport {
  readonly #parts: TcpStreamsParts
  readonly #listeners = new Set<() => void>()

  constructor(parts: TcpStreamsParts) {
    this.#parts = parts
  }

  async connect(to: DeviceId, port: number): Promise<Duplex> {
    const { carrier, links } = this.#parts
    const neighbour = links.open(to)
    if (neighbour === undefined)
      throw new ChatError('PEER_UNREACHABLE', `there is no path to the device ${to}`)
    return carrier.stack.streams.connect(neighbour.address, port)
  }

  listen(port: number, accept: (from: DeviceId, stream: Duplex) => void): () => void {
    const stop = this.#parts.carrier.stack.streams.listen(port, (stream, from) => {
      const device = this.#deviceAt(from)
      if (device === undefined) stream.destroy()
      else accept(device, stream)
    })
    this.#listeners.add(stop)
    return () => {
      this.#listeners.delete(stop)
      stop()
    }
  }

  close(): void {
    for (const stop of this.#listeners) stop()
    this.#listeners.clear()
  }

  #deviceAt(address: VirtualAddress): DeviceId | undefined {
    const { carrier, people } = this.#parts
    const neighbour = carrier.neighbourAt(address)
    return neighbour && people.cardOfTunnelKey(neighbour.key)?.device
  }
}
