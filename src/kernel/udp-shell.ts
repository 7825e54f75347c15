/**
 * UDP sockets of the machine. One here promises more than node:dgram does: the bytes may be used again as soon as
 * `send` returns, a datagram may have a hop limit of its own, and where the kernel can be asked for it, one that is longer
 * than every path carries arrives whole or not at all. Who asks for it, and has a kernel that takes many
 * datagrams in one call, has them gathered until the turn of the event loop ends.
 */
import { createSocket, type Socket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { ChatError, type UdpEndpoint, type UdpOptions, type UdpSocket } from './api/index.ts'
import { DatagramBatch, type SegmentSender } from './datagram-batch.ts'
import type { KernelReceiver } from './kernel-receiver-shell.ts'
import { findOffload, type Offload, type Valve } from './offload-shell.ts'

/** Asked for; the system grants what it allows. A burst of a hundred thousand texts must find room. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
/** Where the system does not say what it gives to datagrams. */
const USUAL_HOP_LIMIT = 64
const SLOTS = 64
/** An outer datagram is at most 1,500 bytes on the paths that we measure; longer ones are not ours. */
const SLOT_BYTES = 2048
/** Of an IPv4 packet of 1,280 bytes. What is longer arrives whole or not at all: in pieces it would show nothing. */
const EVERYWHERE_BYTES = 1_252

/** How long one turn of the event loop goes on receiving: as long as a disk takes to sync, which then need not wait. */
const TURN_MS = 1
/** Taken with one call when pieces are long: together a quarter of a megabyte, which is a turn. */
const LONG_PIECES = 3

/** What else there is to receive with; what cannot be stopped has no turns, and is not fetched either. */
interface Intake {
  readonly receiver?: KernelReceiver | undefined
  readonly valve?: Valve | undefined
}

const intakeOf = (offload: Offload, socket: Socket): Intake => ({
  receiver: offload.receiverOf(socket),
  valve: offload.valveOf(socket),
})

type Receive = (bytes: Uint8Array, from: UdpEndpoint) => void

type Lookup = (
  host: string,
  options: unknown,
  done: (error: null, address: string, family: number) => void,
) => void

/** Every address here is an address already: answering at once keeps `send` on the caller's stack. */
export const answerAtOnce: Lookup = (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4)

/** What a datagram has that is given none of its own. */
function ownHopLimit(ipv6: boolean): number {
  const path = ipv6 ? '/proc/sys/net/ipv6/conf/default/hop_limit' : '/proc/sys/net/ipv4/ip_default_ttl'
  try {
    return Number.parseInt(readFileSync(path, 'utf8'), 10) || USUAL_HOP_LIMIT
  } catch {
    return USUAL_HOP_LIMIT
  }
}

class ShellSocket implements UdpSocket {
  readonly local: UdpEndpoint
  readonly #socket: Socket
  readonly #batch: DatagramBatch | undefined
  readonly #setWhole: ((isWhole: boolean) => void) | undefined
  #isWhole = false
  /** Made when needed: of hundreds of sockets at a time each sends a few datagrams. */
  readonly #slots: (Buffer | undefined)[] = new Array(SLOTS).fill(undefined)
  #slot = 0
  #ownHopLimit: number | undefined
  #closed: Promise<void> | undefined

  constructor(
    socket: Socket,
    sender: SegmentSender | undefined,
    setWhole: ((isWhole: boolean) => void) | undefined,
  ) {
    this.#socket = socket
    this.#setWhole = setWhole
    const { address, port } = socket.address()
    this.local = { address, port }
    this.#batch =
      sender &&
      new DatagramBatch(sender, isIPv6(address), {
        spill: (bytes, to) => this.#sendAlone(bytes, to),
        leaving: longestBytes => this.#keepWhole(longestBytes > EVERYWHERE_BYTES),
        isSpilling: () => socket.getSendQueueCount() > 0,
        later: run => setImmediate(run),
      })
  }

  send(bytes: Uint8Array, to: UdpEndpoint, hopLimit?: number): void {
    if (this.#closed || bytes.length > SLOT_BYTES) return
    if (hopLimit !== undefined) this.#sendLimited(bytes, to, hopLimit)
    else if (this.#batch?.add(bytes, to) !== true) this.#sendAlone(bytes, to)
  }

  /**
   * A turn of the event loop may take thirty pieces with more than a thousand datagrams. What is sent in answer to one
   * piece does not wait for the others; what came alone is followed by others of its turn, and answered with them. When
   * a turn has taken long, what else has come waits for the next one: timers and disks have theirs in between.
   */
  receiving(receive: Receive, settled: () => void, { receiver, valve }: Intake = {}): Receive {
    let turnStartedMs: number | undefined
    let isShut = false
    // Whoever takes a batch waits for its end, also where the socket was closed in the middle.
    const settle = (): void => {
      settled()
      if (this.#closed === undefined) this.#batch?.flush()
    }
    const endTurn = (): void => {
      turnStartedMs = undefined
      try {
        settle()
      } finally {
        if (isShut && this.#closed === undefined) valve?.open()
        isShut = false
      }
    }
    const take: Receive = (bytes, from) => {
      if (turnStartedMs === undefined) {
        turnStartedMs = performance.now()
        setImmediate(endTurn)
      }
      receive(bytes, from)
      if (bytes.length > SLOT_BYTES) settle()
    }
    if (valve === undefined) return take
    return (bytes, from) => {
      take(bytes, from)
      if (receiver) this.#fetch(receiver, take, bytes.length > SLOT_BYTES ? LONG_PIECES : undefined)
      if (isShut || this.#closed !== undefined) return
      isShut = turnStartedMs !== undefined && performance.now() - turnStartedMs > TURN_MS
      if (isShut) valve.close()
    }
  }

  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    this.#batch?.flush()
    this.#closed = new Promise(resolve => this.#socket.close(() => resolve()))
    return this.#closed
  }

  /**
   * One call between two of libuv's, which comes back for the rest: timers have to wait for no more. Whoever receives
   * may close the socket, and then its descriptor may be somebody else's.
   */
  #fetch(receiver: KernelReceiver, take: Receive, atMost: number | undefined): void {
    const count = this.#closed === undefined ? receiver.receive(atMost) : 0
    for (let piece = 0; piece < count && this.#closed === undefined; piece += 1)
      take(receiver.bytes(piece), receiver.sender(piece))
  }

  /**
   * libuv sends at once if it can, but when the system's buffer is full it keeps a pointer to the bytes, not a
   * copy. So they are copied into a ring, and what would overrun the ring is lost, as UDP may lose it.
   */
  #sendAlone(bytes: Uint8Array, to: UdpEndpoint): void {
    const waiting = this.#socket.getSendQueueCount()
    if (waiting >= SLOTS - 1) return
    if (waiting === 0) this.#keepWhole(bytes.length > EVERYWHERE_BYTES)
    const at = this.#slot
    const slot = (this.#slots[at] ??= Buffer.allocUnsafeSlow(SLOT_BYTES))
    this.#slot = (at + 1) % SLOTS
    slot.set(bytes)
    try {
      this.#socket.send(slot, 0, bytes.length, to.port, to.address)
    } catch {
      // A port or address that no socket can send to came from a stranger's candidate: as good as lost.
    }
  }

  /** This goes for all of a batch: where a long one fits or is lost, the short ones fit. */
  #keepWhole(isWhole: boolean): void {
    if (isWhole === this.#isWhole) return
    this.#isWhole = isWhole
    this.#setWhole?.(isWhole)
  }

  /** The limit is the socket's, so nothing else may leave under it, nor this one later under another. */
  #sendLimited(bytes: Uint8Array, to: UdpEndpoint, hopLimit: number): void {
    this.#batch?.flush()
    if (this.#socket.getSendQueueCount() > 0) return
    this.#ownHopLimit ??= ownHopLimit(isIPv6(this.local.address))
    try {
      this.#socket.setTTL(hopLimit)
    } catch {
      // A limit that no datagram can have.
      return
    }
    this.#sendAlone(bytes, to)
    this.#socket.setTTL(this.#ownHopLimit)
  }
}

function enlarge(socket: Socket): void {
  for (const set of ['setRecvBufferSize', 'setSendBufferSize'] as const) {
    try {
      socket[set](SOCKET_BUFFER_BYTES)
    } catch {
      // Some systems refuse what others only cut down; their own size then has to do.
    }
  }
}

function bindFailure(error: NodeJS.ErrnoException, local: UdpEndpoint): ChatError {
  const place = `${local.address}:${local.port}`
  if (error.code === 'EADDRINUSE')
    return new ChatError('PORT_IN_USE', `UDP port ${place} is in use`, { cause: error })
  return new ChatError('PORT_IN_USE', `UDP port ${place} cannot be opened: ${error.message}`, {
    cause: error,
    hint: 'choose an address and port that this machine may listen on',
  })
}

interface OpenOptions extends UdpOptions {
  readonly offload: boolean
}

/** Rejects with PORT_IN_USE. */
export async function openUdp(
  local: UdpEndpoint,
  receive: Receive,
  options: OpenOptions,
): Promise<UdpSocket> {
  const calls = options.offload ? await findOffload() : undefined
  const offload = options.coalesced ? calls : undefined
  const socket = createSocket({
    type: isIPv6(local.address) ? 'udp6' : 'udp4',
    // One socket a family, so that both can have the same port.
    ipv6Only: isIPv6(local.address),
    lookup: answerAtOnce as never,
  })
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      socket.close()
      reject(bindFailure(error, local))
    }
    socket.once('error', refuse)
    socket.bind(local.port, local.address, () => {
      socket.off('error', refuse)
      // What a network reports about datagrams long gone is no reason to stop listening.
      socket.on('error', () => undefined)
      enlarge(socket)
      offload?.coalesce(socket)
      const opened = new ShellSocket(socket, offload?.senderOf(socket), calls?.wholeOf(socket))
      const { settled = () => undefined } = options
      socket.on('message', opened.receiving(receive, settled, offload && intakeOf(offload, socket)))
      resolve(opened)
    })
  })
}
