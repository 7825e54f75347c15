/** `ntm contact ls`: the people this home knows. */
import { printable } from '../../screen/printer.ts'
import { NtmCommand } from '../base.ts'

interface ContactList {
  readonly contacts: readonly {
    readonly name: string
    readonly person: string
    readonly verified: boolean
    readonly state: string
  }[]
}

export default class ContactLsCommand extends NtmCommand {
  static override summary = 'list people'

  async run(): Promise<void> {
    const { flags } = await this.parse(ContactLsCommand)
    const list = await this.withNode(flags, node => node.call<ContactList>('contact.ls'), { offline: true })
    const lines = list.contacts.map(
      contact => `${printable(contact.name)}  ${contact.state}${contact.verified ? '  verified' : ''}`,
    )
    this.print(flags.json, list, lines.join('\n') || 'nobody yet')
  }
}
