/** What the coordinator's core asks for; `service.ts` performs it. */
import type { TunnelKey } from '../../../events/ids.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import type { Message } from '../signalling/messages.ts'
import { datagramsOf } from '../signalling/outputs.ts'

/** A turn that also knows the date: records and tokens expire by it. */
export interface DcTurn extends Turn {
  readonly wallMs: number
}

/** Pairs for the keyspace; undefined deletes. */
export type Entries = readonly (readonly [key: string, value: Uint8Array | undefined])[]

export type DcOutput =
  | {
      readonly kind: 'send'
      readonly to: TunnelKey
      readonly bytes: Uint8Array
      /** Where the node was last, when there is no session with it: begin a handshake there. */
      readonly at?: UdpEndpoint
    }
  /** To be synced; `written` with the ticket follows, and only then is anything answered. */
  | { readonly kind: 'write'; readonly ticket: number; readonly entries: Entries }
  /** Challenges the holder of the key at this place, by its tunnel; `proved` follows if it answers. */
  | { readonly kind: 'challenge'; readonly to: TunnelKey; readonly endpoint: UdpEndpoint }
  /** Worth keeping, not worth waiting for. */
  | { readonly kind: 'put'; readonly key: string; readonly value: Uint8Array | undefined }

export const sendTo = (to: TunnelKey, datagrams: readonly Uint8Array[]): DcOutput[] =>
  datagrams.map(bytes => ({ kind: 'send', to, bytes }))

export const tell = (to: TunnelKey, message: Message): DcOutput[] => sendTo(to, datagramsOf(message))
