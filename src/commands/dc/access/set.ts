/** `ntm dc access set MODE`: open to all, by invite token, or by the list only. */
import { Args } from '@oclif/core'
import { NtmCommand } from '../../base.ts'

export default class DcAccessSetCommand extends NtmCommand {
  static override summary = 'choose who may take a name'
  static override args = {
    mode: Args.string({
      description: 'open, tokens or list',
      options: ['open', 'tokens', 'list'],
      required: true,
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DcAccessSetCommand)
    const access = await this.withNode(flags, node => node.call<object>('dc.access.set', { mode: args.mode }))
    this.print(flags.json, access, `mode ${args.mode}`)
  }
}
