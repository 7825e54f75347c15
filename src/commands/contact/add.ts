/** `ntm contact add NAME`: looks a person up and pins who it is. */
import { Args, Flags } from '@oclif/core'
import { ChatError } from '../../kernel/api/errors.ts'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base/command.ts'

/** No name has any of these. */
const INVITE_LINK = /[:/#]/

export default class ContactAddCommand extends NtmCommand {
  static override summary = 'add a person by name'
  static override args = { name: Args.string({ description: 'a full name', required: true }) }
  static override flags = {
    'peer-dc': Flags.string({
      description: "HOST:PORT#KEY of the person's DC, when its domain has no DNS records",
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactAddCommand)
    const { name } = args
    if (INVITE_LINK.test(name))
      throw new ChatError('NOT_IN_BUILD', 'invite links are not in this build yet', {
        hint: 'give a full name',
      })
    const contact = await this.withNode(flags, async node => {
      if (flags['peer-dc'] !== undefined) await node.call('dc.pin', { name, join: flags['peer-dc'] })
      return node.call<{ name: string; state: string }>('contact.add', { name })
    })
    this.print(flags.json, contact, `${printable(contact.name)}: ${contact.state}`)
  }
}
