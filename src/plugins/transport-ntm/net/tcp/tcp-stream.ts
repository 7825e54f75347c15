/**
 * A connection as the duplex stream that Node people know: a write is done when there is room, reading moves the
 * window on, `end` is the FIN, `destroy` breaks off, and each half closes on its own.
 */
import { Duplex } from 'node:stream'
import { ChatError } from '../../../../kernel/api/errors.ts'
import type { PeerStream } from '../../../../kernel/api/index.ts'
import { formatAddress } from '../../../../wire/ip-address.ts'
import type { VirtualAddress } from '../address.ts'
import type { OnStream, Streams } from '../stream.ts'
import type { Broken, Connection, ConnectionUser } from './connection.ts'
import { CONNECT_TIMEOUT_MS, USER_TIMEOUT_MS } from './limits.ts'
import type { OpenRefusal, Tcp } from './tcp.ts'

/** What the stream itself holds of what is written, beside the queue of the connection. */
const WRITABLE_BYTES = 64 * 1024
/** Of what is read it holds one chunk: Node joins several of them into a fresh one for whoever iterates. */
const READABLE_BYTES = 1

const SENTENCES: Readonly<Record<Broken, (place: string) => string>> = {
  refused: place => `nobody listens on ${place}`,
  unanswered: place => `${place} did not answer for ${CONNECT_TIMEOUT_MS / 1000} s`,
  reset: place => `${place} broke off`,
  aborted: place => `the stream to ${place} was broken off here`,
  silent: place => `${place} has acknowledged nothing for ${USER_TIMEOUT_MS / 1000} s`,
}

const REFUSALS: Readonly<Record<OpenRefusal, (place: string) => string>> = {
  'no-own-address': place => `this device has no address from which to reach ${place}`,
  'bad-port': place => `${place} is no place: there is no such port`,
  'too-many': place => `there are too many connections already to open one to ${place}`,
  closed: place => `there is no connection to ${place} any more: this device has closed them all`,
}

const placeOf = (address: VirtualAddress, port: number): string => `[${formatAddress(address)}]:${port}`

type Done = (error?: Error | null) => void

class TcpStream extends Duplex implements ConnectionUser, PeerStream {
  #connection: Connection | undefined
  readonly #tcp: Tcp
  readonly #place: string
  /** A write that waits for room: what is left of it. */
  #rest: Uint8Array | undefined
  #onWritten: Done | undefined
  #onFinAcked: Done | undefined
  #isReading = false
  #isReadOut = false
  whenEstablished: (() => void) | undefined

  constructor(tcp: Tcp, place: string) {
    super({
      readableHighWaterMark: READABLE_BYTES,
      writableHighWaterMark: WRITABLE_BYTES,
      allowHalfOpen: true,
    })
    this.#tcp = tcp
    this.#place = place
    // What breaks off between being established and being held has no listener yet, and would end the process.
    this.on('error', () => undefined)
  }

  use(connection: Connection): void {
    this.#connection = connection
  }

  onEstablished(): void {
    this.whenEstablished?.()
  }

  onReadable(): void {
    const connection = this.#connection
    if (connection === undefined) return
    const nowMs = this.#tcp.now()
    while (this.#isReading) {
      const view = connection.read(nowMs)
      if (view === undefined) break
      this.#isReading = this.push(view)
    }
    if (!connection.incoming.isReadOut || this.#isReadOut) return
    this.#isReadOut = true
    this.push(null)
  }

  onRoom(): void {
    if (this.#connection?.outgoing.isFinAcked) this.#finished()
    else if (this.#rest !== undefined) this.#writeRest()
  }

  onOver(why: Broken | undefined): void {
    if (why === undefined) this.#finished()
    else this.destroy(new ChatError('PEER_UNREACHABLE', SENTENCES[why](this.#place)))
  }

  giveBack(chunk: Uint8Array): void {
    this.#connection?.giveBack(chunk)
  }

  override _read(): void {
    this.#isReading = true
    // What it holds has not been taken yet, and would be joined with what comes now.
    if (this.readableLength === 0) this.onReadable()
    else process.nextTick(() => this.onReadable())
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#rest = chunk
    this.#onWritten = done
    this.#writeRest()
  }

  override _final(done: Done): void {
    this.#onFinAcked = done
    this.#connection!.finish(this.#tcp.now())
  }

  override _destroy(error: Error | null, done: Done): void {
    const connection = this.#connection
    const leftNothing = error === null && this.readableEnded && this.writableLength === 0
    this.#connection = undefined
    if (leftNothing) connection?.forsake(this.#tcp.now())
    else connection?.abort()
    this.#onWritten?.(error ?? new ChatError('PEER_UNREACHABLE', SENTENCES.aborted(this.#place)))
    done(error)
  }

  #finished(): void {
    const done = this.#onFinAcked
    this.#onFinAcked = undefined
    done?.()
  }

  #writeRest(): void {
    const connection = this.#connection!
    const rest = this.#rest!
    const room = Math.max(0, connection.outgoing.roomBytes)
    const now = rest.length <= room ? rest : rest.subarray(0, room)
    if (now.length > 0) connection.write(now, this.#tcp.now())
    if (now.length < rest.length) {
      this.#rest = rest.subarray(now.length)
      return
    }
    this.#rest = undefined
    const done = this.#onWritten
    this.#onWritten = undefined
    done?.()
  }
}

/** Rejects unless the connection is established, and has not broken off in the same batch. */
const connect = async (tcp: Tcp, to: VirtualAddress, port: number): Promise<Duplex> => {
  const place = placeOf(to, port)
  const stream = new TcpStream(tcp, place)
  const opened = tcp.open(to, port, stream)
  if (!opened.ok) throw new ChatError('PEER_UNREACHABLE', REFUSALS[opened.why](place))
  stream.use(opened.value)
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject)
    stream.whenEstablished = () => {
      stream.off('error', reject)
      resolve()
    }
  })
  if (stream.errored !== null) throw stream.errored
  return stream
}

/** The streams of one device over its TCP. */
export const tcpStreams = (tcp: Tcp): Streams => ({
  connect: (to, port) => connect(tcp, to, port),
  listen: (port: number, onStream: OnStream) =>
    tcp.listen(port, connection => {
      const stream = new TcpStream(tcp, placeOf(connection.remote, connection.remotePort))
      stream.use(connection)
      stream.whenEstablished = () => onStream(stream, connection.remote)
      return stream
    }),
})
