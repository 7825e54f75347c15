/** `ntm dc token new`: an invite token, good for one name. */
import { Flags } from '@oclif/core'
import { NtmCommand } from '../../base.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export default class DcTokenNewCommand extends NtmCommand {
  static override summary = 'make an invite token'
  static override flags = {
    days: Flags.integer({ description: 'days until it expires', default: 7, min: 1 }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(DcTokenNewCommand)
    const made = await this.withNode(flags, node =>
      node.call<{ token: string }>('dc.token.new', { lifetimeMs: flags.days * DAY_MS }),
    )
    this.print(flags.json, made, made.token)
  }
}
