/** `ntm chat PEER`: talk; lines in, lines out. */
import { createInterface } from 'node:readline'
import { Args } from '@oclif/core'
import type { Session } from '../client/session.ts'
import { printable, printableLines } from '../screen/printer.ts'
import { NtmCommand } from './base/command.ts'

interface Line {
  readonly type: 'message' | 'receipt' | 'presence'
  readonly from?: string
  readonly text?: string
  readonly state?: string
}

const WAIT_MS = 30_000

export default class ChatCommand extends NtmCommand {
  static override summary = 'talk with a person'
  static override args = { with: Args.string({ description: 'name, prefix or id', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ChatCommand)
    await this.withNode(flags, async node => {
      const leave = new AbortController()
      const onItem = (item: unknown) => this.show(flags.json, item as Line)
      const listening = node.call('chat', { with: args.with }, { onItem, signal: leave.signal })
      process.once('SIGINT', () => leave.abort())
      const talking = this.sayLines(node, args.with, leave.signal).then(() => leave.abort())
      await Promise.all([listening, talking])
    })
  }

  /** Says what comes in line by line; resolves when the last line has arrived or its time is over. */
  private async sayLines(node: Session, to: string, left: AbortSignal): Promise<void> {
    const sending: Promise<unknown>[] = []
    for await (const text of createInterface({ input: process.stdin, signal: left })) {
      if (text === '') continue
      const sent = node.call('send', { to, text, wait: 'delivered', timeoutMs: WAIT_MS })
      sending.push(sent.catch(error => process.stderr.write(`ntm: ${error.message}\n`)))
    }
    await Promise.all(sending)
  }

  private show(json: boolean, line: Line): void {
    if (!json && line.type !== 'message') return
    this.print(json, line, `${printable(line.from ?? '')}: ${printableLines(line.text ?? '', '    ')}`)
  }
}
