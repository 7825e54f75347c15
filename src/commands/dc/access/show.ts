/** `ntm dc access show`: who may take a name here. */
import { printable } from '../../../screen/printer.ts'
import { NtmCommand } from '../../base.ts'

interface Access {
  readonly mode: string
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

export default class DcAccessShowCommand extends NtmCommand {
  static override summary = 'show who may take a name'

  async run(): Promise<void> {
    const { flags } = await this.parse(DcAccessShowCommand)
    const access = await this.withNode(flags, node => node.call<Access>('dc.access.show'))
    const list = (patterns: readonly string[]) => patterns.map(printable).join(' ') || '(nobody)'
    this.print(
      flags.json,
      access,
      `mode   ${access.mode}\nallow  ${list(access.allow)}\ndeny   ${list(access.deny)}`,
    )
  }
}
