/**
 * One device with nothing but TCP, for the judges: packets in and out, streams for programs, and a timer that follows the
 * stack's wishes by whatever clock it is given.
 */
import type { Duplex } from 'node:stream'
import { parseIp } from '../../../src/plugins/transport-ntm/net/ip.ts'
import { PROTOCOL } from '../../../src/plugins/transport-ntm/net/packet.ts'
import type { Streams } from '../../../src/plugins/transport-ntm/net/stream.ts'
import { createTcp, type Tcp } from '../../../src/plugins/transport-ntm/net/tcp/tcp.ts'
import { tcpStreams } from '../../../src/plugins/transport-ntm/net/tcp/tcp-stream.ts'

export interface HostTime {
  now(): number
  /** Returns how to take it back. */
  after(delayMs: number, run: () => void): () => void
}

export interface HostOptions {
  readonly addresses: { readonly ipv4: Uint8Array; readonly ipv6: Uint8Array }
  readonly mtuBytes: number
  readonly time: HostTime
  readonly random: (bytes: number) => Uint8Array
  readonly emit: (packet: Uint8Array) => void
  readonly keepaliveMs?: number
}

export class Host {
  readonly tcp: Tcp
  readonly streams: Streams
  sentBytes = 0
  readonly #time: HostTime
  #mtuBytes: number
  #armedMs: number | undefined
  #disarm: () => void = () => undefined

  constructor({ addresses, mtuBytes, time, random, emit, keepaliveMs }: HostOptions) {
    this.#time = time
    this.#mtuBytes = mtuBytes
    this.tcp = createTcp({
      emit: packet => {
        this.sentBytes += packet.length
        emit(packet)
      },
      now: () => time.now(),
      random,
      ownAddress: to => (to.length === 4 ? addresses.ipv4 : addresses.ipv6),
      mtuTo: () => this.#mtuBytes,
      onWakeAt: () => this.arm(),
      ...(keepaliveMs !== undefined && { keepaliveMs }),
    })
    this.streams = tcpStreams(this.tcp)
  }

  /** Open connections, half-open ones included. */
  get connections(): number {
    return this.tcp.counters().connections!
  }

  receive(packet: Uint8Array): void {
    const ip = parseIp(packet)
    if (ip.ok && ip.value.protocol === PROTOCOL.tcp) this.tcp.receive(ip.value)
  }

  connect(to: Uint8Array, port: number): Promise<Duplex> {
    return this.streams.connect(to, port)
  }

  listen(port: number, accept: (stream: Duplex) => void): () => void {
    return this.streams.listen(port, accept)
  }

  /** The path carries packets of this size now. */
  setMtu(mtuBytes: number, to: Uint8Array): void {
    this.#mtuBytes = mtuBytes
    this.tcp.pathMtuChanged(to)
  }

  /** Sets the timer to when the stack wants to be woken. */
  arm(): void {
    const atMs = this.tcp.nextWakeAt()
    if (atMs === this.#armedMs) return
    this.#disarm()
    this.#armedMs = atMs
    if (atMs === undefined) return
    this.#disarm = this.#time.after(Math.max(0, atMs - this.#time.now()), () => {
      this.#armedMs = undefined
      this.tcp.wake()
      this.arm()
    })
  }

  close(): void {
    this.tcp.close()
    this.#disarm()
  }
}
