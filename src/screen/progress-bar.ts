/**
 * How far something is, on one line of a terminal that is written over and over. On anything else there is no bar: what
 * a script reads is not to be strewn with it.
 */
import { printable } from './printer.ts'

/** As the node tells it; `doneBytes` of `bytes`. */
export interface Progress {
  readonly type: 'reading' | 'progress'
  readonly name?: string
  readonly doneBytes: number
  readonly bytes: number
  readonly bytesPerSecond?: number | null
}

const BAR_WIDTH = 24
const NAME_WIDTH = 28
const ERASE_LINE = '\r\u001b[K'
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Three digits and a unit of 10^3. */
export function sizeOf(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 99.95 ? Math.round(value) : value.toPrecision(3)} ${UNITS[power]}`
}

const two = (count: number): string => String(count).padStart(2, '0')

function leftOf({ doneBytes, bytes, bytesPerSecond }: Progress): string {
  if (bytesPerSecond === undefined || bytesPerSecond === null || bytesPerSecond <= 0) return '--:--'
  const seconds = Math.ceil((bytes - doneBytes) / bytesPerSecond)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(seconds % 60)}`
}

/** Name, bar, share, rate and what is left of the time. */
export function barOf(name: string, progress: Progress): string {
  const { type, doneBytes, bytes, bytesPerSecond } = progress
  const share = bytes === 0 ? 1 : Math.min(1, doneBytes / bytes)
  const full = Math.floor(share * BAR_WIDTH)
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}`
  const shown = printable(name)
  const title = shown.length > NAME_WIDTH ? `${shown.slice(0, NAME_WIDTH - 3)}...` : shown
  const percent = `${Math.floor(share * 100)}`.padStart(3)
  if (type === 'reading') return `${title}  [${bar}] ${percent} %  reading`
  const rate = bytesPerSecond === undefined || bytesPerSecond === null ? '' : `${sizeOf(bytesPerSecond)}/s`
  return `${title}  [${bar}] ${percent} %  ${rate}  ${leftOf(progress)} left`
}

/** Shows progress on stderr as long as that is a terminal. */
export class ProgressBar {
  readonly #name: string
  readonly #screen: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>

  constructor(name: string, screen: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr) {
    this.#name = name
    this.#screen = screen
  }

  show(progress: Progress): void {
    if (this.#screen.isTTY) this.#screen.write(`${ERASE_LINE}${barOf(progress.name ?? this.#name, progress)}`)
  }

  end(): void {
    if (this.#screen.isTTY) this.#screen.write(ERASE_LINE)
  }
}
