/** `ntm log show ID`: one event, whole. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

export default oneCall<object>({
  summary: 'show one event',
  args: { id: Args.string({ description: 'event id, or a unique beginning of it', required: true }) },
  method: 'log.show',
  offline: true,
  tell: event =>
    Object.entries(event)
      .map(([name, value]) => `${name.padEnd(10)} ${printable(JSON.stringify(value))}`)
      .join('\n'),
})
