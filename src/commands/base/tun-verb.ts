/** A word about whose packets reach programs of this machine, answered by how that person stands afterwards. */
import { Args, type Command } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { oneCall } from './one-call.ts'

export const tunVerb = (verb: 'allow' | 'deny', summary: string, description: string): typeof Command =>
  oneCall<{ name: string; allowed: boolean }>({
    summary,
    description,
    args: { name: Args.string({ description: 'name, prefix or person id', required: true }) },
    method: `tun.${verb}`,
    tell: ({ name, allowed }) => `${printable(name)}: ${allowed ? 'allowed' : 'denied'}`,
  })
