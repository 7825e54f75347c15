/**
 * Which servers are spoken to through TCP, because UDP does not get there. A server that was silent gets a detour as
 * soon as a connection to it opens; UDP is tried again all the while, and the first answer by it ends the detour. That
 * UDP was blocked last time is remembered, so that the next server need not be silent first.
 */
import type { Clock, Network, Outlet, UdpEndpoint } from '../../../kernel/api/index.ts'
import { samePlace } from '../tunnel/endpoint.ts'
import { Detour } from './detour.ts'
import {
  DETOURS_MAX,
  LINGER_MS,
  STALE_MS,
  UDP_AGAIN_MAX_MS,
  UDP_AGAIN_MIN_MS,
  UNUSED_MS,
  VERDICT_MS,
} from './limits.ts'

export interface DetoursParts {
  readonly clock: Clock
  readonly dial: NonNullable<Network['dial']>
  /** A datagram that came through a connection, as if from the server's socket. */
  readonly receive: (bytes: Uint8Array, from: UdpEndpoint) => void
  /** Asks a server something by UDP; `answered` is called if it answers. */
  readonly askByUdp: (endpoint: UdpEndpoint) => void
  /** From now on datagrams to this server go another way than before. */
  readonly onRerouted: (endpoint: UdpEndpoint, by: 'tcp' | 'udp') => void
  /** UDP does not get through, or does again; first noticed at this server. */
  readonly onBlocked: (isBlocked: boolean, endpoint: UdpEndpoint) => void
  /** One server is not reached by UDP, though others were: whoever can should ask one of those now. */
  readonly onDoubt: () => void
}

interface Entry {
  readonly detour: Detour
  /** Datagrams take it. */
  isTaken: boolean
  /** When somebody asked for it last. */
  soughtMs: number
  pauseMs: number
  cancelAsking: () => void
  cancelRetry: () => void
  /** Undefined while none is waited for. */
  cancelVerdict: (() => void) | undefined
}

const NEVER = Number.NEGATIVE_INFINITY

export class Detours {
  readonly #parts: DetoursParts
  #entries: readonly Entry[] = []
  /** With the end of its time. */
  readonly #retired = new Map<Detour, () => void>()
  #isClosed = false
  #isBlocked = false
  /** Others know that it is blocked. */
  #isTold = false
  /** Since this host has been where it is. */
  #heardByUdpMs = NEVER

  constructor(parts: DetoursParts) {
    this.#parts = parts
  }

  /** Whether the next server that is silent should be looked for another way soon. */
  get isExpected(): boolean {
    return this.#isBlocked
  }

  /** Whether UDP was asked, and waited for, in vain. */
  get isBlocked(): boolean {
    return this.#isTold
  }

  /** Whether that is being found out. */
  get isUndecided(): boolean {
    return this.#entries.some(({ cancelVerdict }) => cancelVerdict !== undefined)
  }

  /** Whether any server is spoken to through TCP. */
  get isAnyTaken(): boolean {
    return this.#entries.some(({ isTaken }) => isTaken)
  }

