/**
 * A node inside a command, for as long as the command takes: the same node as `ntm up` runs, listening on the
 * same socket, so that a second command attaches to the first instead of fighting for the log. Whoever attached
 * is served to the end.
 */
import type { Session } from '../../client/session.ts'
import { type NodeOptions, runNode } from './node-shell.ts'

export const embedNode = async (options: NodeOptions): Promise<Session> => {
  const node = await runNode(options)
  const leave = new AbortController()
  return {
    runs: options.runs,
    pid: process.pid,
    call: async (method, params = {}, stream) => {
      const signal =
        stream?.signal === undefined ? leave.signal : AbortSignal.any([leave.signal, stream.signal])
      const emit = (item: unknown) => stream?.onItem(item)
      return (await node.call(method, params, { signal, emit })) as never
    },
    close: async () => {
      leave.abort()
      await node.finish()
    },
  }
}
