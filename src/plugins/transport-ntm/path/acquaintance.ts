/**
 * Says hello on every new tunnel, measures its round trip and proves new addresses. One challenge per neighbour is
 * open at a time, so a flood of forged sources costs nothing but the first answer.
 */
import type { Clock, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier, Neighbour, Port } from '../carrier.ts'
import { PORTS } from '../net/ports.ts'
import { CHALLENGE_BYTES, type Control, decodeControl, encodeControl } from './control.ts'

const CHALLENGE_LIFETIME_MS = 1_000

export interface AcquaintanceParts {
  readonly clock: Clock
  readonly random: Random
  readonly carrier: Carrier
  /** Hash of the record that was used to reach this neighbour. */
  readonly recordUsedFor: (neighbour: Neighbour) => Uint8Array | undefined
  /** The other side says which record of ours it used. */
  readonly onRecord: (neighbour: Neighbour, hash: Uint8Array) => void
  readonly onRoundTrip: (neighbour: Neighbour, rttMs: number) => void
  readonly onDropped: (why: string) => void
}

interface Challenge {
  readonly token: Buffer
  readonly sentMs: number
  /** The address to be proven; undefined measures the present one. */
  readonly endpoint: UdpEndpoint | undefined
}

export class Acquaintance {
  readonly #parts: AcquaintanceParts
  readonly #port: Port
  /** Gone with the neighbour. */
  readonly #open = new WeakMap<Neighbour, Challenge>()

  constructor(parts: AcquaintanceParts) {
    this.#parts = parts
    this.#port = parts.carrier.bind(PORTS.control, (bytes, from) => this.#receive(bytes, from))
  }

  greet(neighbour: Neighbour): void {
    const { token } = this.#challenge(neighbour, undefined)
    const record = this.#parts.recordUsedFor(neighbour)
    this.#send(neighbour, { kind: 'hello', token, capabilities: 0, record })
  }

  /** An authentic packet came from somewhere new: asks whether the neighbour can be reached there. */
  prove(neighbour: Neighbour, endpoint: UdpEndpoint): void {
    const { clock, carrier } = this.#parts
    const open = this.#open.get(neighbour)
    if (open?.endpoint !== undefined && clock.monotonicMs() - open.sentMs < CHALLENGE_LIFETIME_MS) return
    const { token } = this.#challenge(neighbour, endpoint)
    const present = neighbour.peer.endpoint
    carrier.tunnel.setEndpoint(neighbour.peer, endpoint)
    this.#send(neighbour, { kind: 'ping', token })
    if (present !== undefined) carrier.tunnel.setEndpoint(neighbour.peer, present)
  }

  close(): void {
    this.#port.close()
  }

  #challenge(neighbour: Neighbour, endpoint: UdpEndpoint | undefined): Challenge {
    const { clock, random } = this.#parts
    const token = Buffer.from(random.bytes(CHALLENGE_BYTES))
    const challenge = { token, sentMs: clock.monotonicMs(), endpoint }
    this.#open.set(neighbour, challenge)
    return challenge
  }

  #send(neighbour: Neighbour, control: Control): void {
    this.#port.send(neighbour, PORTS.control, encodeControl(control))
  }

  #receive(bytes: Uint8Array, from: Neighbour): void {
    const control = decodeControl(bytes)
    if (!control.ok) this.#parts.onDropped(control.why)
    else if (control.value.kind === 'pong') this.#answered(from, control.value.token)
    else this.#asked(from, control.value)
  }

  #asked(from: Neighbour, control: Control): void {
    this.#send(from, { kind: 'pong', token: control.token })
    if (control.kind === 'hello' && control.record !== undefined) this.#parts.onRecord(from, control.record)
  }

  #answered(from: Neighbour, token: Uint8Array): void {
    const challenge = this.#open.get(from)
    if (challenge === undefined || !challenge.token.equals(token)) return
    this.#open.delete(from)
    const { clock, carrier, onRoundTrip } = this.#parts
    if (challenge.endpoint !== undefined) carrier.tunnel.setEndpoint(from.peer, challenge.endpoint)
    onRoundTrip(from, clock.monotonicMs() - challenge.sentMs)
  }
}
