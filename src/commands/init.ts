/** `ntm init NAME --dc JOIN`: a new person with one device, registered under NAME. */
import { Args, Flags } from '@oclif/core'
import { NtmCommand } from './base/command.ts'

export default class InitCommand extends NtmCommand {
  static override summary = 'create a person and register its name'
  static override description =
    'Shows the recovery words once: write them down, they are the only way back if all devices are lost.'
  static override args = {
    name: Args.string({ description: 'a full name such as alice.example', required: true }),
  }
  static override flags = {
    dc: Flags.string({ description: 'HOST:PORT#KEY of the DC, or its domain', required: true }),
    token: Flags.string({ description: 'invite token of the DC' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InitCommand)
    const { initHome } = await import('../kernel/node/init-shell.ts')
    const made = await initHome({
      home: flags.home,
      passphraseFile: flags['passphrase-file'],
      name: args.name,
      dc: flags.dc,
      token: flags.token,
    })
    this.print(
      flags.json,
      made,
      [
        `${made.name} is yours.`,
        `person        ${made.person}`,
        `virtual IPv4  ${made.virtualIPv4}`,
        `virtual IPv6  ${made.virtualIPv6}`,
        '',
        'Recovery words, shown only now:',
        `  ${made.recovery}`,
      ].join('\n'),
    )
  }
}
