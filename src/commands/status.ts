/** `ntm status`: how this home's node is. */
import { NtmCommand } from './base.ts'

interface Status {
  readonly running: boolean
  readonly name: string
  readonly dc: { readonly state: string }
  readonly peers: number
  readonly events: number
  readonly atRest: string
}

export default class StatusCommand extends NtmCommand {
  static override summary = "tell how this home's node is"

  async run(): Promise<void> {
    const { flags } = await this.parse(StatusCommand)
    const status = await this.withNode(
      flags,
      async node => ({ ...(await node.call<Status>('status')), running: !node.embedded }),
      { offline: true },
    )
    this.print(
      flags.json,
      status,
      [
        `${status.name}: ${status.running ? 'running' : 'not running'}`,
        `dc      ${status.dc.state}`,
        `peers   ${status.peers}`,
        `events  ${status.events}`,
        `at rest ${status.atRest}`,
      ].join('\n'),
    )
  }
}
