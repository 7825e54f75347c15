/** A link and the flows on it, said in the units of the targets: megabits per second and round trips. */
import { SeededRandom } from '../../../../../../src/kernel/testing/seeded-random.ts'
import { newBbr } from '../../../../../../src/plugins/transport-ntm/net/tcp/bbr.ts'
import type {
  CongestionControl,
  CongestionOptions,
} from '../../../../../../src/plugins/transport-ntm/net/tcp/congestion.ts'
import { Flow, type FlowOptions } from './flow.ts'
import { Link, type LinkOptions } from './link.ts'
import { VirtualTime } from './virtual-time.ts'

const BYTES_PER_MS = 125

export interface SceneOptions extends Partial<Omit<LinkOptions, 'bytesPerMs' | 'oneWayMs' | 'bufferBytes'>> {
  readonly megabits: number
  readonly roundTripMs: number
  /** Of the buffer, in bandwidth-delay products: one unless told. */
  readonly bufferBdp?: number
}

export class Scene {
  readonly time = new VirtualTime()
  readonly link: Link
  readonly #random: SeededRandom

  constructor(options: SceneOptions) {
    this.link = this.linkOf(options)
    this.#random = new SeededRandom((options.seed ?? 1) + 1_000)
  }

  /** Another path at the same time, to which flows can turn. */
  linkOf(options: SceneOptions): Link {
    const bytesPerMs = options.megabits * BYTES_PER_MS
    return new Link(this.time, {
      ...options,
      seed: options.seed ?? 1,
      bytesPerMs,
      oneWayMs: options.roundTripMs / 2,
      bufferBytes: (options.bufferBdp ?? 1) * bytesPerMs * options.roundTripMs,
    })
  }

  flow(
    newCongestion: (options: CongestionOptions) => CongestionControl = newBbr,
    options: Omit<FlowOptions, 'congestion'> = {},
  ): Flow {
    const mssBytes = options.mssBytes ?? 1_140
    const random = () => this.#random.next()
    return new Flow(this.link, { ...options, congestion: newCongestion({ mssBytes, nowMs: 0, random }) })
  }

  /** Runs from one moment to another and says how fast the flows were in between, in Mb/s of payload. */
  between(fromMs: number, toMs: number, ...flows: readonly Flow[]): readonly number[] {
    this.time.runUntil(fromMs)
    for (const flow of flows) flow.mark()
    this.time.runUntil(toMs)
    return flows.map(flow => flow.megabitsPerSecond)
  }
}
