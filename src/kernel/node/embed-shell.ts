/**
 * A node inside a command, for as long as the command takes: the same node as `ntm up` runs, listening on the
 * same socket, so that a second command attaches to the first instead of fighting for the log. Whoever attached
 * is served to the end.
 */
import type { Session } from '../../client/session.ts'
import { ClientLine } from '../client-line.ts'
import { type NodeOptions, runNode } from './node-shell.ts'

export const embedNode = async (options: NodeOptions): Promise<Session> => {
  const node = await runNode(options)
  const lines = new Set<ClientLine>()
  return {
    runs: options.runs,
    pid: process.pid,
    call: async (method, params = {}, stream) => {
      const line = new ClientLine(item => stream?.onItem(item))
      const hangUp = (): void => line.hangUp()
      lines.add(line)
      stream?.signal?.addEventListener('abort', hangUp, { once: true })
      if (stream?.signal?.aborted === true) hangUp()
      try {
        return (await node.call(method, params, line)) as never
      } finally {
        lines.delete(line)
        stream?.signal?.removeEventListener('abort', hangUp)
      }
    },
    close: async () => {
      for (const line of lines) line.hangUp()
      await node.finish()
    },
  }
}
