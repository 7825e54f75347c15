/**
 * The relay's way to the socket that a tunnel listens on: frames of relays are told from packets of tunnels by
 * their first byte, before either looks at them. While no relay works here, such bytes are nobody's.
 */
import type { DeviceId, RelayHost, UdpEndpoint } from '../../kernel/api/index.ts'
import { isRelayByte } from '../../wire/relay-frame.ts'

type Receive = (bytes: Uint8Array, from: UdpEndpoint) => void

export interface RelayDoorParts {
  readonly send: Receive
  readonly issuer: () => DeviceId | undefined
  /** A relay began to work here, or stopped. */
  readonly onWorking?: (isWorking: boolean) => void
}

export class RelayDoor implements RelayHost {
  readonly #parts: RelayDoorParts
  #receive: Receive | undefined

  constructor(parts: RelayDoorParts) {
    this.#parts = parts
  }

  get isWorking(): boolean {
    return this.#receive !== undefined
  }

  /** Whether the bytes were the relay's. One comparison for those that are not. */
  take(bytes: Uint8Array, from: UdpEndpoint): boolean {
    if (!isRelayByte(bytes[0]) || this.#receive === undefined) return false
    this.#receive(bytes, from)
    return true
  }

  send(bytes: Uint8Array, to: UdpEndpoint): void {
    this.#parts.send(bytes, to)
  }

  onFrame(receive: Receive): () => void {
    this.#receive = receive
    this.#parts.onWorking?.(true)
    return () => {
      if (this.#receive !== receive) return
      this.#receive = undefined
      this.#parts.onWorking?.(false)
    }
  }

  issuer(): DeviceId | undefined {
    return this.#parts.issuer()
  }
}
