/**
 * Where a home's node listens for its own commands, and the words of the greeting. Both sides of the local
 * socket read this file: the node that listens and the client that attaches.
 */
import type { ChatError } from './errors.ts'

/** Unix socket paths end at 107 bytes on Linux and 103 on macOS. */
const SOCKET_PATH_MAX_BYTES = 100

export interface SocketPlace {
  /** A directory that only its owner may enter (mode 0700). */
  readonly directory: string
  readonly socket: string
  /** A secret made anew by each node; whoever cannot read it is not the owner. */
  readonly tokenFile: string
}

/**
 * The place for a home: inside it, or, where its path is too long for a socket, in a private directory below
 * the system's own for temporary files, named by the home's path.
 */
export const socketPlace = (home: string, fallback: { tmp: string; hashOfHome: string }): SocketPlace => {
  const inside = `${home}/node`
  const directory =
    Buffer.byteLength(inside) + 5 <= SOCKET_PATH_MAX_BYTES
      ? inside
      : `${fallback.tmp}/ntm-${fallback.hashOfHome}`
  return { directory, socket: `${directory}/sock`, tokenFile: `${home}/node.token` }
}

export interface Hello {
  readonly token: string
}
export interface HelloAnswer {
  readonly pid: number
  readonly name: string
  readonly runs: NodeRuns
}

/** By `ntm up`; inside a command, for as long as anybody needs it; or inside a command and without the network. */
export type NodeRuns = 'up' | 'command' | 'offline'

/** Sent when the node stops: it takes no more calls, answers those under way, and waits for the visitor to go. */
export const LEAVING = 'leaving'

/** A streaming call names its subscription in `params.subscription`; its items come as `item` notifications. */
export interface ItemNotification {
  readonly subscription: string
  readonly item: unknown
}

/** What travels in the `data` of a JSON-RPC error: everything the caller needs to rebuild the ChatError. */
export interface ErrorData {
  readonly code: ChatError['code']
  readonly hint: string
  readonly fields?: Readonly<Record<string, unknown>>
}
