/**
 * All transports as one. Protocols bind a virtual port once and send to a device; which transport carries is
 * decided here, per datagram, by who has a path at the moment.
 */
import { type Observable, Subject } from 'rxjs'
import type { DeviceId } from '../events/ids.ts'
import { type Link, type PeerCard, type Peers, People, type Transport } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'

export type Receive = (from: DeviceId, bytes: Uint8Array) => void

/** A transport in use: what of ours hangs on it, and which of its links are up. */
interface Line {
  readonly contributed: Contributed<'transport'>
  readonly up: Map<DeviceId, Link>
  readonly unbind: Map<number, () => void>
  unsubscribe: () => void
}

const downOf = (link: Link): Link => ({ ...link, up: false, path: undefined, rttMs: undefined })

/** The card of a device, by whatever plugin knows the people here. */
const cardByPeople =
  (contributions: LiveContributions) =>
  (device: DeviceId): PeerCard | undefined => {
    const service = contributions.contributions('service').find(({ token }) => token.id === People.id)
    return (service?.value as People | undefined)?.card(device)
  }

export class PeerSwitch implements Peers {
  readonly #contributions: LiveContributions
  readonly #cardOf: (device: DeviceId) => PeerCard | undefined
  readonly #lines = new Map<Contributed<'transport'>, Line>()
  readonly #ports = new Map<number, Receive>()
  readonly #link = new Subject<Link>()
  readonly link$: Observable<Link> = this.#link.asObservable()

  constructor(
    contributions: LiveContributions,
    cardOf: (device: DeviceId) => PeerCard | undefined = cardByPeople(contributions),
  ) {
    this.#contributions = contributions
    this.#cardOf = cardOf
    contributions.changed$.subscribe(() => this.#follow())
    this.#follow()
  }

  /** One receiver a port, on every transport there is and will be. Returns how to unbind. */
  bind(port: number, receive: Receive): () => void {
    this.#ports.set(port, receive)
    for (const line of this.#lines.values()) this.#bindOn(line, port, receive)
    return () => {
      if (this.#ports.get(port) !== receive) return
      this.#ports.delete(port)
      for (const line of this.#lines.values()) this.#unbindOn(line, port)
    }
  }

  /** Sends by the first transport that has a path; false when none has. */
  send(to: DeviceId, port: number, bytes: Uint8Array): boolean {
    for (const { contributed } of this.#lines.values()) {
      const { fence, value } = contributed
      if (fence.guard('datagram.send', () => value.datagram.send(to, port, bytes)) === true) return true
    }
    return false
  }

  async reach(device: DeviceId): Promise<{ readonly up: boolean; readonly reason?: string }> {
    const card = this.#cardOf(device)
    if (card === undefined) return { up: false, reason: 'nobody here knows this device' }
    let reason = 'no transport is running'
    for (const { contributed } of [...this.#lines.values()]) {
      const answer = await this.#ask(contributed, 'reach', transport => transport.reach(card))
      if (answer?.up === true) return { up: true }
      reason = answer?.reason ?? 'the transport failed'
    }
    return { up: false, reason }
  }

  links(): readonly Link[] {
    return [...this.#lines.values()].flatMap(
      ({ contributed: { fence, value } }) => fence.guard('links', () => value.links()) ?? [],
    )
  }

  async ping(device: DeviceId, timeoutMs: number): Promise<number | undefined> {
    for (const { contributed, up } of [...this.#lines.values()]) {
      if (!up.has(device)) continue
      return this.#ask(contributed, 'ping', transport => transport.ping(device, timeoutMs))
    }
    return undefined
  }

  async #ask<T>(
    { fence, value }: Contributed<'transport'>,
    what: string,
    ask: (transport: Transport) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await fence.guard(what, () => ask(value))
    } catch {
      // The fence has counted it against the transport.
      return undefined
    }
  }

  #follow(): void {
    const present = new Set(this.#contributions.owned('transport'))
    for (const [contributed, line] of this.#lines) if (!present.has(contributed)) this.#drop(line)
    for (const contributed of present) if (!this.#lines.has(contributed)) this.#take(contributed)
  }

  #take(contributed: Contributed<'transport'>): void {
    const line: Line = { contributed, up: new Map(), unbind: new Map(), unsubscribe: () => undefined }
    this.#lines.set(contributed, line)
    for (const [port, receive] of this.#ports) this.#bindOn(line, port, receive)
    const { fence, value } = contributed
    line.unsubscribe = fence.subscribe('link$', value.link$, link => this.#heard(line, link))
  }

  #drop(line: Line): void {
    this.#lines.delete(line.contributed)
    line.unsubscribe()
    for (const port of [...line.unbind.keys()]) this.#unbindOn(line, port)
    for (const link of [...line.up.values()]) this.#heard(line, downOf(link))
  }

  /** A link that is down on one transport may still be up on another: the device is then still reached. */
  #heard(line: Line, link: Link): void {
    if (link.up) line.up.set(link.device, link)
    else line.up.delete(link.device)
    const other = [...this.#lines.values()].find(({ up }) => up.has(link.device))
    this.#link.next(link.up ? link : (other?.up.get(link.device) ?? link))
  }

  #bindOn(line: Line, port: number, receive: Receive): void {
    const { fence, value } = line.contributed
    const unbind = fence.guard('datagram.bind', () => value.datagram.bind(port, receive))
    if (unbind !== undefined) line.unbind.set(port, unbind)
  }

  #unbindOn(line: Line, port: number): void {
    const unbind = line.unbind.get(port)
    line.unbind.delete(port)
    if (unbind !== undefined) line.contributed.fence.guard('datagram.unbind', unbind)
  }
}
