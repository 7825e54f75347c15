/** `ntm doctor`: how this node is connected, what is wrong, and what to do about it. */
import { Flags } from '@oclif/core'
import { ChatError } from '../kernel/api/errors.ts'
import { NtmCommand } from './base/command.ts'
import { type Report, textOf } from './base/doctor-report.ts'

export default class DoctorCommand extends NtmCommand {
  static override summary = 'tell how this node is connected, what is wrong and what to do'
  static override flags = {
    timeout: Flags.integer({ description: 'seconds to wait for answers', default: 3, min: 1, max: 60 }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(DoctorCommand)
    const report = await this.withNode(flags, node =>
      node.call<Report>('doctor', { timeoutMs: flags.timeout * 1000 }),
    )
    const worst = report.findings.find(({ level }) => level === 'bad')
    if (!flags.json || worst === undefined) this.print(flags.json, report, textOf(report))
    if (worst === undefined) return
    const { state, rttMs, refusal } = report.dc
    const isLost = state !== 'none' && rttMs === null && refusal === null
    const code = isLost ? 'DC_UNREACHABLE' : 'NOT_WELL'
    throw new ChatError(code, worst.what.replace(/\.$/, ''), { hint: worst.do, fields: { ...report } })
  }
}
