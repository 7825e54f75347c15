/**
 * A TCP port that takes WebSockets with datagrams, and nothing else: to whatever is no such thing it says 404 and not a
 * word more. Strangers come here, so everything is bounded: how many connections there are, of one source and in all
 * (at a full port whoever has most of them gives one to whoever has fewer), how long one may take to say what it wants,
 * and how long it may stay without using what it got.
 */
import { readFile } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import { networkOf } from '../wire/ip-address.ts'
import { type Certificate, ChatError, type StreamDoor, type UdpEndpoint } from './api/index.ts'
import { STREAM_HANDSHAKE_MS, STREAM_OPTIONS, STREAM_PATH, WebSocketStream } from './stream-shell.ts'

export interface StreamDoorLimits {
  readonly connections: number
  /** Of one address, or of one /64 of IPv6; many may share it in an office. */
  readonly connectionsOfSource: number
  readonly handshakeMs: number
  /** Nobody who speaks our language goes without an answer for so long. */
  readonly unansweredMs: number
  readonly idleMs: number
  /** A reader who leaves a full queue full for so long has left. */
  readonly stuckMs: number
  readonly sweepMs: number
}

const LIMITS: StreamDoorLimits = {
  connections: 4_096,
  connectionsOfSource: 256,
  handshakeMs: STREAM_HANDSHAKE_MS,
  unansweredMs: 10_000,
  idleMs: 5 * 60_000,
  stuckMs: 10_000,
  sweepMs: 1_000,
}

const HEADERS_MAX_BYTES = 4_096
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
const KEY = /^[+/0-9A-Za-z]{22}==$/

type Receive = (bytes: Uint8Array, from: UdpEndpoint) => void

