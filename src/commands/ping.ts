/** `ntm ping PEER`: round trips through the tunnel. */
import { Args, Flags } from '@oclif/core'
import { NtmCommand } from './base.ts'

interface Pinged {
  readonly sent: number
  readonly received: number
  readonly rttMsMin: number | null
  readonly rttMsP50: number | null
  readonly rttMsMax: number | null
  readonly path: string | null
}

export default class PingCommand extends NtmCommand {
  static override summary = 'measure the round trip to a peer'
  static override args = { peer: Args.string({ description: 'name, prefix or id', required: true }) }
  static override flags = {
    count: Flags.integer({ char: 'c', description: 'how many echoes', default: 3, min: 1, max: 1000 }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(PingCommand)
    const pinged = await this.withNode(flags, node =>
      node.call<Pinged>('ping', { peer: args.peer, count: flags.count }),
    )
    const times = [pinged.rttMsMin, pinged.rttMsP50, pinged.rttMsMax]
      .map(ms => ms?.toFixed(2) ?? '-')
      .join(' / ')
    this.print(
      flags.json,
      pinged,
      `${pinged.received} of ${pinged.sent} came back, min / median / max ${times} ms`,
    )
    if (pinged.received === 0) this.exit(3)
  }
}
