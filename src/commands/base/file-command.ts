/**
 * What `file send` and `file get` share: one call of the node that takes its time, with a bar on a terminal, and a
 * Ctrl-C that ends it in order.
 */
import { Args } from '@oclif/core'
import { ChatError, withFields } from '../../kernel/api/errors.ts'
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
  readonly misnamed?: number
}

/** "$UNSET" is no path. It would lead to the folder that one is in, with everything in it. */
export const pathArg = Args.custom<string>({
  parse: async input => {
    if (input !== '') return input
    throw new ChatError('USAGE', 'the path is empty', {
      hint: 'is the variable set? The folder that you are in is called .',
    })
  },
})

const ID = /^[0-9a-f]{4,64}$/

export const fileIdArg = () =>
  Args.string({
    description: 'its id, or the beginning of it (`ntm file ls`)',
    required: true,
    parse: async input => {
      if (ID.test(input)) return input
      throw new ChatError('USAGE', `"${input}" is not the id of a file, nor the beginning of one`, {
        hint: 'it is the first word of its line in `ntm file ls`: 4 to 64 of the signs 0-9 and a-f',
      })
    },
  })

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
    let id: string | undefined
    const onItem = (item: unknown): void => {
      id = (item as { readonly id?: string }).id ?? id
      bar.show(item as Progress)
    }
    uponSignal(() => leave.abort())
    try {
      return await this.withNode(flags, node =>
        node.call<FileDocument>(
          method,
          { ...params, isLeaving: node.runs !== 'up' },
          { onItem, signal: leave.signal },
        ),
      )
    } catch (error) {
      // Also where the node went away in the middle it is told which file it was about.
      throw id !== undefined && error instanceof ChatError ? withFields(error, { id }) : error
    } finally {
      bar.end()
    }
  }
}
