/**
 * How far something is, on one line of a terminal that is written over and over. On anything else there is no bar: what
 * a script reads is not to be strewn with it.
 */
import { columnsOf, cutToColumns } from './columns.ts'
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
const BAR_MIN_WIDTH = 8
const NAME_WIDTH = 28
/** Brackets of the bar, and what stands before them. */
const FRAME_WIDTH = 4
/** Room for what follows the bar, so that its length does not change with every digit. */
const FIGURES_WIDTH = ' 100 %  1000 MB/s  10:00:00 left'.length
/** Where nobody says how wide the terminal is. */
const SCREEN_WIDTH = 80
const ERASE_LINE = '\r\u001b[K'
/** Between these no line is broken, also where a terminal takes letters for wider than they are taken for here. */
const BREAK_NO_LINES = '\u001b[?7l'
const BREAK_LINES = '\u001b[?7h'
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

function figuresOf(progress: Progress, share: number): string {
  const { type, bytesPerSecond } = progress
  const percent = `${`${Math.floor(share * 100)}`.padStart(3)} %`
  if (type === 'reading') return `${percent}  reading`
  const rate = bytesPerSecond === undefined || bytesPerSecond === null ? '' : `${sizeOf(bytesPerSecond)}/s`
  return `${percent}  ${rate}  ${leftOf(progress)} left`
}

/** Name, bar, share, rate and what is left of the time, in so many columns: first the bar gets shorter, then the name. */
export function barOf(name: string, progress: Progress, columns = SCREEN_WIDTH): string {
  const { doneBytes, bytes } = progress
  const share = bytes === 0 ? 1 : Math.min(1, doneBytes / bytes)
  const room = columns - FRAME_WIDTH - FIGURES_WIDTH
  const shown = printable(name)
  const wished = Math.min(NAME_WIDTH, columnsOf(shown))
  const barWidth = Math.max(BAR_MIN_WIDTH, Math.min(BAR_WIDTH, room - wished))
  const full = Math.floor(share * barWidth)
  const bar = `${'#'.repeat(full)}${'.'.repeat(barWidth - full)}`
  const title = cutToColumns(shown, Math.min(NAME_WIDTH, room - barWidth))
  return cutToColumns(`${title}  [${bar}] ${figuresOf(progress, share)}`, columns)
}

type Screen = Pick<NodeJS.WriteStream, 'isTTY' | 'write'> & { readonly columns?: number }

/** Shows progress on stderr as long as that is a terminal. */
export class ProgressBar {
  readonly #name: string
  readonly #screen: Screen

  constructor(name: string, screen: Screen = process.stderr) {
    this.#name = name
    this.#screen = screen
  }

  show(progress: Progress): void {
    if (!this.#screen.isTTY) return
    // The last column stays free: some terminals go to the next line when it is filled.
    const bar = barOf(progress.name ?? this.#name, progress, (this.#screen.columns || SCREEN_WIDTH) - 1)
    this.#screen.write(`${ERASE_LINE}${BREAK_NO_LINES}${bar}${BREAK_LINES}`)
  }

  end(): void {
    if (this.#screen.isTTY) this.#screen.write(ERASE_LINE)
  }
}
