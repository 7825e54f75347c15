/** `ntm history PEER`: what people said, oldest first. */
import { Args, Flags } from '@oclif/core'
import { printable, printableLines } from '../screen/printer.ts'
import { oneCall } from './base/one-call.ts'

interface Message {
  readonly from: string
  readonly at: number
  readonly text: string
  readonly state: string
  readonly late?: boolean
}

const line = ({ from, at, text, state, late }: Message): string => {
  const time = new Date(at).toISOString().slice(0, 16).replace('T', ' ')
  return `${time}  ${printable(from)}: ${printableLines(text, '    ')}  [${state}]${late === true ? ' (late)' : ''}`
}

export default oneCall<{ messages: readonly Message[] }>({
  summary: 'show a conversation',
  args: { with: Args.string({ description: 'name, prefix or id', required: true }) },
  flags: {
    limit: Flags.integer({ description: 'how many of the newest', default: 100, min: 1, max: 10_000 }),
    before: Flags.string({ description: 'only what comes before this message id' }),
    'mark-read': Flags.boolean({ description: 'count what is shown as read' }),
  },
  method: 'history',
  offline: ({ markRead }) => markRead !== true,
  tell: ({ messages }) => messages.map(line).join('\n'),
})
