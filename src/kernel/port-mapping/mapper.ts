/**
 * Keeps one UDP port open to the outside for as long as it is wanted: tries one way of asking after the other,
 * asks again long before what was granted ends, for a router that was restarted has forgotten it, and gives it
 * back at the end. It waits for nobody and nobody waits for it.
 */
import type { Result } from '../../events/result.ts'
import type { Clock, PortMapping, PortMappingState } from '../api/index.ts'
import type { Grant } from './pcp.ts'

/** One way to ask. It never rejects. */
export interface MappingWay {
  readonly kind: PortMapping['kind']
  /** `before`: what it granted last time. Ends soon after `signal` says so. */
  ask(port: number, before: Grant | undefined, signal: AbortSignal): Promise<Result<Grant, string>>
  giveBack(port: number, granted: Grant): Promise<void>
}

interface Held {
  readonly way: MappingWay
  readonly grant: Grant
}

/** What is asked for. */
export const LIFETIME_S = 3_600
/** What a router grants is believed within these. */
const RENEW_MIN_MS = 30_000
const RENEW_MAX_MS = 10 * 60_000
/** After nobody would grant anything. */
const RETRY_MS = 15 * 60_000

export class PortMapper {
  readonly #clock: Pick<Clock, 'after'>
  readonly #ways: readonly MappingWay[]
  readonly #port: number
  readonly #changed: (state: PortMappingState) => void
  #held: Held | undefined
  readonly #stopping = new AbortController()
  #cancel = (): void => {}
  #running: Promise<void> = Promise.resolve()

  constructor(
    clock: Pick<Clock, 'after'>,
    ways: readonly MappingWay[],
    port: number,
    changed: (state: PortMappingState) => void,
  ) {
    this.#clock = clock
    this.#ways = ways
    this.#port = port
    this.#changed = changed
  }

  start(): void {
    this.#running = this.#ask()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancel()
    await this.#running
    const held = this.#held
    this.#held = undefined
    await held?.way.giveBack(this.#port, held.grant)
  }

  async #ask(): Promise<void> {
    const { signal } = this.#stopping
    const before = this.#held
    const ways = before === undefined ? this.#ways : [before.way, ...this.#ways.filter(w => w !== before.way)]
    const complaints: string[] = []
    for (const way of ways) {
      if (signal.aborted) return
      const asked = await way.ask(this.#port, way === before?.way ? before.grant : undefined, signal)
      if (asked.ok) {
        this.#hold({ way, grant: asked.value })
        return
      }
      complaints.push(`${way.kind}: ${asked.why}`)
    }
    this.#held = undefined
    this.#tell({ reason: complaints.join('; ') })
    this.#again(RETRY_MS)
  }

  #hold(held: Held): void {
    this.#held = held
    const { way, grant } = held
    this.#tell({ kind: way.kind, endpoint: grant.endpoint })
    this.#again(Math.min(Math.max((grant.lifetimeS * 1000) / 2, RENEW_MIN_MS), RENEW_MAX_MS))
  }

  #tell(state: PortMappingState): void {
    if (!this.#stopping.signal.aborted) this.#changed(state)
  }

  #again(afterMs: number): void {
    if (!this.#stopping.signal.aborted) this.#cancel = this.#clock.after(afterMs, () => this.start())
  }
}
