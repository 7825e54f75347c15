/** `ntm dc name ls`: the names this DC has given out. */
import { printable } from '../../../screen/printer.ts'
import { NtmCommand } from '../../base.ts'

interface NameList {
  readonly names: readonly { readonly name: string; readonly person: string; readonly state: string }[]
}

export default class DcNameLsCommand extends NtmCommand {
  static override summary = 'list names'

  async run(): Promise<void> {
    const { flags } = await this.parse(DcNameLsCommand)
    const list = await this.withNode(flags, node => node.call<NameList>('dc.name.ls'))
    const lines = list.names.map(
      entry => `${printable(entry.name)}  ${entry.person.slice(0, 16)}  ${entry.state}`,
    )
    this.print(flags.json, list, lines.join('\n') || 'no names yet')
  }
}
