/**
 * Where one protocol's machine sits: its queue of inputs and its named timers. An input that arrives while the
 * machine is busy waits, so that a step never meets another step of the same machine half done.
 */
import type { Clock, Input, Output, Protocol, Turn } from './api/index.ts'
import type { Contributed } from './contributions.ts'

// biome-ignore lint/suspicious/noExplicitAny: the command type is the plugin's own business.
type AnyInput = Input<any>
/** Timers are the seat's own; everything else a machine asks for goes to the driver. */
export type Deed = Exclude<Output, { kind: 'wake' }>

interface SeatParts {
  readonly clock: Clock
  readonly random: () => number
  perform(deed: Deed, seat: MachineSeat): void
}

export class MachineSeat {
  readonly contributed: Contributed<'protocol'>
  readonly protocol: Protocol
  readonly #parts: SeatParts
  readonly #waiting: AnyInput[] = []
  readonly #timers = new Map<string, () => void>()
  #isStepping = false
  #isGone = false

  constructor(contributed: Contributed<'protocol'>, parts: SeatParts) {
    this.contributed = contributed
    this.protocol = contributed.value
    this.#parts = parts
  }

  /** Steps the machine with the input, or queues it behind the step that is under way. */
  feed(input: AnyInput): void {
    if (this.#isGone) return
    this.#waiting.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#step(next)
    } finally {
      this.#isStepping = false
    }
  }

  /** The machine is withdrawn: its timers and whatever it still waits for come to nothing. */
  leave(): void {
    this.#isGone = true
    this.#waiting.length = 0
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  #step(input: AnyInput): void {
    const { clock, random, perform } = this.#parts
    const turn: Turn = { nowMs: clock.monotonicMs(), random }
    const { fence } = this.contributed
    const { machine, name } = this.protocol
    // What is performed is inside the fence too: an output may be anything that JavaScript can say.
    fence.guard(`step of ${name} on '${input.kind}'`, () => {
      for (const output of machine.step(input, turn)) {
        if (this.#isGone) return
        if (output.kind === 'wake') this.#arm(output.timer, output.afterMs)
        else perform(output, this)
      }
    })
  }

  #arm(timer: string, afterMs: number | undefined): void {
    this.#timers.get(timer)?.()
    this.#timers.delete(timer)
    if (afterMs === undefined) return
    const cancel = this.#parts.clock.after(afterMs, () => {
      this.#timers.delete(timer)
      this.feed({ kind: 'woke', timer })
    })
    this.#timers.set(timer, cancel)
  }
}
