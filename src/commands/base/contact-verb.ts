/** A word about one person, answered by how they stand afterwards. */
import { Args, type Command } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from './one-call.ts'

export const contactVerb = (verb: 'accept' | 'block', summary: string, description = ''): typeof Command =>
  oneCall<{ name: string; state: string; formerly: readonly string[] }>({
    summary,
    description,
    args: { name: Args.string({ description: 'name, prefix or person id', required: true }) },
    method: `contact.${verb}`,
    tell: ({ name, state, formerly }) =>
      [
        `${printable(name)}: ${state}`,
        ...formerly.map(person => `another person had this name before: ntm history ${person}`),
      ].join('\n'),
  })
