/** `ntm contact verify NAME [NUMBER]`: shows the safety number, or checks the one read out by the other side. */
import { Args } from '@oclif/core'
import { ChatError } from '../../kernel/api/errors.ts'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

interface Verification {
  readonly name: string
  readonly number: string
  readonly verified: boolean
}

export default class ContactVerifyCommand extends NtmCommand {
  static override summary = 'show or check the safety number'
  static override args = {
    name: Args.string({ description: 'name, prefix or person id', required: true }),
    number: Args.string({ description: 'the number that the other side sees' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactVerifyCommand)
    const { number } = args
    const result = await this.withNode(flags, node =>
      node.call<Verification>('contact.verify', {
        name: args.name,
        ...(number === undefined ? {} : { number }),
      }),
    )
    if (number !== undefined && !result.verified)
      throw new ChatError('KEYS_CHANGED', `the number is not the one of ${printable(result.name)}`, {
        hint: 'read it again; if it still differs, somebody is between you',
      })
    this.print(
      flags.json,
      result,
      `${printable(result.name)}${result.verified ? ' (verified)' : ''}\n${result.number}`,
    )
  }
}
