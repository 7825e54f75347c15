/** `ntm up`: runs this home's node in the foreground until a signal or `ntm down`. */
import { startToStay } from '../kernel/node/reach-shell.ts'
import { NtmCommand } from './base/command.ts'
import { uponSignal } from './base/upon-signal.ts'

export default class UpCommand extends NtmCommand {
  static override summary = "run this home's node"

  async run(): Promise<void> {
    const { flags } = await this.parse(UpCommand)
    const { home, 'passphrase-file': passphraseFile } = flags
    const { runNode } = await import('../kernel/node/node-shell.ts')
    const node = await startToStay(home, () => runNode({ home, passphraseFile, runs: 'up' }))
    uponSignal(() => node.stop())
    this.print(
      flags.json,
      { type: 'ready', name: node.name },
      `${node.name} is up; stop with Ctrl-C or \`ntm down\``,
    )
    await node.stopped
  }
}
