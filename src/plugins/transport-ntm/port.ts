/** A virtual UDP port as those use it who speak with neighbours, and not with addresses. */
import type { Result } from '../../events/result.ts'
import type { Neighbour } from './neighbour.ts'
import type { SendRefusal } from './net/stack.ts'

/** `payload` is valid during the call only. */
export type OnPayload = (payload: Uint8Array, from: Neighbour, fromPort: number) => void

export interface Port {
  /** Sends now or says why not. */
  send(to: Neighbour, toPort: number, payload: Uint8Array): Result<void, SendRefusal>
  close(): void
}
