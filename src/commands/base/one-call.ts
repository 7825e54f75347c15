/**
 * Most commands are one call of the node and one way to show the answer; this makes such a command from its
 * description. Arguments and flags become the parameters of the call, under their own names in camel case.
 */
import type { Command, Interfaces } from '@oclif/core'
import type { Session } from '../../client/session.ts'
import type { NodeRuns } from '../../kernel/api/local-socket.ts'
import { NtmCommand } from './command.ts'

interface OneCall<Answer> {
  readonly summary: string
  readonly description?: string
  readonly examples?: string[]
  readonly args?: Interfaces.ArgInput
  readonly flags?: Interfaces.FlagInput
  /** Of the node. */
  readonly method: string
  /** Needs no network: without a running node it runs one that opens no socket. */
  readonly offline?: boolean | ((given: Given) => boolean)
  /** The parameters, where they are not simply what was given. */
  readonly params?: (given: Given) => Given
  /** For people; strangers' words through the printer. `runs`: what the node that answered is there for. */
  readonly tell: (answer: Answer, given: Given, runs: NodeRuns) => string
}

// biome-ignore lint/suspicious/noExplicitAny: the parser of the command line has checked them against the description.
export type Given = Readonly<Record<string, any>>

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

const givenIn = (parsed: Given): Given =>
  Object.fromEntries(
    Object.entries(parsed)
      .filter(([name, value]) => value !== undefined && !(name in NtmCommand.baseFlags))
      .map(([name, value]) => [camelCase(name), value]),
  )

export const oneCall = <Answer>(spec: OneCall<Answer>): typeof Command =>
  class extends NtmCommand {
    static override summary = spec.summary
    static override description = spec.description ?? ''
    static override examples = spec.examples ?? []
    static override args = spec.args ?? {}
    static override flags = spec.flags ?? {}

    async run(): Promise<void> {
      const { args, flags } = await this.parse(this.ctor as typeof NtmCommand)
      const given = givenIn({ ...args, ...flags })
      const params = spec.params?.(given) ?? given
      const offline = typeof spec.offline === 'function' ? spec.offline(given) : (spec.offline ?? false)
      const ask = async (node: Session) => [await node.call<Answer>(spec.method, params), node.runs] as const
      const [answer, runs] = await this.withNode(flags, ask, { offline })
      this.print(flags.json, answer, spec.tell(answer, given, runs))
    }
  }
