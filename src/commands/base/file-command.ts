/**
 * What `file send` and `file get` share: one call of the node that takes its time, with a bar on a terminal, and a
 * Ctrl-C that ends it in order.
 */
import { printable } from '../../screen/printer.ts'
import { type Progress, ProgressBar, sizeOf } from '../../screen/progress-bar.ts'
import { type HomeFlags, NtmCommand } from './command.ts'
import { uponSignal } from './upon-signal.ts'

export interface FileDocument {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly state: string
  readonly mbPerSecond: number | null
  readonly peer: string | null
  readonly direction: 'in' | 'out'
  readonly doneBytes: number
  /** It is wanted, and nothing of it is on its way now. */
  readonly isWaiting: boolean
  readonly reason: string | null
  readonly path?: string
  readonly skipped?: number
}

/** One file on one line, its id first: that is what `file get` wants. */
export function fileLine(file: FileDocument): string {
  const { id, name, bytes, state, mbPerSecond, peer, direction, doneBytes, isWaiting, reason } = file
  const arrow = direction === 'out' ? 'to' : 'from'
  const word = isWaiting ? 'waiting' : state
  const share = state === 'sending' && bytes > 0 ? ` ${Math.floor((doneBytes / bytes) * 100)} %` : ''
  const rate = mbPerSecond === null ? '' : `  ${mbPerSecond} MB/s`
  const why = reason === null ? '' : ` (${reason})`
  const who = `${arrow} ${printable(peer ?? 'somebody')}`
  return `${id.slice(0, 12)}  ${word}${share}${why}  ${sizeOf(bytes)}  ${who}  ${printable(name)}${rate}`
}

export abstract class FileCommand extends NtmCommand {
  protected async callWithBar(
    flags: HomeFlags,
    method: string,
    params: object,
    shownAs: string,
  ): Promise<FileDocument> {
    const leave = new AbortController()
    const bar = new ProgressBar(shownAs)
    uponSignal(() => leave.abort())
    try {
      return await this.withNode(flags, node =>
        node.call<FileDocument>(
          method,
          { ...params, isLeaving: node.runs !== 'up' },
          { onItem: item => bar.show(item as Progress), signal: leave.signal },
        ),
      )
    } finally {
      bar.end()
    }
  }
}
