/** `ntm down`: stops this home's node and returns when it is gone. */
import { stopNode } from '../kernel/node/reach-shell.ts'
import { NtmCommand } from './base/command.ts'

export default class DownCommand extends NtmCommand {
  static override summary = "stop this home's node"

  async run(): Promise<void> {
    const { flags } = await this.parse(DownCommand)
    await stopNode(flags.home)
    this.print(flags.json, { running: false }, 'stopped')
  }
}
