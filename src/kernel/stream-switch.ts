/**
 * The streams of all transports as one. A plugin listens once and connects to a device; which transport carries is
 * decided here, per stream, by who has a path at that moment.
 */
import type { Duplex } from 'node:stream'
import type { DeviceId } from '../events/ids.ts'
import { ChatError, type Streams } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'

type Accept = (from: DeviceId, stream: Duplex) => void

export class StreamSwitch implements Streams {
  readonly #contributions: LiveContributions
  readonly #ports = new Map<number, Accept>()
  /** How to stop listening, by transport and port. */
  readonly #stops = new Map<Contributed<'transport'>, Map<number, () => void>>()

  constructor(contributions: LiveContributions) {
    this.#contributions = contributions
    contributions.changed$.subscribe(() => this.#follow())
    this.#follow()
  }

  async connect(to: DeviceId, port: number): Promise<Duplex> {
    for (const { fence, value } of this.#stops.keys()) {
      const links = fence.guard('links', () => value.links()) ?? []
      if (!links.some(({ device, up }) => up && device === to)) continue
      // That nobody listens is an answer, and no failure of the transport's.
      return fence.perform(() => value.stream.connect(to, port))
    }
    throw new ChatError('PEER_UNREACHABLE', 'there is no path to this device')
  }

  listen(port: number, accept: Accept): () => void {
    if (this.#ports.has(port)) throw new ChatError('BUG', `port ${port} has a listener already`)
    this.#ports.set(port, accept)
    for (const [contributed, stops] of this.#stops) listenOn(contributed, stops, port, accept)
    return () => {
      if (this.#ports.get(port) !== accept) return
      this.#ports.delete(port)
      for (const [contributed, stops] of this.#stops) stopOn(contributed, stops, port)
    }
  }

  #follow(): void {
    const present = new Set(this.#contributions.owned('transport'))
    for (const [contributed, stops] of this.#stops) {
      if (present.has(contributed)) continue
      this.#stops.delete(contributed)
      for (const port of [...stops.keys()]) stopOn(contributed, stops, port)
    }
    for (const contributed of present) {
      if (this.#stops.has(contributed)) continue
      const stops = new Map<number, () => void>()
      this.#stops.set(contributed, stops)
      for (const [port, accept] of this.#ports) listenOn(contributed, stops, port, accept)
    }
  }
}

function listenOn(
  { fence, value }: Contributed<'transport'>,
  stops: Map<number, () => void>,
  port: number,
  accept: Accept,
): void {
  const stop = fence.guard('stream.listen', () => value.stream.listen(port, accept))
  if (stop !== undefined) stops.set(port, stop)
}

function stopOn({ fence }: Contributed<'transport'>, stops: Map<number, () => void>, port: number): void {
  const stop = stops.get(port)
  stops.delete(port)
  if (stop !== undefined) fence.guard('stream.stop', stop)
}
