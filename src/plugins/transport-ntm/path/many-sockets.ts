/**
 * Our side of meeting by chance, where our NAT gives every flow another port: many sockets are opened towards the one
 * place where the peer is, and the peer is told where about they come out. With 256 of them some 200 guesses find one
 * (danderson/nat-birthday-paradox); where the NAT counts, or has a small block, far fewer do.
 */
import { ChatError, type Clock, type RelayClient, type UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { ExtraSocket } from '../extra-socket.ts'
import {
  NAT_RANDOM_FOR_MS,
  OPENER_HOPS,
  PORT_SAMPLE_TIMEOUT_MS,
  PORT_SAMPLES,
  SOCKETS_ANYWHERE,
  SOCKETS_COUNTED,
  SOCKETS_IN_BLOCK,
} from './limits.ts'
import { ANY_PORT, isCounted, type PortSpan, predictPorts } from './port-model.ts'

const ANY_IPV4 = '0.0.0.0'

export interface ManySocketsParts {
  readonly clock: Clock
  readonly carrier: Carrier
  readonly relays: RelayClient | undefined
}

/** Sockets that are open towards a peer, and where they come out. */
export interface Opened {
  readonly sockets: readonly ExtraSocket[]
  readonly span: PortSpan
}

export class ManySockets {
  readonly #parts: ManySocketsParts
  #randomSinceMs = Number.NEGATIVE_INFINITY
  /** All that are open, whoever has them, and those that are being opened. */
  readonly #open = new Set<ExtraSocket>()
  readonly #opening = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(parts: ManySocketsParts) {
    this.#parts = parts
  }

  /** Opens them towards each of the places. Whoever asks closes them. */
  async open(towards: readonly UdpEndpoint[]): Promise<Opened> {
    const { clock } = this.#parts
    const isRandom = clock.monotonicMs() - this.#randomSinceMs < NAT_RANDOM_FOR_MS
    const samples = isRandom ? [] : await this.#sockets(PORT_SAMPLES)
    const ports = await this.#portsOf(samples)
    const kind = predictPorts(ports)
    if (kind === ANY_PORT && ports.length > 0) this.#randomSinceMs = clock.monotonicMs()
    const wanted = kind === ANY_PORT ? SOCKETS_ANYWHERE : isCounted(kind) ? SOCKETS_COUNTED : SOCKETS_IN_BLOCK
    // What counts on must not have been used for anything else meanwhile.
    const fresh = await this.#sockets(wanted - (kind === ANY_PORT ? samples.length : 0))
    const sockets = kind === ANY_PORT ? [...samples, ...fresh] : fresh
    if (kind !== ANY_PORT) for (const socket of samples) void socket.close()
    this.#knock(sockets, towards)
    return { sockets, span: kind }
  }

  /** One, whose port a relay has seen: a NAT that maps independently of the endpoint keeps it towards the places. */
  async openOne(towards: readonly UdpEndpoint[]): Promise<Opened> {
    const sockets = await this.#sockets(1)
    const [first] = await this.#portsOf(sockets)
    if (first === undefined) {
      for (const socket of sockets) void socket.close()
      throw new ChatError('PEER_UNREACHABLE', 'no relay saw the fresh socket')
    }
    this.#knock(sockets, towards)
    return { sockets, span: { first, step: 1, count: 1 } }
  }

  /** Closes all of them; resolves when none is open or being opened, and no other will be. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#opening, ...[...this.#open].map(socket => socket.close())])
  }

  #knock(sockets: readonly ExtraSocket[], towards: readonly UdpEndpoint[]): void {
    for (const socket of sockets) for (const place of towards) socket.knock(place, OPENER_HOPS)
  }

  async #sockets(count: number): Promise<readonly ExtraSocket[]> {
    const opening = Array.from({ length: count }, () => {
      const socket = this.#socket().catch(() => undefined)
      this.#opening.add(socket)
      return socket.finally(() => this.#opening.delete(socket))
    })
    return (await Promise.all(opening)).filter(socket => socket !== undefined)
  }

  async #socket(): Promise<ExtraSocket | undefined> {
    if (this.#isClosed) return undefined
    const { outlet, knock, close } = await this.#parts.carrier.extraSocket(ANY_IPV4)
    const socket: ExtraSocket = {
      ...{ outlet, knock },
      close: () => {
        this.#open.delete(socket)
        return close()
      },
    }
    if (this.#isClosed) await close()
    else this.#open.add(socket)
    return this.#isClosed ? undefined : socket
  }

  /** Where a relay sees each of them, in the order they were opened; what it does not see is left out. */
  async #portsOf(sockets: readonly ExtraSocket[]): Promise<readonly number[]> {
    const { relays } = this.#parts
    const seen = relays
      ?.measurements()
      .find(({ observed }) => observed !== undefined && !observed.address.includes(':'))
    if (relays === undefined || seen === undefined) return []
    const asked = sockets.map(({ outlet }) => relays.observe(seen.endpoint, outlet, PORT_SAMPLE_TIMEOUT_MS))
    return (await Promise.all(asked)).filter(observed => observed !== undefined).map(({ port }) => port)
  }
}
