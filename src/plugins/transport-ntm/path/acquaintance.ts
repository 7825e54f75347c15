/**
 * The control port inside every tunnel: says hello when one opens, answers challenges where they came from, and hands
 * on what is about paths. Where nobody looks after paths, as at a coordinator, it proves a new address itself: one
 * challenge per neighbour is open at a time, so a flood of forged sources costs nothing but the first answer.
 */
import type { Clock, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { Neighbour } from '../neighbour.ts'
import { PORTS } from '../net/ports.ts'
import type { Port } from '../port.ts'
import { CHALLENGE_BYTES, type Control, decodeControl, encodeControl } from './control.ts'
import { CHALLENGE_LIFETIME_MS } from './limits.ts'

/** What a peer says by itself: of its paths, or that it is there. */
export type PathWord = Exclude<Control, { kind: 'pong' }>

export interface AcquaintanceParts {
  readonly clock: Clock
  readonly random: Random
  readonly carrier: Carrier
  /** Hash of the record that was used to reach this neighbour. */
  readonly recordUsedFor: (neighbour: Neighbour) => Uint8Array | undefined
  /** The other side says which record of ours it used. */
  readonly onRecord: (neighbour: Neighbour, hash: Uint8Array) => void
  readonly onRoundTrip: (neighbour: Neighbour, rttMs: number) => void
  /** An answer that was not asked for here. */
  readonly onAnswer?: (neighbour: Neighbour, token: Uint8Array, from: UdpEndpoint) => void
  readonly onPathWord?: (neighbour: Neighbour, word: PathWord) => void
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
    this.say(neighbour, { kind: 'hello', token, capabilities: 0, record })
  }

  /** An authentic packet came from somewhere new: asks whether the neighbour can be reached there. */
  prove(neighbour: Neighbour, endpoint: UdpEndpoint): void {
    const open = this.#open.get(neighbour)
    const { clock } = this.#parts
    if (open?.endpoint !== undefined && clock.monotonicMs() - open.sentMs < CHALLENGE_LIFETIME_MS) return
    const { token } = this.#challenge(neighbour, endpoint)
    this.say(neighbour, { kind: 'ping', token }, endpoint)
  }

  /**
   * A challenge by one path, whose answer `onAnswer` gets; undefined: none may be sent there now. Its message is padded to
   * fill `roomBytes`, if given.
   */
  ping(neighbour: Neighbour, path: UdpEndpoint, roomBytes?: number): Buffer | undefined {
    const token = this.freshToken()
    return this.say(neighbour, { kind: 'ping', token }, path, roomBytes) ? token : undefined
  }

  /** By the path in use, where it may wait, or by the one that is named, where it may not: false. */
  say(neighbour: Neighbour, control: Control, path?: UdpEndpoint, roomBytes?: number): boolean {
    const bytes = encodeControl(control)
    if (path === undefined) return this.#port.send(neighbour, PORTS.control, bytes).ok
    return this.#parts.carrier.sendBy(path, neighbour, bytes, roomBytes)
  }

  freshToken(): Buffer {
    return Buffer.from(this.#parts.random.bytes(CHALLENGE_BYTES))
  }

  close(): void {
    this.#port.close()
  }

  #challenge(neighbour: Neighbour, endpoint: UdpEndpoint | undefined): Challenge {
    const challenge = { token: this.freshToken(), sentMs: this.#parts.clock.monotonicMs(), endpoint }
    this.#open.set(neighbour, challenge)
    return challenge
  }

  #receive(bytes: Uint8Array, from: Neighbour): void {
    const control = decodeControl(bytes)
    if (!control.ok) this.#parts.onDropped(control.why)
    else if (control.value.kind === 'pong') this.#answered(from, control.value.token)
    else this.#asked(from, control.value)
  }

  #asked(from: Neighbour, control: PathWord): void {
    this.say(from, { kind: 'pong', token: control.token }, from.source)
    if (control.kind === 'hello' && control.record !== undefined) this.#parts.onRecord(from, control.record)
    this.#parts.onPathWord?.(from, control)
  }

  #answered(from: Neighbour, token: Uint8Array): void {
    const challenge = this.#open.get(from)
    const { clock, carrier, onRoundTrip, onAnswer } = this.#parts
    if (challenge === undefined || !challenge.token.equals(token)) {
      if (from.source !== undefined) onAnswer?.(from, token, from.source)
      return
    }
    this.#open.delete(from)
    if (challenge.endpoint !== undefined) carrier.tunnel.setEndpoint(from.peer, challenge.endpoint)
    onRoundTrip(from, clock.monotonicMs() - challenge.sentMs)
  }
}

/** Of a server: nobody there looks after paths, so that whoever has moved is asked to prove where it is now. */
export const serverAcquaintance = (
  parts: Pick<AcquaintanceParts, 'clock' | 'random' | 'carrier' | 'onAnswer'> &
    Partial<Pick<AcquaintanceParts, 'onRoundTrip'>>,
): Acquaintance =>
  new Acquaintance({
    recordUsedFor: () => undefined,
    onRecord: () => {},
    onRoundTrip: () => {},
    ...parts,
    onDropped: why => parts.carrier.count(why),
  })
