/**
 * The greatest handshake timestamps, sent and received, kept across restarts: a first message
 * recorded from the wire must not be accepted again after either side has forgotten its sessions. Of more senders
 * than fit, those heard longest ago are forgotten: strangers are free to come with ever new keys.
 */
import type { TunnelKey } from '../../events/ids.ts'
import type { Keyspace } from '../../kernel/api/index.ts'
import type { TimestampMemory } from './tunnel/device.ts'
import { type Timestamp, timestampOf } from './tunnel/tai64n.ts'

const SENT = 'timestamp-sent'
const PREFIX = 'timestamp/'
const SENDERS_MAX = 65_536

export class HandshakeTimestamps implements TimestampMemory {
  readonly #keyspace: Keyspace
  readonly #sendersMax: number
  /** In order of arrival, oldest first. */
  readonly #received = new Map<TunnelKey, Timestamp>()
  #sent: Uint8Array | undefined

  constructor(keyspace: Keyspace, sendersMax = SENDERS_MAX) {
    this.#keyspace = keyspace
    this.#sendersMax = sendersMax
  }

  get size(): number {
    return this.#received.size
  }

  async load(): Promise<void> {
    this.#sent = await this.#keyspace.get(SENT)
    for await (const [key, value] of this.#keyspace.list(PREFIX))
      this.#received.set(key.slice(PREFIX.length) as TunnelKey, timestampOf(value))
  }

  loadSent(): Uint8Array | undefined {
    return this.#sent
  }

  saveSent(timestamp: Uint8Array): void {
    this.#sent = timestamp.slice()
    this.#keyspace.put(SENT, this.#sent)
  }

  loadReceived(peer: TunnelKey): Timestamp | undefined {
    return this.#received.get(peer)
  }

  saveReceived(peer: TunnelKey, timestamp: Timestamp): void {
    this.#received.delete(peer)
    this.#received.set(peer, timestamp)
    this.#keyspace.put(PREFIX + peer, Buffer.from(timestamp, 'latin1'))
    if (this.#received.size > this.#sendersMax) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const [oldest] = this.#received.keys()
    this.#received.delete(oldest!)
    this.#keyspace.put(PREFIX + oldest!, undefined)
  }
}
