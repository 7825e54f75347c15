/** `ntm contact block`: store nothing from a person and answer nothing. */
import { Args } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

export default class ContactBlockCommand extends NtmCommand {
  static override summary = 'store nothing from a person and answer nothing'
  static override args = { name: Args.string({ description: 'name, prefix or person id', required: true }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactBlockCommand)
    const contact = await this.withNode(flags, node =>
      node.call<{ name: string; state: string }>('contact.block', { name: args.name }),
    )
    this.print(flags.json, contact, `${printable(contact.name)}: ${contact.state}`)
  }
}
