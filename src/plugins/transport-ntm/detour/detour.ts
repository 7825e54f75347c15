/**
 * The way to one server through TCP. It opens with the first of several connections that succeeds, and opens again by
 * itself while it is used; datagrams that find it closed are lost, as they would be on any other way.
 */
import type { Clock, DatagramStream, Network, Outlet, UdpEndpoint } from '../../../kernel/api/index.ts'
import {
  BACKOFF_MAX_MS,
  BACKOFF_MIN_MS,
  FIRST_ANSWER_MS,
  IN_USE_MS,
  LAST_RESORT_PORT,
  NEXT_WAY_AFTER_MS,
  STEADY_MS,
} from './limits.ts'

export interface DetourParts {
  readonly clock: Clock
  readonly dial: NonNullable<Network['dial']>
  /** Where the server is by UDP. */
  readonly endpoint: UdpEndpoint
  /** What came, as if by UDP. */
  readonly receive: (bytes: Uint8Array, from: UdpEndpoint) => void
  readonly onOpen: () => void
  /** No connection could be had, and none will be tried before this time is over. */
  readonly onFailed: (pauseMs: number) => void
}

interface Dialing {
  /** Gives up what was begun. */
  readonly stopping: AbortController
  /** Ways that were begun, and those of them that led to nobody. */
  begun: number
  failed: number
}

interface Way {
  readonly port: number
  readonly isTls: boolean
}

const NEVER = Number.NEGATIVE_INFINITY

/** The server's own port first; where only the Web is let through, TLS at its port is most likely to pass. */
const waysTo = (port: number): readonly Way[] => {
  const web = [true, false].map(isTls => ({ port: LAST_RESORT_PORT, isTls }))
  return port === LAST_RESORT_PORT ? web : [{ port, isTls: false }, ...web, { port, isTls: true }]
}

export class Detour implements Outlet {
  readonly endpoint: UdpEndpoint
  readonly #parts: DetourParts
  readonly #ways: readonly Way[]
  #stream: DatagramStream | undefined
  /** What belongs to an older one is of no interest. */
  #dialing: Dialing | undefined
  #isClosed = false
  /** The way to begin with: one that led to nobody comes last. */
  #firstWay = 0
  /** The next pause after a connection that came to nothing, or to little. */
  #pauseMs = 0
  #openedMs = NEVER
  #notBeforeMs = NEVER
  #heardMs = NEVER
  #sentMs = NEVER
  #cancelTimer = (): void => {}

  constructor(parts: DetourParts) {
    const { address, port } = parts.endpoint
    this.#parts = parts
    this.endpoint = { address, port }
    this.#ways = waysTo(port)
  }

  get isOpen(): boolean {
    return this.#stream !== undefined
  }

  /** Monotonic ms. */
  get heardMs(): number {
    return this.#heardMs
  }

  /** The last time that something was sent through it. Monotonic ms. */
  get sentMs(): number {
    return this.#sentMs
  }

  /** Begins to open it, unless that is being done, or has just failed. */
  open(): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (this.#isClosed || this.#dialing !== undefined || this.isOpen || nowMs < this.#notBeforeMs) return
    this.#dialing = { stopping: new AbortController(), begun: 0, failed: 0 }
    this.#tryNext(this.#dialing)
  }

  send(bytes: Uint8Array): void {
    this.#sentMs = this.#parts.clock.monotonicMs()
    if (this.#stream === undefined) this.open()
    else this.#stream.send(bytes, this.endpoint)
  }

  /** What is open may lead nowhere any more. */
  renew(): void {
    this.#drop()
    this.open()
  }

  /** It is not needed any more; what is on its way through it still arrives. */
  retire(): void {
    this.#isClosed = true
    if (!this.isOpen) this.#drop()
  }

  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  #drop(): void {
    this.#cancelTimer()
    this.#dialing?.stopping.abort()
    this.#dialing = undefined
    const stream = this.#stream
    this.#stream = undefined
    if (stream === undefined) return
    if (this.#hasAnswered && this.#parts.clock.monotonicMs() - this.#openedMs >= STEADY_MS) this.#pauseMs = 0
    stream.close()
  }

  /** Begins with one more way. */
  #tryNext(dialing: Dialing): void {
    const { clock, dial } = this.#parts
    const step = dialing.begun
    const index = (this.#firstWay + step) % this.#ways.length
    const next = (): void => {
      this.#cancelTimer()
      if (this.#dialing === dialing && dialing.begun < this.#ways.length) this.#tryNext(dialing)
    }
    dialing.begun += 1
    this.#cancelTimer = clock.after(NEXT_WAY_AFTER_MS, next)
    let own: DatagramStream | undefined
    const isOwn = (): boolean => own !== undefined && this.#stream === own
    const onDatagram = (bytes: Uint8Array): void => {
      if (isOwn()) this.#received(bytes)
    }
    const onClosed = (): void => {
      if (isOwn()) this.#ended()
    }
    dial(
      { address: this.endpoint.address, ...this.#ways[index]! },
      { onDatagram, onClosed },
      dialing.stopping.signal,
    ).then(
      stream => {
        if (this.#dialing !== dialing) return stream.close()
        own = stream
        this.#opened(stream, index)
      },
      () => {
        dialing.failed += 1
        if (this.#dialing !== dialing) return
        if (dialing.failed === this.#ways.length) this.#failed()
        else if (dialing.begun === step + 1) next()
      },
    )
  }

  #opened(stream: DatagramStream, way: number): void {
    const { clock, onOpen } = this.#parts
    this.#cancelTimer()
    this.#dialing?.stopping.abort()
    this.#dialing = undefined
    this.#stream = stream
    this.#firstWay = way
    this.#openedMs = clock.monotonicMs()
    this.#cancelTimer = clock.after(FIRST_ANSWER_MS, () => {
      if (!this.#hasAnswered) this.#leadsToNobody()
    })
    onOpen()
  }

  #received(bytes: Uint8Array): void {
    this.#heardMs = this.#parts.clock.monotonicMs()
    this.#parts.receive(bytes, this.endpoint)
  }

  /** Whether something has come through the connection that is open. */
  get #hasAnswered(): boolean {
    return this.#heardMs >= this.#openedMs
  }

  /** The other side has ended it, or it broke: once that is no reason to wait, soon again it is. */
  #ended(): void {
    if (!this.#hasAnswered) {
      this.#leadsToNobody()
      return
    }
    this.#drop()
    const { clock } = this.#parts
    const pauseMs = this.#takePause(0)
    if (clock.monotonicMs() - this.#sentMs >= IN_USE_MS) return
    if (pauseMs === 0) this.open()
    else this.#cancelTimer = clock.after(pauseMs, () => this.open())
  }

  /** It was taken, and not answered. */
  #leadsToNobody(): void {
    this.#firstWay = (this.#firstWay + 1) % this.#ways.length
    this.#failed()
  }

  #failed(): void {
    this.#drop()
    this.#parts.onFailed(this.#takePause(BACKOFF_MIN_MS))
  }

  /** Nothing is tried for so long, and for twice as long next time. */
  #takePause(leastMs: number): number {
    const pauseMs = Math.max(leastMs, this.#pauseMs)
    this.#notBeforeMs = this.#parts.clock.monotonicMs() + pauseMs
    this.#pauseMs = Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_MIN_MS, 2 * pauseMs))
    return pauseMs
  }
}
