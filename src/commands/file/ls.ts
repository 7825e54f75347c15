/** `ntm file ls`: what was offered, both ways, and how far it has come. */
import { type FileDocument, fileLine } from '../base/file-command.ts'
import { oneCall } from '../base/one-call.ts'

export default oneCall<{ files: readonly FileDocument[] }>({
  summary: 'list files that were offered',
  method: 'file.ls',
  offline: true,
  tell: ({ files }) => files.map(fileLine).join('\n') || 'no files yet',
})