/** Whatever does not pass here would get words from the library. */
const isWelcome = ({ method, url, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  url === STREAM_PATH &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  KEY.test(headers['sec-websocket-key'] ?? '') &&
  headers['sec-websocket-version'] === '13' &&
  headers['sec-websocket-protocol'] === undefined

const notFound = (_request: IncomingMessage, response: ServerResponse): void => {
  response.sendDate = false
  response.writeHead(404, { 'Content-Length': 0, Connection: 'close' }).end()
}

const refuse = (socket: Duplex): void => {
  if (!socket.writable) socket.destroy()
  else socket.end(NOT_FOUND, () => socket.destroy())
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const plainAddress = (address: string): string => MAPPED.exec(address)?.[1] ?? address

/** A site's part of an IPv6 address. */
const SOURCE_IPV6_BYTES = 8

const connectionName = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}|${remotePort}`

interface Stranger {
  readonly socket: Socket
  readonly sinceMs: number
}

class WebSocketDoor {
  readonly #server: HttpServer
  readonly #sockets: WebSocketServer
  readonly #receive: Receive
  readonly #limits: StreamDoorLimits
  readonly #streams = new Set<WebSocketStream>()
  /** Connections that have not said yet what they want. */
  readonly #strangers = new Map<string, Stranger>()
  /** All connections, those of each source in the order of arrival. */
  readonly #ofSource = new Map<string, Set<Socket>>()
  #connections = 0
  readonly #sweeper: NodeJS.Timeout

  constructor(server: HttpServer, sockets: WebSocketServer, receive: Receive, limits: StreamDoorLimits) {
    this.#server = server
    this.#sockets = sockets
    this.#receive = receive
    this.#limits = limits
    // Those that have just been ended are counted for a moment longer.
    server.maxConnections = limits.connections + limits.connectionsOfSource
    server.on('connection', (socket: Socket) => this.#arrived(socket))
    server.on('upgrade', (request, socket: Socket, head) => this.#upgrade(request, socket, head))
    server.on('checkContinue', notFound)
    server.on('checkExpectation', notFound)
    server.on('clientError', (_error, socket) => refuse(socket))
    server.on('error', () => undefined)
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs)
    this.#sweeper.unref()
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper)
    for (const stream of this.#streams) stream.close()
    for (const { socket } of this.#strangers.values()) socket.destroy()
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #arrived(socket: Socket): void {
    const source = networkOf(plainAddress(socket.remoteAddress ?? ''), SOURCE_IPV6_BYTES)
    const own = this.#ofSource.get(source) ?? new Set()
    socket.on('error', () => undefined)
    if (own.size >= this.#limits.connectionsOfSource || !this.#hasRoomBeside(own.size)) {
      socket.destroy()
      return
    }
    const name = connectionName(socket)
    this.#ofSource.set(source, own.add(socket))
    this.#connections += 1
    this.#strangers.set(name, { socket, sinceMs: performance.now() })
    socket.once('close', () => {
      this.#strangers.delete(name)
      this.#left(own, socket)
      if (own.size === 0 && this.#ofSource.get(source) === own) this.#ofSource.delete(source)
    })
  }

  #left(ofSource: Set<Socket>, socket: Socket): void {
    if (ofSource.delete(socket)) this.#connections -= 1
  }

  /** For one more of a source with so many. At a full port the newest of the source with most gives way to fewer. */
  #hasRoomBeside(own: number): boolean {
    if (this.#connections < this.#limits.connections) return true
    let most = new Set<Socket>()
    for (const sockets of this.#ofSource.values()) if (sockets.size > most.size) most = sockets
    const newest = [...most].at(-1)
    if (newest === undefined || most.size <= own + 1) return false
    this.#left(most, newest)
    newest.destroy()
    return true
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => undefined)
    if (!isWelcome(request)) {
      refuse(socket)
      return
    }
    this.#strangers.delete(connectionName(socket))
    this.#sockets.handleUpgrade(request, socket, head, opened => this.#opened(opened, socket))
  }

  #opened(opened: WebSocket, { remoteAddress, remotePort }: Socket): void {
    const receive = this.#receive
    const stream: WebSocketStream = new WebSocketStream(opened, bytes => receive(bytes, from))
    const from = { address: plainAddress(remoteAddress ?? ''), port: remotePort ?? 0, via: stream }
    this.#streams.add(stream)
    opened.once('close', () => this.#streams.delete(stream))
  }

  #sweep(): void {
    const { handshakeMs, unansweredMs, idleMs, stuckMs } = this.#limits
    const nowMs = performance.now()
    // Twice as long: one for TLS, one for the request.
    for (const { socket, sinceMs } of this.#strangers.values())
      if (nowMs - sinceMs > 2 * handshakeMs) socket.destroy()
    for (const stream of this.#streams) {
      const isVain = !stream.hasSpoken && nowMs - stream.openedMs > unansweredMs
      if (isVain || nowMs - stream.heardMs > idleMs || stream.stuckMs > stuckMs) stream.close()
    }
  }
}

/** Rejects with PORT_IN_USE or CONFIG_INVALID. */
export async function openStreamDoor(
  local: UdpEndpoint,
  receive: Receive,
  certificate?: Certificate,
  limits = LIMITS,
): Promise<StreamDoor> {
  const { WebSocketServer } = await import('ws')
  const server = await createServer(certificate, limits)
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(bindFailure(error, local)))
    server.listen({ host: local.address, port: local.port, ipv6Only: isIPv6(local.address) }, resolve)
  })
  const sockets = new WebSocketServer({
    ...STREAM_OPTIONS,
    ...{ noServer: true, clientTracking: false },
  })
  const door = new WebSocketDoor(server, sockets, receive, limits)
  const { address, port } = server.address() as AddressInfo
  return { local: { address, port }, close: () => door.close() }
}

async function createServer(
  certificate: Certificate | undefined,
  { handshakeMs, sweepMs }: StreamDoorLimits,
): Promise<HttpServer> {
  const options: ServerOptions = {
    ...{ maxHeaderSize: HEADERS_MAX_BYTES, keepAlive: false },
    ...{ headersTimeout: handshakeMs, requestTimeout: handshakeMs, connectionsCheckingInterval: sweepMs },
  }
  if (certificate === undefined) return createHttpServer(options, notFound)
  const { certFile, keyFile } = certificate
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
    return createHttpsServer({ ...options, cert, key, handshakeTimeout: handshakeMs }, notFound)
  } catch (cause) {
    throw new ChatError(
      'CONFIG_INVALID',
      `the certificate ${certFile} with the key ${keyFile} is of no use`,
      {
        cause,
      },
    )
  }
}

function bindFailure(cause: NodeJS.ErrnoException, { address, port }: UdpEndpoint): ChatError {
  const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened: ${cause.message}`
  return new ChatError('PORT_IN_USE', `TCP port ${address}:${port} ${why}`, { cause })
}
