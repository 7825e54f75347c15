/** `ntm contact verify NAME [NUMBER]`: shows the safety number, or checks the one read out by the other side. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

interface Verification {
  readonly name: string
  readonly number: string
  readonly verified: boolean
}

export default oneCall<Verification>({
  summary: 'show or check the safety number',
  description: 'Both sides see the same number if nobody is between them.',
  args: {
    name: Args.string({ description: 'name, prefix or person id', required: true }),
    number: Args.string({ description: 'the number that the other side sees' }),
  },
  method: 'contact.verify',
  tell: ({ name, number, verified }) => `${printable(name)}${verified ? ' (verified)' : ''}\n${number}`,
})
