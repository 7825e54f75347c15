/** `ntm file send PEER PATH`: offers a file or a folder, and waits until it is there if that is wished. */
import { basename, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { FileCommand, fileLine } from '../base/file-command.ts'

export default class FileSendCommand extends FileCommand {
  static override summary = 'offer a file or a folder'
  static override description =
    'It is sent from this home when the other person gets it: a node has to run here then, as with `ntm up` or --wait done.'
  static override examples = ['<%= config.bin %> file send bob.example holiday.mp4 --wait done']
  static override args = {
    to: Args.string({ description: 'full name, unique prefix of a contact, or id', required: true }),
    path: Args.string({ description: 'a file or a folder', required: true }),
  }
  static override flags = {
    wait: Flags.string({
      description: 'return when it has got this far',
      options: ['offered', 'done'],
      default: 'offered',
    }),
    timeout: Flags.integer({ description: 'seconds to wait for done; default: as long as it takes', min: 0 }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FileSendCommand)
    const { to, path } = args
    const timeout = flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }
    const params = { to, path: resolve(path), wait: flags.wait, ...timeout }
    const sent = await this.callWithBar(flags, 'file.send', params, basename(path))
    if ((sent.skipped ?? 0) > 0)
      process.stderr.write(`ntm: ${sent.skipped} links and other things that are no files were left out\n`)
    const how =
      sent.state === 'offered' ? `\nthe other person gets it with: ntm file get ${printable(sent.id)}` : ''
    this.print(flags.json, sent, `${fileLine(sent)}${how}`)
  }
}
