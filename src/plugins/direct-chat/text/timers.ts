/**
 * The named timers of one correspondent. The driver keeps the clock; here is only known which are armed, so that
 * none is armed twice, none is cancelled that never was, and none fires later than somebody counts on.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { Output, Turn } from '../../../kernel/api/index.ts'

export type TimerKind = 'retransmit' | 'reach' | 'gap' | 'read' | 'pause'

const NEVER = Number.POSITIVE_INFINITY
const SET = Number.NEGATIVE_INFINITY

export class Timers {
  readonly #device: DeviceId
  /** When each fires at the latest, monotonic ms. */
  readonly #armed = new Map<TimerKind, number>()

  constructor(device: DeviceId) {
    this.#device = device
  }

  /** Arms it unless it fires by then anyway. */
  armBy(timer: TimerKind, withinMs: number, turn: Turn, out: Output[]): void {
    const byMs = turn.nowMs + withinMs
    if ((this.#armed.get(timer) ?? NEVER) <= byMs) return
    this.arm(timer, withinMs, out)
    this.#armed.set(timer, byMs)
  }

  /** Arms it anew, for a time that nobody else has a say in. */
  arm(timer: TimerKind, afterMs: number, out: Output[]): void {
    this.#armed.set(timer, SET)
    out.push({ kind: 'wake', timer: `${timer}/${this.#device}`, afterMs })
  }

  disarm(timer: TimerKind, out: Output[]): void {
    if (!this.#armed.delete(timer)) return
    out.push({ kind: 'wake', timer: `${timer}/${this.#device}`, afterMs: undefined })
  }

  fired(timer: TimerKind): void {
    this.#armed.delete(timer)
  }
}

/** The timer and the device in a name that `arm` made. */
export function readTimer(name: string): readonly [timer: TimerKind, device: DeviceId] {
  const cut = name.indexOf('/')
  return [name.slice(0, cut) as TimerKind, name.slice(cut + 1) as DeviceId]
}
