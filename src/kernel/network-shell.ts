/**
 * The machine's own network: UDP sockets, its addresses and its name service. A socket here promises more than
 * node:dgram does: the bytes may be used again as soon as `send` returns.
 */
import { createSocket, type Socket } from 'node:dgram'
import { lookup, Resolver } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ChatError, type Network, type UdpEndpoint, type UdpSocket } from './api/index.ts'

/** Asked for; the system grants what it allows. A burst of a hundred thousand texts must find room. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
/** How often the own addresses are looked at. */
const WATCH_MS = 200
/** RFC 863; nothing is sent there. */
const DISCARD_PORT = 9
const SLOTS = 64
/** An outer datagram is at most 1,500 bytes on the paths that we measure; longer ones are not ours. */
const SLOT_BYTES = 2048

type Lookup = (
  host: string,
  options: unknown,
  done: (error: null, address: string, family: number) => void,
) => void

/** Every address here is an address already: answering at once keeps `send` on the caller's stack. */
const answerAtOnce: Lookup = (host, _options, done) => done(null, host, isIPv6(host) ? 6 : 4)

class ShellSocket implements UdpSocket {
  readonly local: UdpEndpoint
  readonly #socket: Socket
  readonly #slots = Array.from({ length: SLOTS }, () => Buffer.allocUnsafeSlow(SLOT_BYTES))
  #slot = 0
  #closed: Promise<void> | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    const { address, port } = socket.address()
    this.local = { address, port }
  }

  /**
   * libuv sends at once if it can, but when the system's buffer is full it keeps a pointer to the bytes, not a
   * copy. So they are copied into a ring, and what would overrun the ring is lost, as UDP may lose it.
   */
  send(bytes: Uint8Array, to: UdpEndpoint): void {
    if (this.#closed || bytes.length > SLOT_BYTES || this.#socket.getSendQueueCount() >= SLOTS - 1) return
    const slot = this.#slots[this.#slot]!
    this.#slot = (this.#slot + 1) % SLOTS
    slot.set(bytes)
    try {
      this.#socket.send(slot, 0, bytes.length, to.port, to.address)
    } catch {
      // A port or address that no socket can send to came from a stranger's candidate: as good as lost.
    }
  }

  close(): Promise<void> {
    this.#closed ??= new Promise(resolve => this.#socket.close(() => resolve()))
    return this.#closed
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

function openUdp(
  local: UdpEndpoint,
  receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
): Promise<UdpSocket> {
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
      socket.on('message', receive)
      resolve(new ShellSocket(socket))
    })
  })
}

const isOutside = (address: string, internal: boolean): boolean => !internal && !address.startsWith('fe80:')

/** The answer of a name service, or nothing: absent names and dead servers are both "no records". */
const recordsOf = async <T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> => {
  try {
    return await ask()
  } catch {
    return []
  }
}

const addressesBySystem = async (host: string): Promise<readonly string[]> =>
  (await recordsOf(() => lookup(host, { all: true }))).map(({ address }) => address)

/** What the system's own routing says, asked by connecting a socket that never sends. */
const sourceTowards = (address: string): Promise<string | undefined> =>
  new Promise(resolve => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: answerAtOnce as never })
    const done = (source: string | undefined): void => {
      socket.close()
      resolve(source)
    }
    socket.once('error', () => done(undefined))
    socket.connect(DISCARD_PORT, address, () => done(socket.address().address))
  })

/** Any address of the Internet will do: what counts is by which of its own the system would go there (RFC 5737). */
const FAR_AWAY = ['192.0.2.1', '2001:db8::1']

const localAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap(all =>
    (all ?? []).filter(({ address, internal }) => isOutside(address, internal)).map(({ address }) => address),
  )

/** Node has no event for it. Asking costs 0.1 ms, so it is done often enough that nobody waits for the answer. */
const watch = (changed: () => void): (() => void) => {
  let known: string | undefined
  const look = async (): Promise<void> => {
    const sources = await Promise.all(FAR_AWAY.map(sourceTowards))
    const now = JSON.stringify([localAddresses(), sources])
    const isNews = known !== undefined && known !== now
    known = now
    if (isNews) changed()
  }
  void look()
  const timer = setInterval(look, WATCH_MS)
  timer.unref()
  return () => clearInterval(timer)
}

/** `nameServers`: `address` or `address:port`; without it the system's own. */
export function systemNetwork(nameServers?: readonly string[]): Network {
  const resolver = new Resolver()
  if (nameServers !== undefined) resolver.setServers(nameServers)
  return {
    udp: openUdp,
    localAddresses,
    watch,
    sourceTowards,
    addresses: async host => {
      if (isIP(host) !== 0) return [host]
      // The system's own way also reads its table of hosts.
      if (nameServers === undefined) return addressesBySystem(host)
      const [v4, v6] = await Promise.all([
        recordsOf(() => resolver.resolve4(host)),
        recordsOf(() => resolver.resolve6(host)),
      ])
      return [...v4, ...v6]
    },
    srv: async name => {
      const records = await recordsOf(() => resolver.resolveSrv(name))
      return records.map(({ name: host, port, priority, weight }) => ({ host, port, priority, weight }))
    },
    txt: async name => (await recordsOf(() => resolver.resolveTxt(name))).map(parts => parts.join('')),
  }
}
