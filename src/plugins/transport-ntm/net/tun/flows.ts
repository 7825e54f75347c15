/**
 * What programs of this machine have begun: whoever is not let in may answer them. And what others have begun with them,
 * which is known so that an answer is not taken for a beginning. A table of fixed size without an object for a flow; where a place is full the flow that was silent longest is forgotten, and what belongs to it goes unheard.
 */

import { PROTOCOL } from '../packet.ts'
import { FLOW_IDLE_MS, FLOW_WAYS, FLOWS_MAX } from './limits.ts'
import { TCP } from './packet-fields.ts'

const SETS = FLOWS_MAX / FLOW_WAYS
/** Any odd number with bits all over does to spread neighbouring ports (Knuth's multiplicative hashing). */
const SPREAD = 0x9e3779b1

const idleMs = (protocol: number): number => {
  if (protocol === TCP) return FLOW_IDLE_MS.tcp
  return protocol === PROTOCOL.udp ? FLOW_IDLE_MS.udp : FLOW_IDLE_MS.icmp
}

/** A flow is a peer's number, a protocol, the port here and the port there; an echo has its id as both. */
export class Flows {
  /** The ports of a flow, and who and what it is; both are exact, so no two flows are taken for each other. */
  readonly #ports = new Uint32Array(FLOWS_MAX)
  readonly #who = new Uint32Array(FLOWS_MAX)
  readonly #heardMs = new Float64Array(FLOWS_MAX).fill(Number.NEGATIVE_INFINITY)

  /** It was begun here, or goes on. */
  note(peer: number, protocol: number, here: number, there: number, nowMs: number): void {
    const ports = portsOf(here, there)
    const who = whoOf(peer, protocol)
    const known = this.#placeOf(ports, who)
    const at = known ?? this.#oldest(setOf(ports, who))
    this.#ports[at] = ports
    this.#who[at] = who
    this.#heardMs[at] = nowMs
  }

  /** Whether it is known and has not been silent for too long; hearing of it keeps it. */
  goesOn(peer: number, protocol: number, here: number, there: number, nowMs: number): boolean {
    const at = this.#placeOf(portsOf(here, there), whoOf(peer, protocol))
    if (at === undefined || nowMs - this.#heardMs[at]! > idleMs(protocol)) return false
    this.#heardMs[at] = nowMs
    return true
  }

  /** Nothing of this peer by this protocol goes on. */
  forget(peer: number, protocol: number): void {
    const who = whoOf(peer, protocol)
    for (let at = 0; at < FLOWS_MAX; at++)
      if (this.#who[at] === who) this.#heardMs[at] = Number.NEGATIVE_INFINITY
  }

  #placeOf(ports: number, who: number): number | undefined {
    const first = setOf(ports, who)
    for (let at = first; at < first + FLOW_WAYS; at++)
      if (this.#ports[at] === ports && this.#who[at] === who) return at
    return undefined
  }

  #oldest(first: number): number {
    let oldest = first
    for (let at = first; at < first + FLOW_WAYS; at++)
      if (this.#heardMs[at]! < this.#heardMs[oldest]!) oldest = at
    return oldest
  }
}

const portsOf = (here: number, there: number): number => ((here << 16) | there) >>> 0
const whoOf = (peer: number, protocol: number): number => ((peer << 8) | protocol) >>> 0
const setOf = (ports: number, who: number): number =>
  ((Math.imul(ports ^ Math.imul(who, SPREAD), SPREAD) >>> 16) % SETS) * FLOW_WAYS
