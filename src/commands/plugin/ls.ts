/** `ntm plugin ls`: what is loaded and how it fares. */
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

interface PluginList {
  readonly plugins: readonly {
    readonly id: string
    readonly version: string
    readonly state: string
    readonly reason: string | null
  }[]
}

export default class PluginLsCommand extends NtmCommand {
  static override summary = 'list plugins'

  async run(): Promise<void> {
    const { flags } = await this.parse(PluginLsCommand)
    const list = await this.withNode(flags, node => node.call<PluginList>('plugin.ls'))
    const lines = list.plugins.map(
      plugin =>
        `${plugin.id}@${plugin.version}  ${plugin.state}${plugin.reason === null ? '' : `  ${printable(plugin.reason)}`}`,
    )
    this.print(flags.json, list, lines.join('\n'))
  }
}
