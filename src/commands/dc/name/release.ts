/** `ntm dc name release NAME`: the operator frees a name, so that another person may take it. */
import { Args } from '@oclif/core'
import { printable } from '../../../screen/printer.ts'
import { NtmCommand } from '../../base.ts'

export default class DcNameReleaseCommand extends NtmCommand {
  static override summary = 'free a name'
  static override args = { name: Args.string({ description: 'the full name', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DcNameReleaseCommand)
    const released = await this.withNode(flags, node =>
      node.call<{ name: string }>('dc.name.release', { name: args.name }),
    )
    this.print(
      flags.json,
      released,
      `${printable(released.name)} is free; those who knew its old owner will be warned`,
    )
  }
}
