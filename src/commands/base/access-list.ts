/** Everything about who may take a name or be a relay at a DC answers with the whole list as it stands afterwards. */
import { Args, type Command } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from './one-call.ts'

interface Access {
  readonly mode: string
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

const listed = (patterns: readonly string[]): string => patterns.map(printable).join(' ') || '(nobody)'

const tell = ({ mode, allow, deny }: Access): string =>
  `mode   ${mode}\nallow  ${listed(allow)}\ndeny   ${listed(deny)}`

export const accessList = (
  verb: 'show' | 'set' | 'allow' | 'deny' | 'forget',
  summary: string,
): typeof Command => oneCall<Access>({ summary, args: ARGS[verb], method: `dc.access.${verb}`, tell })

const pattern = Args.string({ description: 'a name, *.DOMAIN, the key of a relay or *', required: true })
const ARGS = {
  show: {},
  set: {
    mode: Args.string({
      description: 'open to all, by invite token, or by the list only',
      options: ['open', 'tokens', 'list'],
      required: true,
    }),
  },
  allow: { pattern },
  deny: { pattern },
  forget: { pattern },
}
