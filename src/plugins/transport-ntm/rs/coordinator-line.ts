/**
 * A Relay Server's one tunnel, to its coordinator: performs what the offer asks for, keeps the coordinator's identity,
 * and says whose tickets count, also while the coordinator is away.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { ChatError, Clock, Journal, Network, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { CoordinatorPins } from '../coordinator-pins.ts'
import type { Neighbour } from '../neighbour.ts'
import { PORTS } from '../net/ports.ts'
import type { Port } from '../port.ts'
import { decodeMessage } from '../signalling/codec.ts'
import type { Join } from '../signalling/join.ts'
import type { DcState, RequestFailure } from '../signalling/outputs.ts'
import { Assembler } from '../signalling/parts.ts'
import { Offer, type OfferInput, type OfferOutput } from './offer.ts'
import { relayRefusal } from './refusal.ts'

export interface CoordinatorLineParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<Network, 'addresses'>
  readonly journal: Pick<Journal, 'note'>
  readonly carrier: Carrier
  readonly pins: Pick<CoordinatorPins, 'identityOf' | 'pinIdentity'>
  readonly join: Join
  readonly token: string | undefined
}

export class CoordinatorLine {
  readonly #parts: CoordinatorLineParts
  readonly #assembler = new Assembler()
  readonly #port: Port
  #offer: Offer | undefined
  #identity: DeviceId | undefined
  #neighbour: Neighbour | undefined
  #endpoints: readonly UdpEndpoint[] = []
  #cancelTimer: (() => void) | undefined
  /** What the coordinator said no with last; told once. */
  #refusal: ChatError | undefined
  #isStopped = false

  constructor(parts: CoordinatorLineParts) {
    this.#parts = parts
    this.#port = parts.carrier.bind(PORTS.signalling, (bytes, from) => this.#receive(bytes, from))
  }

  /** Whose tickets count; undefined until the coordinator has said so once. */
  get identity(): DeviceId | undefined {
    return this.#identity
  }

  get state(): DcState {
    return this.#offer?.state ?? 'down'
  }

  get refusal(): ChatError | undefined {
    return this.#refusal
  }

  /** Reads what is known of the coordinator. Does not wait for it, nor for its address. */
  async start(): Promise<void> {
    const { pins, join } = this.#parts
    this.#identity = await pins.identityOf(join.key)
    this.#offer = new Offer(this.#identity)
    this.#find().then(
      () => this.offer(this.#endpoints),
      () => this.#parts.carrier.count('coordinator-not-found'),
    )
  }

  /** The relay is reached here; at no endpoint there is nothing to offer. */
  offer(endpoints: readonly UdpEndpoint[]): void {
    this.#endpoints = endpoints
    if (endpoints.length === 0) this.#step({ kind: 'stop' })
    else this.#step({ kind: 'offer', offered: { endpoints, token: this.#parts.token } })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#port.close()
  }

  #receive(bytes: Uint8Array, from: Neighbour): void {
    const { carrier, clock, join } = this.#parts
    if (from.key !== join.key) return
    const whole = this.#assembler.take('', bytes, clock.monotonicMs())
    if (whole.ok && whole.value === undefined) return
    const message = whole.ok ? decodeMessage(whole.value!) : whole
    if (message.ok) this.#step({ kind: 'received', message: message.value })
    else carrier.count(message.why)
  }

  #step(input: OfferInput): void {
    if (this.#isStopped || this.#offer === undefined) return
    const { clock, random } = this.#parts
    const turn = { nowMs: clock.monotonicMs(), random: () => random.next() }
    for (const output of this.#offer.step(input, turn)) this.#perform(output)
  }

  #perform(output: OfferOutput): void {
    if (output.kind === 'send') {
      if (this.#neighbour !== undefined) this.#port.send(this.#neighbour, PORTS.signalling, output.bytes)
    } else if (output.kind === 'wake') this.#wake(output.afterMs)
    else if (output.kind === 'renew') this.#renew()
    else if (output.kind === 'identified') this.#pin(output.dcKey)
    else if (output.kind === 'refused') this.#refused(output.why)
    else if (output.state === 'up') this.#refusal = undefined
  }

  #wake(afterMs: number | undefined): void {
    this.#cancelTimer?.()
    this.#cancelTimer =
      afterMs === undefined ? undefined : this.#parts.clock.after(afterMs, () => this.#step({ kind: 'woke' }))
  }

  #renew(): void {
    const begin = () => {
      if (this.#neighbour !== undefined && !this.#isStopped) this.#parts.carrier.renew(this.#neighbour)
    }
    this.#find().then(begin, () => this.#parts.carrier.count('renewal-failed'))
  }

  async #find(): Promise<void> {
    const { carrier, join, network } = this.#parts
    const addresses = await network.addresses(join.host)
    if (this.#isStopped) return
    const endpoints = addresses.map((address): UdpEndpoint => ({ address, port: join.port }))
    this.#neighbour = carrier.meet(join.key, { endpoints })
    if (endpoints.length > 0) carrier.hint(this.#neighbour, endpoints)
  }

  #pin(dcKey: DeviceId): void {
    const { carrier, join, pins } = this.#parts
    this.#identity = dcKey
    pins.pinIdentity(join.key, dcKey).catch(() => carrier.count('identity-not-kept'))
  }

  #refused(why: RequestFailure): void {
    const refusal = relayRefusal(this.#parts.join, why)
    if (refusal.message === this.#refusal?.message) return
    this.#refusal = refusal
    this.#parts.journal.note(`${refusal.message}; ${refusal.hint}`)
  }
}
