/** `ntm file rm ID`: not to want a file that was offered, and to take away what there is of it so far. */

import { printable } from '../../screen/printer.ts'
import { type FileDocument, fileIdArg } from '../base/file-command.ts'
import { oneCall } from '../base/one-call.ts'

export default oneCall<FileDocument>({
  summary: 'give up a file that was offered',
  description:
    'What has arrived of it so far is removed, and who offered it is told. It can still be had with `ntm file get`.',
  args: { id: fileIdArg() },
  method: 'file.rm',
  tell: ({ name }) => `${printable(name)} is not wanted any more`,
})