  /** What datagrams to this place take instead of the socket. Nothing is made, for it is asked with every packet. */
  to(endpoint: UdpEndpoint): Outlet | undefined {
    for (const { isTaken, detour } of this.#entries)
      if (isTaken && samePlace(detour.endpoint, endpoint)) return detour
    return undefined
  }

  /** Something is sent to a server: where UDP is blocked, its silence need not be waited for. */
  foresee(endpoint: UdpEndpoint): void {
    if (this.#isBlocked && this.#find(endpoint) === undefined) this.seek(endpoint)
  }

  /** A server does not answer. */
  seek(endpoint: UdpEndpoint): void {
    const entry = this.#find(endpoint) ?? this.#add(endpoint)
    if (entry === undefined) return
    const { detour } = entry
    const nowMs = this.#parts.clock.monotonicMs()
    entry.soughtMs = nowMs
    if (detour.isOpen && nowMs - detour.heardMs > STALE_MS) detour.renew()
    else detour.open()
  }

  /** A server has answered by UDP. */
  answered(endpoint: UdpEndpoint): void {
    const entry = this.#find(endpoint)
    if (entry === undefined) return
    this.#entries = this.#entries.filter(each => each !== entry)
    this.#retire(entry)
    this.#heardByUdpMs = this.#parts.clock.monotonicMs()
    this.#isBlocked = false
    if (this.#isTold) this.#parts.onBlocked(false, endpoint)
    this.#isTold = false
    for (const other of this.#entries) this.#askAnew(other)
    if (entry.isTaken) this.#parts.onRerouted(endpoint, 'udp')
  }

  /** Something came from a server by the way that is taken to it. */
  heardFrom(endpoint: UdpEndpoint): void {
    const entry = this.#find(endpoint)
    if (entry?.isTaken === true) return
    this.#heardByUdpMs = this.#parts.clock.monotonicMs()
    if (entry !== undefined) this.answered(endpoint)
  }

  /** This host is somewhere else: connections are of the past, and UDP may get through there. */
  moved(): void {
    this.#heardByUdpMs = NEVER
    for (const entry of this.#entries) {
      if (!entry.isTaken) continue
      this.#askAnew(entry)
      entry.detour.renew()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const entry of this.#entries) this.#end(entry)
    this.#entries = []
    for (const end of this.#retired.values()) end()
  }

  #find(endpoint: UdpEndpoint): Entry | undefined {
    return this.#entries.find(({ detour }) => samePlace(detour.endpoint, endpoint))
  }

  #add(endpoint: UdpEndpoint): Entry | undefined {
    if (this.#isClosed) return undefined
    const idle = this.#entries.length < DETOURS_MAX ? undefined : this.#entries.find(each => !each.isTaken)
    if (this.#entries.length >= DETOURS_MAX && idle === undefined) return undefined
    if (idle !== undefined) this.#forget(idle)
    const { clock, dial, receive } = this.#parts
    const detour = new Detour({
      ...{ clock, dial, endpoint, receive },
      onOpen: () => this.#opened(entry),
      onFailed: pauseMs => this.#failed(entry, pauseMs),
    })
    const entry: Entry = {
      detour,
      isTaken: false,
      soughtMs: NEVER,
      pauseMs: UDP_AGAIN_MIN_MS,
      cancelAsking: () => {},
      cancelRetry: () => {},
      cancelVerdict: undefined,
    }
    this.#entries = [...this.#entries, entry]
    return entry
  }

  #opened(entry: Entry): void {
    const { endpoint } = entry.detour
    if (!entry.isTaken) {
      entry.isTaken = true
      entry.pauseMs = UDP_AGAIN_MIN_MS
      this.#askLater(entry)
    }
    if (!this.#isBlocked) this.#suspect(entry)
    this.#parts.onRerouted(endpoint, 'tcp')
  }

  /** Is it this server alone? Has it only been away until now? */
  #suspect(entry: Entry): void {
    const { clock, onDoubt, onBlocked } = this.#parts
    const { endpoint } = entry.detour
    const sinceMs = clock.monotonicMs()
    entry.cancelVerdict ??= clock.after(VERDICT_MS, () => {
      entry.cancelVerdict = undefined
      if (this.#heardByUdpMs > sinceMs || !entry.isTaken) return
      this.#isBlocked = true
      if (!this.#isTold) onBlocked(true, endpoint)
      this.#isTold = true
    })
    // Where nobody has ever answered by UDP the next server is not waited for.
    if (this.#heardByUdpMs === NEVER) this.#isBlocked = true
    else onDoubt()
  }

  /** Neither this way nor, as far as is known, by UDP; both are tried again. */
  #failed(entry: Entry, pauseMs: number): void {
    entry.isTaken = false
    this.#quiet(entry)
    if (!this.#isBlocked) return
    entry.cancelRetry = this.#parts.clock.after(pauseMs, () => entry.detour.open())
    this.#askLater(entry)
  }

  /** UDP may have come back: it is asked as often as at the beginning. */
  #askAnew(entry: Entry): void {
    entry.pauseMs = UDP_AGAIN_MIN_MS
    this.#ask(entry)
  }

  #ask(entry: Entry): void {
    this.#parts.askByUdp(entry.detour.endpoint)
    this.#askLater(entry)
  }

  #askLater(entry: Entry): void {
    entry.cancelAsking()
    entry.cancelAsking = this.#parts.clock.after(entry.pauseMs, () => {
      if (this.#isUsed(entry)) this.#ask(entry)
      else this.#forget(entry)
    })
    entry.pauseMs = Math.min(UDP_AGAIN_MAX_MS, entry.pauseMs * 2)
  }

  #isUsed({ soughtMs, detour }: Entry): boolean {
    return this.#parts.clock.monotonicMs() - Math.max(soughtMs, detour.sentMs) < UNUSED_MS
  }

  /** Whoever needs it again will ask for it. */
  #forget(entry: Entry): void {
    this.#entries = this.#entries.filter(each => each !== entry)
    this.#end(entry)
  }

  #quiet(entry: Entry): void {
    entry.cancelAsking()
    entry.cancelRetry()
    entry.cancelVerdict?.()
    entry.cancelVerdict = undefined
  }

  #end(entry: Entry): void {
    this.#quiet(entry)
    entry.detour.close()
  }

  #retire(entry: Entry): void {
    const { detour } = entry
    this.#quiet(entry)
    detour.retire()
    const end = (): void => {
      cancel()
      detour.close()
      this.#retired.delete(detour)
    }
    const cancel = this.#parts.clock.after(LINGER_MS, end)
    this.#retired.set(detour, end)
  }
}
