/**
 * A conversation with a node: attached over the local socket or embedded in this process, the commands cannot
 * tell the difference. This is the whole surface that a script in TypeScript needs.
 */
import type { NodeRuns } from '../kernel/api/local-socket.ts'

export interface Session {
  readonly runs: NodeRuns
  /** Of the process that the node runs in. */
  readonly pid: number
  /**
   * Calls a method of the node. Items of a streaming call arrive through `onItem` until the call ends or
   * `signal` aborts. Rejects with a ChatError; NODE_LEAVING means that the call was not made.
   */
  call<T>(method: string, params?: object, stream?: Streaming): Promise<T>
  close(): Promise<void>
}

export interface Streaming {
  readonly onItem: (item: unknown) => void
  readonly signal?: AbortSignal
}
