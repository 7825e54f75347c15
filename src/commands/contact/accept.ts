/** `ntm contact accept`: accept a person, or the new keys of one. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

export default class ContactAcceptCommand extends NtmCommand {
  static override summary = 'accept a person, or the new keys of one'
  static override args = { name: Args.string({ description: 'name, prefix or person id', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactAcceptCommand)
    const contact = await this.withNode(flags, node =>
      node.call<{ name: string; state: string }>('contact.accept', { name: args.name }),
    )
    this.print(flags.json, contact, `${printable(contact.name)}: ${contact.state}`)
  }
}
