/** `ntm down`: stops this home's node and returns when it is gone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { attach } from '../client/attach-shell.ts'
import { ChatError } from '../kernel/api/errors.ts'
import { NtmCommand } from './base.ts'

const POLL_MS = 25
const GIVE_UP_MS = 15_000

export default class DownCommand extends NtmCommand {
  static override summary = "stop this home's node"

  async run(): Promise<void> {
    const { flags } = await this.parse(DownCommand)
    const node = await attach(flags.home)
    if (node === undefined) throw new ChatError('NOT_RUNNING', 'no node is running for this home')
    await node.call('down')
    await node.close()
    for (let waitedMs = 0; waitedMs < GIVE_UP_MS; waitedMs += POLL_MS) {
      const still = await attach(flags.home).catch(() => undefined)
      if (still === undefined) return this.print(flags.json, { running: false }, 'stopped')
      await still.close()
      await sleep(POLL_MS)
    }
    throw new ChatError('TIMED_OUT', 'the node did not stop in time')
  }
}
