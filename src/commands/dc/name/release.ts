/** `ntm dc name release NAME`: the operator frees a name, so that another person may take it. */
import { Args } from '@oclif/core'
import { printable } from '../../../screen/printer.ts'
import { oneCall } from '../../base/one-call.ts'

export default oneCall<{ name: string }>({
  summary: 'free a name',
  args: { name: Args.string({ description: 'the full name', required: true }) },
  method: 'dc.name.release',
  tell: ({ name }) => `${printable(name)} is free; those who knew its old owner will be warned`,
})
