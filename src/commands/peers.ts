/** `ntm peers`: the paths to the devices this node talks to. */
import { printable } from '../screen/printer.ts'
import { oneCall } from './base/one-call.ts'

interface PeerList {
  readonly peers: readonly {
    readonly name: string
    readonly path: string | null
    readonly address: string | null
    readonly rttMs: number | null
  }[]
}

export default oneCall<PeerList>({
  summary: 'show the paths to peers',
  method: 'peers',
  tell: ({ peers }) =>
    peers
      .map(({ name, path, address, rttMs }) =>
        [printable(name), path ?? 'no path', address ?? '', rttMs === null ? '' : `${rttMs.toFixed(1)} ms`]
          .join('  ')
          .trimEnd(),
      )
      .join('\n') || 'no peers yet',
})
