/** `ntm log ls`: the events of this device's log, in local order. */
import { Flags } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base/command.ts'

interface EventLine {
  readonly position: number
  readonly id: string
  readonly stream: string
  readonly author: string
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly bytes: number
}

export default class LogLsCommand extends NtmCommand {
  static override summary = 'list events'
  static override flags = {
    stream: Flags.string({ description: 'only this stream' }),
    after: Flags.integer({ description: 'only after this position' }),
    limit: Flags.integer({ description: 'at most this many', min: 1 }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(LogLsCommand)
    const line = (event: EventLine) =>
      `${event.position}  ${event.id.slice(0, 12)}  ${event.stream.slice(0, 8)}/${event.author.slice(0, 8)}/${event.seq}  ${printable(event.type)}`
    await this.withNode(
      flags,
      node =>
        node.call(
          'log.ls',
          { stream: flags.stream, after: flags.after, limit: flags.limit },
          {
            onItem: item => this.print(flags.json, item, line(item as EventLine)),
          },
        ),
      { offline: true },
    )
  }
}
