/** What a flood cost the honest, as one line to read. */
import { loadavg } from 'node:os'
import type { Flooded } from './flood.ts'

export interface Figures {
  readonly tookMs: readonly number[]
  /** Those that never came to anything. */
  readonly failed: number
}

export const figuresOf = ({ tookMs, failed }: Figures): Figures => ({
  tookMs: [...tookMs].sort((a, b) => a - b),
  failed,
})

const share = (sorted: readonly number[], of: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? Number.NaN

const ms = ({ tookMs }: Figures): string =>
  `${share(tookMs, 0.5).toFixed(1)} / ${share(tookMs, 0.95).toFixed(1)} ms`

const times = (idle: Figures, under: Figures, of: number): string =>
  (share(under.tookMs, of) / share(idle.tookMs, of)).toFixed(2)

/** The same people before and in a flood. */
export interface Turn {
  readonly idle: Figures
  readonly under: Figures
}

const medianOf = (all: readonly Figures[]): number =>
  share(figuresOf({ tookMs: all.flatMap(({ tookMs }) => tookMs), failed: 0 }).tookMs, 0.5)

/** Of all turns together, and how far the idle ones are apart. */
export const mediansOf = (turns: readonly Turn[]) => {
  const idle = turns.map(turn => medianOf([turn.idle]))
  return {
    idleMs: medianOf(turns.map(turn => turn.idle)),
    underMs: medianOf(turns.map(turn => turn.under)),
    spreadMs: Math.max(...idle) - Math.min(...idle),
  }
}

/** Medians and 95th percentiles, idle and under the flood, their ratios, and what came and left. */
export const line = (what: string, idle: Figures, under: Figures, flooded: Flooded): string => {
  const { sent, refused, elapsedMs, in: came, out: left, overflowed, cpuMs } = flooded
  const perSecond = Math.round((sent / elapsedMs) * 1_000)
  return [
    what,
    `idle ${ms(idle)}`,
    `flooded ${ms(under)} (× ${times(idle, under, 0.5)} / ${times(idle, under, 0.95)}, ${under.failed} failed)`,
    `${perSecond}/s sent, ${refused} refused, ${came.packets} came`,
    `${((100 * overflowed) / came.packets).toFixed(1)} % found no room`,
    `${((1_000 * cpuMs) / (came.packets - overflowed)).toFixed(1)} us each`,
    `bytes out per byte in ${(left.bytes / came.bytes).toFixed(3)}`,
    `load ${loadavg()[0]!.toFixed(1)}`,
  ].join(' | ')
}
