/** `ntm dc serve`: a Direction Coordinator, until a signal. */
import { Flags } from '@oclif/core'
import { startToStay } from '../../kernel/node/reach-shell.ts'
import { NtmCommand } from '../base/command.ts'
import { streamFlags, streamOptions } from '../base/stream-flags.ts'
import { uponSignal } from '../base/upon-signal.ts'

export default class DcServeCommand extends NtmCommand {
  static override summary = 'run a DC'
  static override flags = {
    domain: Flags.string({ description: 'the domain whose names it gives out', required: true }),
    listen: Flags.string({
      description: 'HOST:PORT to listen on; port 0 picks one; once more for IPv6 beside IPv4',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
    }),
    advertise: Flags.string({
      description: 'HOST:PORT that others reach it by; several for several addresses',
      multiple: true,
      multipleNonGreedy: true,
    }),
    with: Flags.string({ description: 'more roles in this process, separated by commas: relay, mailbox' }),
    ...streamFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(DcServeCommand)
    const { serveDc } = await import('../../kernel/node/serve-dc-shell.ts')
    const options = {
      home: flags.home,
      passphraseFile: flags['passphrase-file'],
      domain: flags.domain,
      listen: flags.listen,
      advertise: flags.advertise ?? [],
      roles: (flags.with ?? '').split(',').filter(role => role !== ''),
      ...streamOptions(flags),
    }
    const dc = await startToStay(flags.home, () => serveDc(options))
    uponSignal(() => dc.stop())
    for (const role of dc.missingRoles)
      process.stderr.write(`ntm: the role ${role} is not in this build; it is left out\n`)
    if (dc.isChosen)
      process.stderr.write(
        `ntm: the join string names ${dc.ready.address}, an address of this host; where others need another one, name it with --advertise HOST:PORT\n`,
      )
    this.print(
      flags.json,
      dc.ready,
      `DC for ${dc.ready.domain} at ${dc.ready.address}\njoin with ${dc.ready.join}`,
    )
    await dc.stopped
  }
}
