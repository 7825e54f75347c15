/** `ntm history PEER`: what people said, oldest first. */
import { Args, Flags } from '@oclif/core'
import { printable, printableLines } from '../screen/printer.ts'
import { NtmCommand } from './base.ts'

interface History {
  readonly messages: readonly {
    readonly id: string
    readonly from: string
    readonly at: number
    readonly text: string
    readonly state: string
    readonly late?: boolean
  }[]
}

export default class HistoryCommand extends NtmCommand {
  static override summary = 'show a conversation'
  static override args = { with: Args.string({ description: 'name, prefix or id', required: true }) }
  static override flags = {
    limit: Flags.integer({ description: 'how many of the newest', default: 100, min: 1 }),
    before: Flags.string({ description: 'only what comes before this message id' }),
    'mark-read': Flags.boolean({ description: 'count what is shown as read' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HistoryCommand)
    const history = await this.withNode(
      flags,
      node =>
        node.call<History>('history', {
          with: args.with,
          limit: flags.limit,
          markRead: flags['mark-read'],
          ...(flags.before === undefined ? {} : { before: flags.before }),
        }),
      { offline: !flags['mark-read'] },
    )
    const lines = history.messages.map(message => {
      const time = new Date(message.at).toISOString().slice(0, 16).replace('T', ' ')
      const late = message.late === true ? ' (late)' : ''
      return `${time}  ${printable(message.from)}: ${printableLines(message.text, '    ')}  [${message.state}]${late}`
    })
    this.print(flags.json, history, lines.join('\n'))
  }
}
