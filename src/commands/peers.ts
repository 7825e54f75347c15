/** `ntm peers`: the paths to the devices this node talks to. */
import { printable } from '../screen/printer.ts'
import { NtmCommand } from './base.ts'

interface PeerList {
  readonly peers: readonly {
    readonly name: string
    readonly path: string | null
    readonly address: string | null
    readonly rttMs: number | null
    readonly mtu: number
    readonly lastSeen: number | null
  }[]
}

export default class PeersCommand extends NtmCommand {
  static override summary = 'show the paths to peers'

  async run(): Promise<void> {
    const { flags } = await this.parse(PeersCommand)
    const list = await this.withNode(flags, node => node.call<PeerList>('peers'))
    const lines = list.peers.map(peer =>
      [
        printable(peer.name),
        peer.path ?? 'no path',
        peer.address ?? '',
        peer.rttMs === null ? '' : `${peer.rttMs.toFixed(1)} ms`,
      ].join('  '),
    )
    this.print(flags.json, list, lines.join('\n') || 'no peers yet')
  }
}
