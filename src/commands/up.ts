/** `ntm up`: runs this home's node in the foreground until a signal or `ntm down`. */
import { Flags } from '@oclif/core'
import { startToStay } from '../kernel/node/reach-shell.ts'
import { NtmCommand } from './base/command.ts'
import { uponSignal } from './base/upon-signal.ts'

export default class UpCommand extends NtmCommand {
  static override summary = "run this home's node"
  static override flags = {
    tun: Flags.boolean({
      description: 'let every program of this machine reach people by name (Linux, CAP_NET_ADMIN)',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(UpCommand)
    const { home, 'passphrase-file': passphraseFile, tun } = flags
    const { runNode } = await import('../kernel/node/node-shell.ts')
    const node = await startToStay(home, () => runNode({ home, passphraseFile, runs: 'up', tun }))
    uponSignal(() => node.stop())
    this.print(
      flags.json,
      { type: 'ready', name: node.name },
      `${node.name} is up; stop with Ctrl-C or \`ntm down\``,
    )
    await node.stopped
  }
}
