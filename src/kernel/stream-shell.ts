/**
 * Datagrams through a WebSocket, one a binary message: what every firewall takes for the Web. It asks for no more than
 * UDP gives, so what finds the queue full is dropped; who is at the other end is proved by the datagrams themselves.
 */
import { isIPv6 } from 'node:net'
import type { ClientOptions, WebSocket } from 'ws'
import type { DatagramStream, StreamEvents, StreamTarget } from './api/index.ts'

export const STREAM_PATH = '/ntm'
/** As of a UDP socket: more than any path takes that we measure. */
const STREAM_DATAGRAM_MAX_BYTES = 2_048
export const STREAM_HANDSHAKE_MS = 5_000
/** A queue that is longer only makes everything late. */
const QUEUE_MAX_BYTES = 256 * 1024
/** A NAT forgets a connection that is silent for minutes; a server that is gone says nothing. */
const PING_EVERY_MS = 20_000
const SILENT_MAX_MS = 45_000

/** One end of a connection that is open. */
export class WebSocketStream implements DatagramStream {
  readonly #socket: WebSocket
  readonly openedMs = performance.now()
  /** When the last datagram came. */
  heardMs = this.openedMs
  /** Whether this end has ever had anything to say. */
  hasSpoken = false
  #fullSinceMs: number | undefined

  /** Text is nobody's here, nor is anything after it. `receive` is not called after `close`. */
  constructor(socket: WebSocket, receive: (bytes: Uint8Array) => void) {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('ping', () => {
      if (!this.#isFull) socket.pong()
    })
    socket.on('message', (data, isBinary) => {
      if (!isBinary) socket.terminate()
      if (socket.readyState !== socket.OPEN) return
      this.heardMs = performance.now()
      receive(data as Buffer)
    })
  }

  /** How long the other end has taken nothing of a full queue, ms. */
  get stuckMs(): number {
    if (this.#fullSinceMs === undefined || !this.#isFull) return 0
    return performance.now() - this.#fullSinceMs
  }

  /** Whether the longest datagram would find no room. */
  get #isFull(): boolean {
    return this.#socket.bufferedAmount > QUEUE_MAX_BYTES - STREAM_DATAGRAM_MAX_BYTES
  }

  /** The socket writes from the bytes that it is given, at its leisure, so it is given a copy. */
  send(bytes: Uint8Array): void {
    const socket = this.#socket
    if (socket.readyState !== socket.OPEN || bytes.length > STREAM_DATAGRAM_MAX_BYTES) return
    this.hasSpoken = true
    if (socket.bufferedAmount + bytes.length > QUEUE_MAX_BYTES) {
      this.#fullSinceMs ??= performance.now()
      return
    }
    this.#fullSinceMs = undefined
    socket.send(Buffer.from(bytes))
  }

  close(): void {
    this.#socket.terminate()
  }
}

/** Of both ends. Whoever pings and does not read gets no answers that pile up here. */
export const STREAM_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: STREAM_DATAGRAM_MAX_BYTES,
  autoPong: false,
} as const

const OPTIONS: ClientOptions = {
  ...STREAM_OPTIONS,
  handshakeTimeout: STREAM_HANDSHAKE_MS,
  // A certificate would prove a name, and here are only addresses: the tunnel inside proves the key.
  rejectUnauthorized: false,
}

/** Rejects when nobody there takes it, or when it is given up. */
export async function dialStream(
  { address, port, isTls }: StreamTarget,
  { onDatagram, onClosed }: StreamEvents,
  signal?: AbortSignal,
): Promise<DatagramStream> {
  const { WebSocket } = await import('ws')
  signal?.throwIfAborted()
  const host = isIPv6(address) ? `[${address}]` : address
  const socket = new WebSocket(`${isTls ? 'wss' : 'ws'}://${host}:${port}${STREAM_PATH}`, OPTIONS)
  const stream = new WebSocketStream(socket, onDatagram)
  const giveUp = (): void => socket.terminate()
  signal?.addEventListener('abort', giveUp)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  }).finally(() => signal?.removeEventListener('abort', giveUp))
  let isWanted = true
  const stopPinging = keepAlive(socket)
  socket.once('close', () => {
    stopPinging()
    if (isWanted) onClosed()
  })
  return {
    send: bytes => stream.send(bytes),
    close: () => {
      isWanted = false
      stream.close()
    },
  }
}

function keepAlive(socket: WebSocket): () => void {
  let heardMs = performance.now()
  const hear = (): void => {
    heardMs = performance.now()
  }
  socket.on('pong', hear)
  socket.on('message', hear)
  const timer = setInterval(() => {
    if (performance.now() - heardMs > SILENT_MAX_MS) socket.terminate()
    else socket.ping()
  }, PING_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
