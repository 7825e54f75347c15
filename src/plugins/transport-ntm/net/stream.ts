/** Byte streams between virtual addresses: what the transport's `stream` half stands on. */
import type { Duplex } from 'node:stream'
import type { VirtualAddress } from './address.ts'

export type OnStream = (stream: Duplex, from: VirtualAddress) => void

/** One device's streams. A stream keeps order, waits when its reader is slow, and can be closed by halves. */
export interface Streams {
  /** Rejects with PEER_UNREACHABLE where nobody listens. */
  connect(to: VirtualAddress, port: number): Promise<Duplex>
  /** One listener a port. Returns how to stop listening; accepted streams go on. */
  listen(port: number, onStream: OnStream): () => void
}
