/** `ntm log verify`: checks every byte of the log and says where it is damaged; changes nothing. */
import { verifyLog } from '../../kernel/node/verify-shell.ts'
import { NtmCommand } from '../base/command.ts'

export default class LogVerifyCommand extends NtmCommand {
  static override summary = 'check the log'

  async run(): Promise<void> {
    const { flags } = await this.parse(LogVerifyCommand)
    const found = await verifyLog({ home: flags.home, passphraseFile: flags['passphrase-file'] })
    const { events, streams, forks, gaps } = found
    this.print(
      flags.json,
      found,
      `${events} events in ${streams} streams, ${forks} forks, ${gaps} gaps: sound`,
    )
    if (flags.json) return
    for (const place of found.unfinished)
      this.log(
        `unfinished: ${place}: a write was cut off before anybody was told of it, as a power loss does; damage to the last record can look the same`,
      )
    for (const { author, seq, stream } of found.forked)
      this.log(`fork: device ${author} signed two events with number ${seq} in stream ${stream}`)
  }
}
