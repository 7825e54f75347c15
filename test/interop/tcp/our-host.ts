/** Our TCP in this process and in real time. */
import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { parseAddress } from '../../../src/wire/ip-address.ts'
import { Host } from '../../support/tcp/host.ts'

const bytesOf = (text: string): Uint8Array => {
  const parsed = parseAddress(text)
  if (!parsed.ok) throw new Error(`${text} is no address`)
  return parsed.value
}

export interface OurHostOptions {
  readonly addresses: { readonly ipv4: string; readonly ipv6: string }
  readonly mtuBytes: number
  readonly emit: (packet: Uint8Array) => void
}

const realTime = {
  now: () => performance.now(),
  after: (delayMs: number, run: () => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

export class OurHost {
  readonly #host: Host

  constructor({ addresses, mtuBytes, emit }: OurHostOptions) {
    this.#host = new Host({
      addresses: { ipv4: bytesOf(addresses.ipv4), ipv6: bytesOf(addresses.ipv6) },
      ...{ mtuBytes, emit, time: realTime, random: bytes => new Uint8Array(randomBytes(bytes)) },
    })
  }

  get connections(): number {
    return this.#host.connections
  }

  get sentBytes(): number {
    return this.#host.sentBytes
  }

  receive(packet: Uint8Array): void {
    this.#host.receive(packet)
  }

  /** The end of a batch. */
  arm(): void {
    this.#host.tcp.flush()
    this.#host.arm()
  }

  connect(address: string, port: number): Promise<Duplex> {
    return this.#host.connect(bytesOf(address), port)
  }

  listen(port: number, accept: (stream: Duplex) => void): () => void {
    return this.#host.listen(port, accept)
  }

  /** Until no connection is left; those in TIME-WAIT do not count. */
  async settled(): Promise<void> {
    while (this.#host.connections > 0) await new Promise(go => setTimeout(go, 20))
  }

  close(): void {
    this.#host.close()
  }
}
