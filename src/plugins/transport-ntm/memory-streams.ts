/**
 * The stream half of the transport until the stack has TCP: streams within one process, where two nodes of a test
 * meet by their virtual addresses. They need a path as TCP will, and end with the node.
 */
import type { Duplex } from 'node:stream'
import { type DeviceId, idToBytes } from '../../events/ids.ts'
import { ChatError, type Identity, type People, type StreamTransport } from '../../kernel/api/index.ts'
import { virtualIpv6 } from './net/address.ts'
import { createMemoryStreams, type Streams } from './net/stream.ts'
import type { Links } from './path/links.ts'

interface Parts {
  readonly identity: Identity
  readonly people: Pick<People, 'card'>
  readonly links: Links
}

const IN_THIS_PROCESS = createMemoryStreams()

export class MemoryStreams implements StreamTransport {
  readonly #parts: Parts
  readonly #streams: Streams
  readonly #listeners = new Set<() => void>()

  constructor(parts: Parts) {
    this.#parts = parts
    const own = virtualIpv6(idToBytes(parts.identity.tunnelKey))
    IN_THIS_PROCESS.forget(own)
    this.#streams = IN_THIS_PROCESS.at(own)
  }

  async connect(to: DeviceId, port: number): Promise<Duplex> {
    const { people, links } = this.#parts
    const card = people.card(to)
    if (card === undefined || links.open(to) === undefined)
      throw new ChatError('PEER_UNREACHABLE', `there is no path to the device ${to}`)
    return this.#streams.connect(virtualIpv6(idToBytes(card.tunnelKey)), port)
  }

  listen(port: number, accept: (from: DeviceId, stream: Duplex) => void): () => void {
    const stop = this.#streams.listen(port, (stream, from) => {
      const device = this.#parts.links.deviceAt(from)
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
}
