/** `ntm relay serve`: a Relay Server, until a signal. */
import { Flags } from '@oclif/core'
import { startToStay } from '../../kernel/node/reach-shell.ts'
import { NtmCommand } from '../base/command.ts'
import { streamFlags, streamOptions } from '../base/stream-flags.ts'
import { uponSignal } from '../base/upon-signal.ts'

export default class RelayServeCommand extends NtmCommand {
  static override summary = 'run a relay for those whom a DC directs to each other'
  static override flags = {
    listen: Flags.string({
      description: 'HOST:PORT to listen on; port 0 picks one; once more for IPv6 beside IPv4',
      required: true,
      multiple: true,
      multipleNonGreedy: true,
    }),
    dc: Flags.string({ description: 'join string HOST:PORT#KEY of the DC', required: true }),
    advertise: Flags.string({
      description: 'HOST:PORT that others reach it by; several for several addresses',
      multiple: true,
      multipleNonGreedy: true,
    }),
    token: Flags.string({ description: 'invite token, if the DC wants one' }),
    ...streamFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(RelayServeCommand)
    const { serveRelay } = await import('../../kernel/node/serve-relay-shell.ts')
    const options = {
      ...{ home: flags.home, passphraseFile: flags['passphrase-file'], listen: flags.listen },
      ...{ advertise: flags.advertise ?? [], dc: flags.dc, token: flags.token },
      ...streamOptions(flags),
    }
    const relay = await startToStay(flags.home, () => serveRelay(options))
    uponSignal(() => relay.stop())
    const { ready } = relay
    this.print(flags.json, ready, `relay ${ready.relay} at ${ready.address}\nfor the DC ${ready.dc}`)
    await relay.stopped
  }
}
