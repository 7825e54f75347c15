/**
 * What carries bytes between devices, and what finds them. A transport knows devices, virtual ports and bytes;
 * it knows nothing of chat. Every transport must pass the suite `transportContract` of `ntm-chat/testing`.
 */
import type { Duplex } from 'node:stream'
import type { Observable } from 'rxjs'
import type { DeviceId, PersonId, TunnelKey } from '../../events/ids.ts'
import type { ChatError } from './errors.ts'

/** How one device of a person is reached and recognised; proved by the person's stream, never by a DC alone. */
export interface PeerCard {
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
  readonly person: PersonId
  /** The FQDN the person is known by. */
  readonly name: string
}

export type PathKind = 'direct' | 'relay'

/** One device and the path to it, as `ntm peers` shows it. */
export interface Link {
  readonly device: DeviceId
  readonly up: boolean
  readonly path: PathKind | undefined
  /** `address:port` as seen on the outside. */
  readonly address: string | undefined
  readonly rttMs: number | undefined
  /** Largest packet that the path has been shown to carry, with all of its headers, bytes. */
  readonly mtu: number
  readonly lastSeenMs: number | undefined
  /**
   * Grows when packets begin to go another way because this one was silent, or come through again after a silence: what
   * was under way until now may be lost, and its answer need not be waited for.
   */
  readonly turns?: number | undefined
  /** Why the path is the one it is, or why there is none; for a person. */
  readonly why?: string | undefined
}

export interface DatagramTransport {
  /** Largest payload that `send` takes, bytes. */
  readonly maxBytes: number
  /** One receiver a port. `bytes` is valid only during the call. Returns how to unbind. */
  bind(port: number, receive: (from: DeviceId, bytes: Uint8Array) => void): () => void
  /** Sends now or not at all; false when there is no path at the moment. Never waits, never throws. */
  send(to: DeviceId, port: number, bytes: Uint8Array): boolean
}

export interface PeerStream extends Duplex {
  /**
   * Hands back a chunk that was read, once: nobody looks at it any more, and what comes later is put there. Worth it for
   * whoever reads very much; all others leave their chunks to the garbage collector.
   */
  giveBack?(chunk: Uint8Array): void
}

/** Streams keep order, wait when their reader is slow, and can be closed by halves. */
export interface StreamTransport {
  /** Rejects with PEER_UNREACHABLE without a path, and where nobody listens. */
  connect(to: DeviceId, port: number): Promise<PeerStream>
  /** One listener a port. Returns how to stop; what was accepted goes on. */
  listen(port: number, accept: (from: DeviceId, stream: PeerStream) => void): () => void
}

export interface Transport {
  readonly id: string
  readonly datagram: DatagramTransport
  readonly stream: StreamTransport
  /** Builds a path if there is none. Resolves with whether there is one now; tells why not in one sentence. */
  reach(peer: PeerCard): Promise<{ readonly up: boolean; readonly reason?: string }>
  links(): readonly Link[]
  readonly link$: Observable<Link>
  /** Round trip of one echo in milliseconds; undefined when none came back in time. */
  ping(device: DeviceId, timeoutMs: number): Promise<number | undefined>
}

/** What a name stands for, as some directory says. The bytes prove it; see `wire/SPEC.md`, name record. */
export interface NameRecord {
  readonly name: string
  readonly person: PersonId
  readonly serial: number
  readonly devices: readonly PeerCard[]
  /** The signed record as received. */
  readonly bytes: Uint8Array
}

export type LookupFailure = 'unknown' | 'unreachable' | 'refused' | 'keys-changed'

/** A directory maps a name to keys: a DC, contacts already known, mDNS, a stranger's DHT. */
export interface DirectorySource {
  readonly id: string
  /** An error in place of a failure where it can tell a person more; it is an answer and counts against nobody. */
  lookup(name: string): Promise<NameRecord | LookupFailure | ChatError>
}
