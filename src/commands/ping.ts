/** `ntm ping PEER`: round trips through the tunnel. */
import { Args, Flags } from '@oclif/core'
import { printable } from '../screen/printer.ts'
import { oneCall } from './base/one-call.ts'

interface Pinged {
  readonly sent: number
  readonly received: number
  readonly rttMsMin: number
  readonly rttMsP50: number
  readonly rttMsMax: number
  readonly path: string
  readonly mtu: number
  readonly why: string | null
}

export default oneCall<Pinged>({
  summary: 'measure the round trip to a peer',
  args: { peer: Args.string({ description: 'name, prefix or id', required: true }) },
  flags: {
    count: Flags.integer({ char: 'c', description: 'how many echoes', default: 3, min: 1, max: 1000 }),
  },
  method: 'ping',
  tell: ({ sent, received, path, mtu, why, rttMsMin, rttMsP50, rttMsMax }) => {
    const times = [rttMsMin, rttMsP50, rttMsMax].map(ms => ms.toFixed(2)).join(' / ')
    const how = why === null ? path : `${path}: ${printable(why)}`
    return `${received} of ${sent} came back (${how}), min / median / max ${times} ms, mtu ${mtu}`
  },
})
