/**
 * Byte streams between virtual addresses: what the transport's `stream` half stands on. TCP over the stack will
 * be one implementation; the other is in memory, within one process, for what must run before TCP is there.
 */
import { Duplex } from 'node:stream'
import { ChatError } from '../../../kernel/api/errors.ts'
import { formatAddress } from '../../../wire/ip-address.ts'
import type { VirtualAddress } from './address.ts'
import { MEMORY_STREAM_BYTES } from './limits.ts'

export type OnStream = (stream: Duplex, from: VirtualAddress) => void

/** One device's streams. A stream keeps order, waits when its reader is slow, and can be closed by halves. */
export interface Streams {
  /** Rejects with PEER_UNREACHABLE where nobody listens. */
  connect(to: VirtualAddress, port: number): Promise<Duplex>
  /** One listener a port. Returns how to stop listening; accepted streams go on. */
  listen(port: number, onStream: OnStream): () => void
}

/**
 * One end of a pair: what is written here is read there, and the write is done only when there is room. An end
 * that is destroyed with something unread or unwritten breaks the other off; else it is a plain close.
 */
class MemoryStream extends Duplex {
  #other: MemoryStream | undefined
  #resume: ((error?: Error) => void) | undefined

  constructor() {
    super({ readableHighWaterMark: MEMORY_STREAM_BYTES, writableHighWaterMark: MEMORY_STREAM_BYTES })
  }

  static pair(): readonly [Duplex, Duplex] {
    const [a, b] = [new MemoryStream(), new MemoryStream()]
    a.#other = b
    b.#other = a
    return [a, b]
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    const reader = this.#other!
    // A network keeps no reference to its writer's buffer, so neither does this.
    if (reader.push(Uint8Array.from(chunk))) done()
    else reader.#resume = done
  }

  override _final(done: (error?: Error) => void): void {
    this.#other!.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const leftNothing = error === null && this.readableEnded && this.writableLength === 0
    if (leftNothing) this.#other!.push(null)
    else this.#breakOff()
    done(error)
  }

  #breakOff(): void {
    const brokenOff = new ChatError('PEER_UNREACHABLE', 'the other end broke off')
    this.#resume?.(brokenOff)
    this.#other!.destroy(brokenOff)
  }
}

/** A process-wide exchange: `at(address)` is the device that holds this address. */
export const createMemoryStreams = (): {
  readonly at: (own: VirtualAddress) => Streams
  /** A device that died listens no more, whoever starts at its address next. */
  readonly forget: (own: VirtualAddress) => void
} => {
  const listeners = new Map<string, OnStream>()
  const key = (address: VirtualAddress, port: number): string => `[${formatAddress(address)}]:${port}`
  return {
    forget: own => {
      for (const place of [...listeners.keys()])
        if (place.startsWith(`[${formatAddress(own)}]:`)) listeners.delete(place)
    },
    at: own => ({
      connect: async (to, port) => {
        const onStream = listeners.get(key(to, port))
        if (onStream === undefined) {
          throw new ChatError('PEER_UNREACHABLE', `nobody listens on ${key(to, port)}`)
        }
        const [here, there] = MemoryStream.pair()
        onStream(there, own)
        return here
      },
      listen: (port, onStream) => {
        const place = key(own, port)
        if (listeners.has(place)) throw new ChatError('BUG', `${place} has a listener already`)
        listeners.set(place, onStream)
        return () => {
          if (listeners.get(place) === onStream) listeners.delete(place)
        }
      },
    }),
  }
}
