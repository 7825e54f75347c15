/** `ntm up`: runs this home's node in the foreground until a signal or `ntm down`. */
import { attach } from '../client/attach-shell.ts'
import { ChatError } from '../kernel/api/errors.ts'
import { NtmCommand } from './base.ts'

export default class UpCommand extends NtmCommand {
  static override summary = "run this home's node"

  async run(): Promise<void> {
    const { flags } = await this.parse(UpCommand)
    const running = await attach(flags.home)
    if (running !== undefined) {
      await running.close()
      throw new ChatError('ALREADY_RUNNING', 'a node is already running for this home')
    }
    const { runNode } = await import('../kernel/node/node-shell.ts')
    const node = await runNode({ home: flags.home, passphraseFile: flags['passphrase-file'], offline: false })
    this.print(
      flags.json,
      { type: 'ready', name: node.name },
      `${node.name} is up; stop with Ctrl-C or \`ntm down\``,
    )
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => node.stop())
    await node.stopped
  }
}
