/** `ntm contact ls`: the people this home knows. */
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

interface ContactList {
  readonly contacts: readonly {
    readonly name: string
    readonly verified: boolean
    readonly disputed: boolean
    readonly state: string
    readonly formerly: readonly string[]
  }[]
}

export default oneCall<ContactList>({
  summary: 'list people',
  method: 'contact.ls',
  offline: true,
  tell: ({ contacts }) =>
    contacts
      .flatMap(({ name, state, verified, disputed, formerly }) => [
        [printable(name), state, verified ? 'verified' : '', disputed ? 'KEYS CHANGED' : '']
          .filter(word => word !== '')
          .join('  '),
        ...formerly.map(person => `  another person before: ntm history ${person}`),
      ])
      .join('\n') || 'nobody yet',
})
