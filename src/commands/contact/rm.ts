/** `ntm contact rm`: forget a person; their next message is a stranger's. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

export default oneCall<{ name: string }>({
  summary: 'forget a person',
  description: 'What was said stays in the log. The next message of this person is that of a stranger.',
  args: { name: Args.string({ description: 'name, prefix or person id', required: true }) },
  method: 'contact.rm',
  tell: ({ name }) => `${printable(name)} is no contact any more`,
})
