/** The few words of hyperdht and hypercore that the bench says to them; neither ships types. */
declare module 'hyperdht' {
  import type { Duplex } from 'node:stream'

  export interface SecretStream extends Duplex {
    readonly opened: Promise<boolean>
  }
  interface Address {
    readonly host: string
    readonly port: number
  }
  interface Server {
    readonly publicKey: Buffer
    listen(): Promise<void>
  }
  export default class DHT {
    constructor(options: { readonly bootstrap: readonly Address[]; readonly host: string })
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
