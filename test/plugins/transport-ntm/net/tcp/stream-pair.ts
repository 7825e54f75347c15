/**
 * Two stacks whose packets reach each other at the next turn of the event loop, with a clock that moves only when it
 * is told to: for streams, whose own machinery works in turns.
 */
import type { Duplex } from 'node:stream'
import { createStack, type Stack } from '../../../../../src/plugins/transport-ntm/net/stack.ts'
import { ALICE, BOB } from '../packets.ts'

export class StreamPair {
  readonly alice: Stack
  readonly bob: Stack
  isDown = false
  nowMs = 1000
  #seed = 1

  constructor() {
    this.alice = this.#end(ALICE, () => this.bob)
    this.bob = this.#end(BOB, () => this.alice)
  }

  async meet(port: number): Promise<{ alice: Duplex; bob: Duplex; from: Uint8Array }> {
    const accepted = new Promise<{ bob: Duplex; from: Uint8Array }>(resolve =>
      this.bob.streams.listen(port, (bob, from) => resolve({ bob, from })),
    )
    const alice = await this.alice.streams.connect(BOB, port)
    return { alice, ...(await accepted) }
  }

  /** Timers that are due until then run. */
  passMs(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const at = Math.min(this.alice.nextWakeAt() ?? endMs + 1, this.bob.nextWakeAt() ?? endMs + 1)
      if (at > endMs) break
      this.nowMs = Math.max(this.nowMs, at)
      this.alice.wake()
      this.bob.wake()
    }
    this.nowMs = endMs
  }

  #end(own: Uint8Array, other: () => Stack): Stack {
    return createStack({
      addresses: { ipv6: own },
      emit: packet => {
        if (this.isDown) return
        const copy = packet.slice()
        setImmediate(() => {
          // A millisecond a packet, so that what is paced leaves.
          this.nowMs += 0.1
          other().receive(copy, { allowed: [own] })
          other().flush()
          this.#wakeBoth()
        })
      },
      dropped: () => {},
      now: () => this.nowMs,
      random: count => Uint8Array.from({ length: count }, () => (this.#seed = (this.#seed * 31 + 7) % 251)),
    })
  }

  #wakeBoth(): void {
    for (const stack of [this.alice, this.bob]) {
      const at = stack.nextWakeAt()
      if (at !== undefined && at <= this.nowMs) stack.wake()
    }
  }
}
