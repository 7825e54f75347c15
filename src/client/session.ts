/**
 * A conversation with a node: attached over the local socket or embedded in this process, the commands cannot
 * tell the difference. This is the whole surface that a script in TypeScript needs.
 */
export interface Session {
  /** True when the node runs inside this process and ends with it. */
  readonly embedded: boolean
  /**
   * Calls a method of the node. Items of a streaming call arrive through `onItem` until the call ends or
   * `signal` aborts. Rejects with a ChatError.
   */
  call<T>(method: string, params?: object, stream?: Streaming): Promise<T>
  close(): Promise<void>
}

export interface Streaming {
  readonly onItem: (item: unknown) => void
  readonly signal?: AbortSignal
}
