/** `ntm file send PEER PATH`: offers a file or a folder, and waits until it is there if that is wished. */
import { basename, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { printable } from '../../screen/printer.ts'
import { FileCommand, fileLine, pathArg } from '../base/file-command.ts'
import { secondsFlag } from '../base/seconds-flag.ts'

const tellLeftOut = (count: number, what: string): boolean =>
  process.stderr.write(`ntm: ${count} left out: ${what}\n`)

export default class FileSendCommand extends FileCommand {
  static override summary = 'offer a file or a folder'
  static override description =
    'It is sent from this home when the other person gets it: a node has to run here then, as with `ntm up` or --wait done.'
  static override examples = ['<%= config.bin %> file send bob.example holiday.mp4 --wait done']
  static override args = {
    to: Args.string({ description: 'full name, unique prefix of a contact, or id', required: true }),
    path: pathArg({ description: 'a file or a folder', required: true }),
  }
  static override flags = {
    wait: Flags.string({
      description: 'return when it has got this far',
      options: ['offered', 'done'],
      default: 'offered',
    }),
    timeout: secondsFlag({
      description: 'seconds to wait for done, 86400 (a day) at most; default: as long as it takes',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FileSendCommand)
    const { to, path } = args
    const timeout = flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }
    const params = { to, path: resolve(path), wait: flags.wait, ...timeout }
    const sent = await this.callWithBar(flags, 'file.send', params, basename(path))
    const { skipped = 0, misnamed = 0 } = sent
    if (skipped > 0) tellLeftOut(skipped, 'links and other things that are no files')
    if (misnamed > 0) tellLeftOut(misnamed, 'files and folders whose names are not UTF-8')
    const how =
      sent.state === 'offered' ? `\nthe other person gets it with: ntm file get ${printable(sent.id)}` : ''
    this.print(flags.json, sent, `${fileLine(sent)}${how}`)
  }
}
