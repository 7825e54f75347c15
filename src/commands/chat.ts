/** `ntm chat PEER`: talk; lines in, lines out. */
import { addAbortSignal } from 'node:stream'
import { Args } from '@oclif/core'
import type { Session } from '../client/session.ts'
import { ChatError } from '../kernel/api/errors.ts'
import { typedLines } from '../kernel/node/typed-text.ts'
import { printable, printableLines } from '../screen/printer.ts'
import { NtmCommand } from './base/command.ts'
import { tellFailure } from './base/failure.ts'

interface Line {
  readonly type: 'message' | 'receipt' | 'presence'
  readonly from?: string
  readonly text?: string
  readonly state?: string
}

const WAIT_MS = 30_000
/** Lines on their way at a time; the next are read when these have arrived or failed. */
const UNCONFIRMED_MAX = 1_024

export default class ChatCommand extends NtmCommand {
  static override summary = 'talk with a person'
  static override args = { with: Args.string({ description: 'name, prefix or id', required: true }) }

  /** Of the first line that was refused or not confirmed. */
  #exitCode: number | undefined

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ChatCommand)
    await this.withNode(flags, async node => {
      // Where nobody can be talked to, no line is read.
      await node.call('history', { with: args.with, limit: 1 })
      const leave = new AbortController()
      const onItem = (item: unknown) => this.show(flags.json, item as Line)
      const listening = node.call('chat', { with: args.with }, { onItem, signal: leave.signal })
      process.once('SIGINT', () => leave.abort())
      const talking = this.sayLines(node, args.with, leave.signal).then(() => leave.abort())
      await Promise.all([listening, talking])
    })
    if (this.#exitCode !== undefined) this.exit(this.#exitCode)
  }

  /** Says what comes in line by line; resolves when the last line has arrived or its time is over. */
  private async sayLines(node: Session, to: string, left: AbortSignal): Promise<void> {
    const sending: Promise<void>[] = []
    let count = 0
    const say = async (text: string | ChatError, line: number): Promise<void> => {
      try {
        if (text instanceof ChatError) throw text
        if (text !== '') await node.call('send', { to, text, wait: 'delivered', timeoutMs: WAIT_MS })
      } catch (error) {
        const exitCode = tellFailure(error as Error, this.id ?? '', this.argv, { line })
        this.#exitCode ??= exitCode
      }
    }
    try {
      for await (const text of typedLines(addAbortSignal(left, process.stdin))) {
        count += 1
        sending.push(say(text, count))
        if (sending.length >= UNCONFIRMED_MAX) await Promise.all(sending.splice(0))
      }
    } catch (error) {
      if (!left.aborted) throw error
    }
    await Promise.all(sending)
  }

  private show(json: boolean, line: Line): void {
    if (!json && line.type !== 'message') return
    this.print(json, line, `${printable(line.from ?? '')}: ${printableLines(line.text ?? '', '    ')}`)
  }
}
