/**
 * The network as one plugin sees it. Every receiver and watcher that it hands in runs inside its fence, and what it
 * opened is closed when it has left the house.
 */
import type { ChatError } from './api/errors.ts'
import type { DatagramStream, Network, NetworkChange, StreamDoor, UdpSocket } from './api/tokens.ts'
import type { Fence } from './fence.ts'

const MOVE = 'the watcher given to Network.watch'
const MAPPED = 'the watcher given to Network.mapPort'
const NOTICE = 'the listener given to Network.lan'
const DATAGRAM = 'the receiver given to Network.udp'
const SETTLED = 'settled of a socket of Network'
const STREAM_DATAGRAM = 'the receiver of a stream of Network'
const STREAM_CLOSED = 'onClosed of a stream of Network'

export class NetworkFace {
  readonly #network: Network
  readonly #fence: Fence
  readonly #gone: () => ChatError
  readonly #watches = new Set<() => unknown>()
  readonly #open = new Set<UdpSocket | StreamDoor | DatagramStream>()
  #hasLeft = false

  /** `gone`: what somebody hears who has left the house. */
  constructor(network: Network, fence: Fence, gone: () => ChatError) {
    this.#network = network
    this.#fence = fence
    this.#gone = gone
  }

  get network(): Network {
    const network = this.#network
    const { dial, listenStreams } = network
    return {
      udp: (...asked) => this.#udp(...asked),
      ...(dial && { dial: (...asked) => this.#dial(dial.bind(network), ...asked) }),
      ...(listenStreams && {
        listenStreams: (...asked) => this.#listenStreams(listenStreams.bind(network), ...asked),
      }),
      localAddresses: () => network.localAddresses(),
      watch: changed => this.#watch(changed),
      sourceTowards: address => network.sourceTowards(address),
      addresses: host => network.addresses(host),
      srv: name => network.srv(name),
      txt: name => network.txt(name),
      ...this.#surroundings(),
    }
  }

  /** A network without them leaves its face without them. */
  #surroundings(): Pick<Network, 'mapPort' | 'lan'> {
    const { mapPort, lan } = this.#network
    const withMapping: Network['mapPort'] = (port, changed) => {
      this.#mustBeHere()
      const stop = mapPort!.call(this.#network, port, state =>
        this.#fence.shield(MAPPED, () => changed(state)),
      )
      return this.#until(stop)
    }
    const withLan: Network['lan'] = hear => {
      this.#mustBeHere()
      const channel = lan!.call(this.#network, (notice, address) =>
        this.#fence.shield(NOTICE, () => hear(notice, address)),
      )
      const close = this.#until(() => channel?.close())
      return channel && { announce: notice => channel.announce(notice), close }
    }
    return {
      ...(mapPort === undefined ? {} : { mapPort: withMapping }),
      ...(lan === undefined ? {} : { lan: withLan }),
    }
  }

  #mustBeHere(): void {
    if (this.#hasLeft) throw this.#gone()
  }

  /** To be called by the plugin, or when it has left. */
  #until<T>(stop: () => T): () => T {
    const cancel = (): T => {
      this.#watches.delete(cancel)
      return stop()
    }
    this.#watches.add(cancel)
    return cancel
  }

  async end(): Promise<void> {
    this.#hasLeft = true
    for (const stop of this.#watches) stop()
    await Promise.allSettled([...this.#open].map(async opened => opened.close()))
  }

  #watch(changed: (change: NetworkChange) => void): () => void {
    this.#mustBeHere()
    return this.#until(this.#network.watch(change => this.#fence.shield(MOVE, () => changed(change))))
  }

  /** One closure a socket and none a datagram. */
  async #udp(...[local, receive, options]: Parameters<Network['udp']>): Promise<UdpSocket> {
    const passOn: typeof receive = (bytes, from) => this.#fence.pass(DATAGRAM, receive, bytes, from)
    const { settled } = options ?? {}
    const fenced = settled && { settled: () => this.#fence.pass(SETTLED, settled, undefined, undefined) }
    const socket = await this.#keep(() => this.#network.udp(local, passOn, { ...options, ...fenced }))
    return {
      local: socket.local,
      send: (bytes, to, hopLimit) => socket.send(bytes, to, hopLimit),
      close: () => this.#close(socket),
    }
  }

  async #dial(
    dial: NonNullable<Network['dial']>,
    ...[target, events, signal]: Parameters<NonNullable<Network['dial']>>
  ): Promise<DatagramStream> {
    const fence = this.#fence
    let kept: DatagramStream | undefined
    const onDatagram = (bytes: Uint8Array): void =>
      fence.pass(STREAM_DATAGRAM, events.onDatagram, bytes, undefined)
    const onClosed = (): void => {
      if (kept !== undefined) this.#open.delete(kept)
      fence.shield(STREAM_CLOSED, events.onClosed)
    }
    const stream = await this.#keep(() => dial(target, { onDatagram, onClosed }, signal))
    kept = stream
    return { send: (bytes, to) => stream.send(bytes, to), close: () => void this.#close(stream) }
  }

  async #listenStreams(
    listenStreams: NonNullable<Network['listenStreams']>,
    ...[local, receive, certificate]: Parameters<NonNullable<Network['listenStreams']>>
  ): Promise<StreamDoor> {
    const passOn: typeof receive = (bytes, from) => this.#fence.pass(STREAM_DATAGRAM, receive, bytes, from)
    const door = await this.#keep(() => listenStreams(local, passOn, certificate))
    return { local: door.local, close: () => this.#close(door) }
  }

  async #keep<T extends UdpSocket | StreamDoor | DatagramStream>(open: () => Promise<T>): Promise<T> {
    this.#mustBeHere()
    const opened = await open()
    if (this.#hasLeft) {
      await opened.close()
      throw this.#gone()
    }
    this.#open.add(opened)
    return opened
  }

  async #close(opened: UdpSocket | StreamDoor | DatagramStream): Promise<void> {
    this.#open.delete(opened)
    await opened.close()
  }
}
