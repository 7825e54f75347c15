/** `ntm dc access deny PATTERN`: one name, `*.part.of.the.domain`, or `*`. */
import { Args } from '@oclif/core'
import { printable } from '../../../screen/printer.ts'
import { NtmCommand } from '../../base.ts'

export default class DcAccessDenyCommand extends NtmCommand {
  static override summary = 'deny names'
  static override args = { pattern: Args.string({ description: 'a name, *.DOMAIN or *', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DcAccessDenyCommand)
    const access = await this.withNode(flags, node =>
      node.call<object>('dc.access.deny', { pattern: args.pattern }),
    )
    this.print(flags.json, access, `deny ${printable(args.pattern)}`)
  }
}
