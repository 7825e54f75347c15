/** `ntm contact add NAME`: looks a person up and pins who it is. */
import { Args, Flags } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base/command.ts'

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
    const contact = await this.withNode(flags, async node => {
      if (flags['peer-dc'] !== undefined) await node.call('dc.pin', { name, join: flags['peer-dc'] })
      return node.call<{ name: string; state: string }>('contact.add', { name })
    })
    this.print(flags.json, contact, `${printable(contact.name)}: ${contact.state}`)
  }
}
