/**
 * The named timers of one correspondent. The driver keeps the clock; here is only known which are armed, so that
 * none is armed twice and none is cancelled that never was.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { Output } from '../../../kernel/api/index.ts'

export type TimerKind = 'retransmit' | 'reach' | 'gap' | 'read' | 'pause'

export class Timers {
  readonly #device: DeviceId
  readonly #armed = new Set<TimerKind>()

  constructor(device: DeviceId) {
    this.#device = device
  }

  isArmed(timer: TimerKind): boolean {
    return this.#armed.has(timer)
  }

  arm(timer: TimerKind, afterMs: number, out: Output[]): void {
    this.#armed.add(timer)
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
