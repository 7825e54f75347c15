/**
 * Streams as one plugin sees them: whoever connects to it is accepted inside its fence, and when it has left the house
 * nobody is accepted any more and its streams are broken off.
 */
import type { Duplex } from 'node:stream'
import type { DeviceId } from '../events/ids.ts'
import type { ChatError } from './api/errors.ts'
import type { Streams } from './api/tokens.ts'
import type { Fence } from './fence.ts'

const ACCEPTING = 'the listener given to Streams.listen'

export class StreamsFace {
  readonly streams: Streams
  readonly #gone: () => ChatError
  readonly #open = new Set<Duplex>()
  readonly #stops = new Set<() => void>()
  #hasLeft = false

  /** `gone`: what somebody hears who has left the house. */
  constructor(streams: Streams, fence: Fence, gone: () => ChatError) {
    this.#gone = gone
    this.streams = {
      connect: async (to, port) => {
        if (this.#hasLeft) throw gone()
        return this.#keep(await streams.connect(to, port))
      },
      listen: (port, accept) => {
        if (this.#hasLeft) throw gone()
        const passOn = (from: DeviceId, stream: Duplex): void => {
          this.#keep(stream)
          fence.shield(ACCEPTING, () => accept(from, stream))
        }
        const stop = streams.listen(port, passOn)
        this.#stops.add(stop)
        return () => {
          this.#stops.delete(stop)
          stop()
        }
      },
    }
  }

  end(): void {
    this.#hasLeft = true
    for (const stop of this.#stops) stop()
    for (const stream of this.#open) stream.destroy()
  }

  #keep(stream: Duplex): Duplex {
    if (this.#hasLeft) {
      stream.destroy()
      throw this.#gone()
    }
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    // What nobody listens for would end the process; whoever reads or writes hears of it all the same.
    stream.on('error', () => undefined)
    return stream
  }
}
