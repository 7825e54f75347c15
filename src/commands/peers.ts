/** `ntm peers`: the paths to the devices this node talks to. */
import { printable } from '../screen/printer.ts'
import { oneCall } from './base/one-call.ts'

interface PeerList {
  readonly peers: readonly {
    readonly name: string
    readonly path: string | null
    readonly address: string | null
    readonly rttMs: number | null
    readonly mtu: number
    readonly why: string | null
  }[]
}

const NOBODY_MET =
  'no node is running here, so nobody has been met yet: `ntm up` keeps one running, `ntm ping PEER` asks one'

export default oneCall<PeerList>({
  summary: 'show the paths to peers',
  method: 'peers',
  tell: ({ peers }, _, runs) =>
    peers
      .map(({ name, path, address, rttMs, mtu, why }) => {
        const how = `${path ?? 'no path'}${why === null ? '' : `: ${printable(why)}`}`
        const size = path === null ? '' : `mtu ${mtu}`
        const known = [rttMs === null ? '' : `${rttMs.toFixed(1)} ms`, address ?? '', size, how]
        return [printable(name), ...known.filter(word => word !== '')].join('  ')
      })
      .join('\n') || (runs === 'up' ? 'no peers yet' : NOBODY_MET),
})
