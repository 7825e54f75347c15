/** `ntm file get ID [PATH]`: accepts what was offered and fetches it, from where it stopped the last time. */
import { resolve } from 'node:path'
import { printable } from '../../screen/printer.ts'
import { FileCommand, fileIdArg, fileLine, pathArg } from '../base/file-command.ts'
import { secondsFlag } from '../base/seconds-flag.ts'

export default class FileGetCommand extends FileCommand {
  static override summary = 'get a file that was offered'
  static override examples = [
    '<%= config.bin %> file ls',
    '<%= config.bin %> file get 3f9a60c1d2e4 ~/Downloads',
  ]
  static override args = {
    id: fileIdArg(),
    path: pathArg({ description: 'a folder to put it into, or a new name; here, or where it was begun' }),
  }
  static override flags = {
    timeout: secondsFlag({
      description:
        'seconds to wait while nothing arrives, 86400 (a day) at most; then it can be gone on with later',
      default: 30,
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FileGetCommand)
    const { id, path } = args
    const where = { path: resolve(path ?? '.'), isAnywhere: path === undefined }
    const params = { id, ...where, timeoutMs: flags.timeout * 1000 }
    const got = await this.callWithBar(flags, 'file.get', params, id.slice(0, 12))
    const there = got.path === undefined ? '' : `\n${printable(got.path)}`
    this.print(flags.json, got, `${fileLine(got)}${there}`)
  }
}
