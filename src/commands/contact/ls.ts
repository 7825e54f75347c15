/** `ntm contact ls`: the people this home knows. */
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

interface ContactList {
  readonly contacts: readonly {
    readonly name: string
    readonly verified: boolean
    readonly disputed: boolean
    readonly state: string
  }[]
}

export default oneCall<ContactList>({
  summary: 'list people',
  method: 'contact.ls',
  offline: true,
  tell: ({ contacts }) =>
    contacts
      .map(({ name, state, verified, disputed }) =>
        [printable(name), state, verified ? 'verified' : '', disputed ? 'KEYS CHANGED' : '']
          .filter(word => word !== '')
          .join('  '),
      )
      .join('\n') || 'nobody yet',
})
