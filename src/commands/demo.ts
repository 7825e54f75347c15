/** `ntm demo`: the whole system on one machine, in separate processes, checked and tidied up. */
import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { attach } from '../client/attach-shell.ts'
import { ChatError } from '../kernel/api/errors.ts'
import { type DemoOptions, runDemo } from '../kernel/node/demo/demo-shell.ts'
import { NtmCommand } from './base/command.ts'

type Line = Parameters<DemoOptions['say']>[0]

const howOf = (line: Line): string =>
  line.type === 'text'
    ? `${line.state} in ${line.rttMs?.toFixed(2)} ms`
    : `${line.name} ${line.state}, ${line.bytes} bytes, ${line.mbPerSecond} MB/s`

export default class DemoCommand extends NtmCommand {
  static override summary = 'show two people chatting through a DC and a tunnel, on this machine'
  static override flags = {
    group: Flags.boolean({ description: 'with a group chat (not in this build yet)' }),
    offline: Flags.boolean({ description: 'with a peer that is away (not in this build yet)' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(DemoCommand)
    for (const part of ['group', 'offline'] as const)
      if (flags[part]) throw new ChatError('NOT_IN_BUILD', `the demo's ${part} part is not in this build yet`)
    const summary = await runDemo({
      program: join(this.config.root, 'bin', 'run.js'),
      attach,
      say: line => this.print(flags.json, line, `${line.from} -> ${line.to}: ${howOf(line)}`),
    })
    const { texts, file } = summary
    this.print(
      flags.json,
      summary,
      `${texts.acked} of ${texts.sent} texts acknowledged, ${texts.lost} lost, round trip ${texts.rttMsP50?.toFixed(2)} ms (p99 ${texts.rttMsP99?.toFixed(2)} ms); a file of ${file.bytes} bytes ${file.intact ? 'intact' : 'NOT INTACT'}, ${file.mbPerSecond} MB/s`,
    )
    if (!summary.ok) this.exit(1)
  }
}
