/** `ntm dc name ls`: the names this DC has given out. */
import { printable } from '../../../screen/printer.ts'
import { oneCall } from '../../base/one-call.ts'

interface NameList {
  readonly names: readonly { readonly name: string; readonly person: string; readonly state: string }[]
}

export default oneCall<NameList>({
  summary: 'list names',
  method: 'dc.name.ls',
  tell: ({ names }) =>
    names
      .map(({ name, person, state }) => `${printable(name)}  ${person.slice(0, 16)}  ${state}`)
      .join('\n') || 'no names yet',
})
