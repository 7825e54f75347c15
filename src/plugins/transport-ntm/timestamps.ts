/**
 * The greatest handshake timestamps, sent and received, kept across restarts (FORMATS §5.4): a first message
 * recorded from the wire must not be accepted again after either side has forgotten its sessions.
 */
import { idFromBytes, type TunnelKey } from '../../events/ids.ts'
import type { Keyspace } from '../../kernel/api/index.ts'
import type { TimestampMemory } from './tunnel/device.ts'

const SENT = 'timestamp-sent'
const PREFIX = 'timestamp/'

export class Timestamps implements TimestampMemory {
  readonly #keyspace: Keyspace
  readonly #received = new Map<TunnelKey, Uint8Array>()
  #sent: Uint8Array | undefined

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  async load(): Promise<void> {
    this.#sent = await this.#keyspace.get(SENT)
    for await (const [key, value] of this.#keyspace.list(PREFIX))
      this.#received.set(key.slice(PREFIX.length) as TunnelKey, value)
  }

  loadSent(): Uint8Array | undefined {
    return this.#sent
  }

  saveSent(timestamp: Uint8Array): void {
    this.#sent = timestamp.slice()
    this.#keyspace.put(SENT, this.#sent)
  }

  loadReceived(publicKey: Uint8Array): Uint8Array | undefined {
    return this.#received.get(idFromBytes(publicKey))
  }

  saveReceived(publicKey: Uint8Array, timestamp: Uint8Array): void {
    const key = idFromBytes<TunnelKey>(publicKey)
    this.#received.set(key, timestamp.slice())
    this.#keyspace.put(PREFIX + key, timestamp.slice())
  }
}
