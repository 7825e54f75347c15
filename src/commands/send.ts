/** `ntm send PEER [TEXT]`: one message, and how far it got. */
import { Args, Flags } from '@oclif/core'
import { ChatError } from '../kernel/api/errors.ts'
import { typedText } from '../kernel/node/typed-text.ts'
import { NtmCommand } from './base/command.ts'
import { secondsFlag } from './base/seconds-flag.ts'

interface Sent {
  readonly id: string
  readonly state: string
  readonly path: string | null
  readonly rttMs: number | null
}

export default class SendCommand extends NtmCommand {
  static override summary = 'send one message'
  static override examples = [
    '<%= config.bin %> send bob.example "see you at nine"',
    'date | <%= config.bin %> send bob.example - --wait sent',
  ]
  static override args = {
    to: Args.string({ description: 'full name, unique prefix of a contact or group, or id', required: true }),
    text: Args.string({ description: 'the text; - or nothing reads standard input' }),
  }
  static override flags = {
    wait: Flags.string({
      description: 'return when the message has got this far',
      options: ['sent', 'stored', 'delivered', 'read'],
      default: 'delivered',
    }),
    timeout: secondsFlag({
      description: 'seconds to wait, 86400 (a day) at most; then the message stays queued',
      default: 30,
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SendCommand)
    const isPiped = args.text === undefined || args.text === '-'
    const words = isPiped ? await typedText(process.stdin) : (args.text ?? '')
    if (words === '') throw new ChatError('USAGE', 'there is nothing to send: the text is empty')
    const sent = await this.withNode(flags, node =>
      node.call<Sent>('send', {
        to: args.to,
        text: words,
        wait: flags.wait,
        timeoutMs: flags.timeout * 1000,
      }),
    )
    const how = sent.path === null ? '' : ` (${sent.path}, ${sent.rttMs?.toFixed(1)} ms)`
    this.print(flags.json, sent, `${sent.state}${how}`)
  }
}
