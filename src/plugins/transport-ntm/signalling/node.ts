/**
 * A node's whole signalling with one coordinator: registration, directions, lookups and relays behind one door. There
 * is one of these for the home domain, and one more for each foreign coordinator where the node is a guest.
 */
import type { DeviceId, PersonId, TunnelKey } from '../../../events/ids.ts'
import type { Turn } from '../../../kernel/api/machine.ts'
import { decodeMessage } from './codec.ts'
import { Direction, type DirectionEnvironment } from './direction.ts'
import { Lookup } from './lookup.ts'
import { CAPABILITIES, type Message } from './messages.ts'
import type { DcState, NodeOutput, NodeTimer } from './outputs.ts'
import { Assembler } from './parts.ts'
import { type Claim, Registration } from './registration.ts'
import { type Measured, RelayList } from './relay-list.ts'

export type NodeInput =
  | { readonly kind: 'start'; readonly claim: Claim }
  | { readonly kind: 'stop' }
  | { readonly kind: 'rerouted' }
  | { readonly kind: 'ask' }
  /** From the coordinator's signalling port, through the tunnel. Valid during the call only. */
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array }
  | { readonly kind: 'woke'; readonly timer: NodeTimer }
  | { readonly kind: 'direct'; readonly name: string; readonly device: TunnelKey | undefined }
  | { readonly kind: 'withdraw'; readonly person: PersonId }
  | { readonly kind: 'look-up'; readonly name: string }
  | { readonly kind: 'measured'; readonly rtts: readonly Measured[] }

export type SignallingEnvironment = Omit<DirectionEnvironment, 'dcKey'>

export class SignallingNode {
  readonly #assembler = new Assembler()
  readonly #registration: Registration
  readonly #direction: Direction
  readonly #lookup: Lookup
  readonly #relays = new RelayList()
  #dcKey: DeviceId | undefined

  /** The coordinator's identity is learned at the first registration, and pinned by whoever starts the next. */
  constructor(environment: SignallingEnvironment) {
    const dcKey = () => this.#dcKey
    const { sealer, relayOnly } = environment
    this.#registration = new Registration(relayOnly ? CAPABILITIES.relayOnly : 0)
    this.#direction = new Direction({
      sealer,
      relayOnly,
      dcKey,
      candidates: () => environment.candidates(),
      decide: requester => environment.decide(requester),
      wallMs: () => environment.wallMs(),
    })
    this.#lookup = new Lookup(dcKey, () => environment.wallMs())
  }

  get state(): DcState {
    return this.#registration.state
  }

  step(input: NodeInput, turn: Turn): readonly NodeOutput[] {
    switch (input.kind) {
      case 'datagram':
        return this.#datagram(input.bytes, turn)
      case 'woke':
        return this.#woke(input.timer, turn)
      case 'direct':
      case 'withdraw':
        return this.#direction.step(input, turn)
      case 'look-up':
        return this.#lookup.step(input, turn)
      case 'measured':
        return this.#relays.step(input, turn)
      case 'stop':
        return [...this.#registration.step(input, turn), ...this.#relays.step(input, turn)]
      case 'start':
        this.#dcKey = input.claim.pinned
        return this.#follow(this.#registration.step(input, turn), turn)
      default:
        return this.#follow(this.#registration.step(input, turn), turn)
    }
  }

  #woke(timer: NodeTimer, turn: Turn): readonly NodeOutput[] {
    if (timer === 'directions') return this.#direction.step({ kind: 'woke' }, turn)
    if (timer === 'lookups') return this.#lookup.step({ kind: 'woke' }, turn)
    if (timer === 'relays') return this.#relays.step({ kind: 'woke' }, turn)
    return this.#follow(this.#registration.step({ kind: 'woke' }, turn), turn)
  }

  #datagram(bytes: Uint8Array, turn: Turn): readonly NodeOutput[] {
    const whole = this.#assembler.take('', bytes, turn.nowMs)
    if (!whole.ok) return [{ kind: 'dropped', why: whole.why }]
    if (whole.value === undefined) return []
    const message = decodeMessage(whole.value)
    return message.ok ? this.#message(message.value, turn) : [{ kind: 'dropped', why: message.why }]
  }

  #message(message: Message, turn: Turn): readonly NodeOutput[] {
    const isForgotten = message.type === 'error' && message.code === 'unknown-registration'
    const forgotten = isForgotten ? this.#registration.step({ kind: 'forgotten' }, turn) : []
    const registration = this.#registration.step({ kind: 'received', message }, turn)
    return [
      ...this.#follow([...forgotten, ...registration], turn),
      ...this.#direction.step({ kind: 'received', message }, turn),
      ...this.#lookup.step({ kind: 'received', message }, turn),
      ...(this.state === 'up' ? this.#relays.step({ kind: 'received', message }, turn) : []),
    ]
  }

  /** Lets the other machines know what came of a step of the registration. */
  #follow(outputs: readonly NodeOutput[], turn: Turn): readonly NodeOutput[] {
    const registered = outputs.find(output => output.kind === 'registered')
    if (registered === undefined) return outputs
    this.#dcKey = registered.registered.dcKey
    return [...outputs, ...this.#direction.step({ kind: 'registered' }, turn)]
  }
}
