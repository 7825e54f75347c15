/** `ntm dc access allow PATTERN`: one name, `*.part.of.the.domain`, or `*`. */
import { Args } from '@oclif/core'
import { printable } from '../../../screen/printer.ts'
import { NtmCommand } from '../../base.ts'

export default class DcAccessAllowCommand extends NtmCommand {
  static override summary = 'allow names'
  static override args = { pattern: Args.string({ description: 'a name, *.DOMAIN or *', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DcAccessAllowCommand)
    const access = await this.withNode(flags, node =>
      node.call<object>('dc.access.allow', { pattern: args.pattern }),
    )
    this.print(flags.json, access, `allow ${printable(args.pattern)}`)
  }
}
