/** `ntm log show ID`: one event, whole. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

export default class LogShowCommand extends NtmCommand {
  static override summary = 'show one event'
  static override args = {
    id: Args.string({ description: 'event id, or a unique beginning of it', required: true }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogShowCommand)
    const event = await this.withNode(flags, node => node.call<object>('log.show', { id: args.id }), {
      offline: true,
    })
    const lines = Object.entries(event).map(
      ([name, value]) => `${name.padEnd(10)} ${printable(JSON.stringify(value))}`,
    )
    this.print(flags.json, event, lines.join('\n'))
  }
}
