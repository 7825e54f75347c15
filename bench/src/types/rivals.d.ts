/** The few words of hyperdht, hypercore and sodium-native that the bench alone says to them; the first two ship no types. */
declare module 'sodium-native' {
  export const crypto_generichash_STATEBYTES: number
  export function crypto_generichash_init(state: Uint8Array, key: Uint8Array | null, bytes: number): void
  export function crypto_generichash_update(state: Uint8Array, bytes: Uint8Array): void
  export function crypto_generichash_final(state: Uint8Array, out: Uint8Array): void
}

declare module 'hyperdht' {
  import type { Duplex } from 'node:stream'

  export interface SecretStream extends Duplex {
    readonly opened: Promise<boolean>
  }
  interface Address {
    readonly host: string
    readonly port: number
  }
  interface DhtOptions {
    readonly bootstrap: readonly Address[]
    readonly host: string
    readonly firewalled?: boolean
    readonly ephemeral?: boolean
  }
  interface Server {
    readonly publicKey: Buffer
    listen(): Promise<void>
  }
  export default class DHT {
    constructor(options: DhtOptions)
    connect(publicKey: Buffer): SecretStream
    createServer(onConnection: (socket: SecretStream) => void): Server
    destroy(options?: { readonly force: boolean }): Promise<void>
  }
}

declare module 'hyperdht/testnet.js' {
  interface Testnet {
    readonly bootstrap: readonly { readonly host: string; readonly port: number }[]
    destroy(): Promise<void>
  }
  export default function createTestnet(size: number, options: { readonly host: string }): Promise<Testnet>
}

declare module 'hypercore' {
  export default class Hypercore {
    constructor(storage: string)
    readonly length: number
    ready(): Promise<void>
    append(blocks: Uint8Array | readonly Uint8Array[]): Promise<unknown>
    close(): Promise<void>
  }
}
