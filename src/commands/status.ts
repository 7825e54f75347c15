/** `ntm status`: how this home's node is. */
import { printable } from '../screen/printer.ts'
import { oneCall } from './base/one-call.ts'

interface Status {
  readonly running: boolean
  readonly name: string
  readonly dc: { readonly state: string; readonly refusal: { readonly message: string } | null }
  readonly peers: number
  readonly events: number
  readonly atRest: string
  readonly disk: string
}

export default oneCall<Status>({
  summary: "tell how this home's node is",
  method: 'status',
  offline: true,
  tell: ({ running, name, dc, peers, events, atRest, disk }) =>
    [
      `${name}: ${running ? 'running' : 'not running'}`,
      `dc      ${dc.state}${dc.refusal === null ? '' : `: ${printable(dc.refusal.message)}`}`,
      `peers   ${peers}`,
      `events  ${events}`,
      `at rest ${atRest}`,
      `disk    ${disk}`,
    ].join('\n'),
})
