/**
 * One coordinator as the node uses it: performs what its signalling machine asks for, over the tunnel to that
 * coordinator, and turns answers into promises. The machine is tested without any of this.
 */
import type { DeviceId, PersonId, TunnelKey } from '../../../events/ids.ts'
import type { Clock, Network, Random, RelayPlace, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../../wire/name-record.ts'
import type { Carrier } from '../carrier.ts'
import type { CoordinatorPins } from '../coordinator-pins.ts'
import type { Neighbour } from '../neighbour.ts'
import { PORTS } from '../net/ports.ts'
import type { Port } from '../port.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import type { Join } from './join.ts'
import { type NodeInput, type SignallingEnvironment, SignallingNode } from './node.ts'
import type { DcState, Directed, NodeOutput, NodeTimer, Registered, RequestFailure } from './outputs.ts'
import type { Claim } from './registration.ts'
import type { Measured } from './relay-list.ts'

export interface CoordinatorLinkParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly carrier: Carrier
  readonly port: Port
  readonly join: Join
  /** Where the coordinator's identity is kept. */
  readonly pins: Pick<CoordinatorPins, 'identityOf' | 'pinIdentity'>
  readonly environment: SignallingEnvironment
  readonly onDirected: (directed: Directed) => void
  readonly onRegistered: (registered: Registered) => void
  /** The coordinator sees this node at another address than before. */
  readonly onObserved: (endpoint: UdpEndpoint) => void
  readonly onState: (state: DcState) => void
  readonly onRefused: (why: RequestFailure) => void
  /** All relays that this coordinator names now. */
  readonly onRelays: (places: readonly RelayPlace[]) => void
  readonly onDropped: (why: string) => void
  /** Nothing has come back from where the coordinator is. */
  readonly onSilent?: (endpoints: readonly UdpEndpoint[]) => void
  /** How long that is waited for. */
  readonly patienceMs?: () => number
}

type Answer<T> = (answer: T) => void

export class CoordinatorLink {
  readonly join: Join
  readonly #parts: CoordinatorLinkParts
  readonly #node: SignallingNode
  readonly #timers = new Map<NodeTimer, () => void>()
  /** Who waits for an answer; the machine bounds the questions in flight. */
  readonly #lookUps = new Map<string, Answer<SignedNameRecord | RequestFailure>[]>()
  readonly #directions = new Map<string, Answer<Directed | RequestFailure>[]>()
  #neighbour: Neighbour | undefined
  #endpoints: readonly UdpEndpoint[] = []
  #cancelPatience: (() => void) | undefined
  #identity: DeviceId | undefined
  /** Or not begun yet. */
  #isStopped = true
  #isOver = false
  /** Its address was looked for. */
  #located: Promise<void> = Promise.resolve()

  constructor(parts: CoordinatorLinkParts) {
    this.#parts = parts
    this.join = parts.join
    this.#node = new SignallingNode(parts.environment)
  }

  get state(): DcState {
    return this.#node.state
  }

  /** Finds the coordinator's address and registers, also with a newer record; goes on trying until `stop`. */
  start(claim: Claim): void {
    this.#isStopped = this.#isOver = false
    this.#located = this.#find().then(() => {
      if (!this.#isStopped) this.#step({ kind: 'start', claim: { ...claim, pinned: this.#identity } })
    })
  }

  stop(): void {
    this.#isStopped = this.#isOver = true
    this.#step({ kind: 'stop' })
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#cancelPatience?.()
    this.#cancelPatience = undefined
    if (this.#neighbour !== undefined) this.#parts.carrier.forget(this.#neighbour)
    this.#neighbour = undefined
    this.#giveUp('timeout')
  }

  isFrom(neighbour: Neighbour): boolean {
    return neighbour.key === this.join.key
  }

  /** A datagram of the coordinator; valid during the call. */
  receive(bytes: Uint8Array): void {
    this.#step({ kind: 'datagram', bytes })
  }

  /** Asks where the coordinator sees this node now. */
  lookAgain(): void {
    if (!this.#isStopped) this.#step({ kind: 'ask' })
  }

  /** This host has other addresses now, or has slept. */
  moved(): void {
    this.#tryTunnel({ kind: 'rerouted' })
  }

  /** It may not be reached any more, though nothing is known to have changed here. */
  doubted(): void {
    this.#tryTunnel({ kind: 'ask' })
  }

  /** Its tunnel, if this is one of its places. */
  neighbourAt(endpoint: UdpEndpoint): Neighbour | undefined {
    return this.#endpoints.some(each => sameEndpoint(each, endpoint)) ? this.#neighbour : undefined
  }

  /** Where it is looked for. */
  get places(): readonly UdpEndpoint[] {
    return this.#endpoints
  }

  /** Datagrams to this place take another way now: says so at once, or goes on with a handshake that is under way. */
  rerouted(endpoint: UdpEndpoint): void {
    const { carrier } = this.#parts
    const neighbour = this.neighbourAt(endpoint)
    if (this.#isStopped || neighbour === undefined) return
    if (!carrier.tunnel.callAgain(neighbour.peer)) carrier.renew(neighbour)
    this.#step({ kind: 'rerouted' })
  }

  withdraw(person: PersonId): void {
    if (!this.#isOver) this.#step({ kind: 'withdraw', person })
  }

  /** How far relays are, those of other coordinators too: each is told of its own. */
  measured(rtts: readonly Measured[]): void {
    if (!this.#isOver) this.#step({ kind: 'measured', rtts })
  }

  async lookUp(name: string): Promise<SignedNameRecord | RequestFailure> {
    await this.#located
    if (this.#isOver) return 'timeout'
    return new Promise(answer => {
      enlist(this.#lookUps, name, answer)
      this.#step({ kind: 'look-up', name })
    })
  }

  async direct(name: string, device: TunnelKey): Promise<Directed | RequestFailure> {
    await this.#located
    if (this.#isOver) return 'timeout'
    return new Promise(answer => {
      enlist(this.#directions, wayTo(name, device), answer)
      this.#step({ kind: 'direct', name, device })
    })
  }

  /** Names may lead elsewhere by now, or to nowhere for want of a name server: what was known then stands. */
  async #find(): Promise<void> {
    const { carrier, join, network, pins } = this.#parts
    this.#identity ??= await pins.identityOf(join.key)
    const addresses = await network.addresses(join.host)
    if (this.#isStopped) return
    const endpoints: UdpEndpoint[] = addresses.map(address => ({ address, port: join.port }))
    this.#neighbour = carrier.meet(join.key, { endpoints, mayKnowPlace: true })
    if (endpoints.length === 0) return
    this.#endpoints = endpoints
    carrier.hint(this.#neighbour, endpoints)
    this.#awaitAnswer()
  }

  /** The tunnel is tried at once, and anew if it does not answer. */
  #tryTunnel(input: NodeInput): void {
    if (this.#isStopped || this.#neighbour === undefined) return
    this.#parts.carrier.renew(this.#neighbour)
    this.#awaitAnswer()
    this.#step(input)
  }

  /** Something was sent, or is about to be. */
  #awaitAnswer(): void {
    const { clock, onSilent, patienceMs } = this.#parts
    if (onSilent === undefined || patienceMs === undefined || this.#cancelPatience !== undefined) return
    const sinceMs = clock.monotonicMs()
    this.#cancelPatience = clock.after(patienceMs(), () => {
      this.#cancelPatience = undefined
      const heardMs = this.#neighbour?.heardMs
      if (heardMs === undefined || heardMs < sinceMs) onSilent(this.#endpoints)
    })
  }

  async #renew(): Promise<void> {
    await this.#find()
    if (this.#neighbour !== undefined && !this.#isStopped) this.#parts.carrier.renew(this.#neighbour)
  }

  #registered(registered: Registered): void {
    const { join, pins, onRegistered, onDropped } = this.#parts
    if (this.#identity === undefined)
      pins.pinIdentity(join.key, registered.dcKey).catch(() => onDropped('identity-not-kept'))
    this.#identity = registered.dcKey
    onRegistered(registered)
  }

  #step(input: NodeInput): void {
    const { clock, random } = this.#parts
    const turn = { nowMs: clock.monotonicMs(), random: () => random.next() }
    for (const output of this.#node.step(input, turn)) this.#perform(output)
  }

  #perform(output: NodeOutput): void {
    const { port, onDirected, onObserved, onState, onRefused, onRelays, onDropped } = this.#parts
    switch (output.kind) {
      case 'send':
        if (this.#neighbour !== undefined) port.send(this.#neighbour, PORTS.signalling, output.bytes)
        break
      case 'wake':
        this.#wake(output.timer, output.afterMs)
        break
      case 'renew':
        this.#renew().catch(() => onDropped('renewal-failed'))
        break
      case 'state':
        onState(output.state)
        break
      case 'registered':
        this.#registered(output.registered)
        break
      case 'refused':
        onRefused(output.code)
        this.#giveUp(output.code)
        break
      case 'directed':
        onDirected(output.directed)
        this.#answer(output.directed)
        break
      case 'failed':
        if (output.device !== undefined)
          settle(this.#directions, wayTo(output.name, output.device), output.why)
        break
      case 'found':
        settle(this.#lookUps, output.name, output.record)
        break
      case 'not-found':
        settle(this.#lookUps, output.name, output.why)
        break
      case 'relays':
        onRelays(output.places)
        break
      case 'dropped':
        onDropped(output.why)
        break
      case 'observed':
        onObserved(output.endpoint)
        break
      case 'withdrawn':
        break
    }
  }

  /** Nobody here is answered any more. */
  #giveUp(why: RequestFailure): void {
    for (const name of [...this.#lookUps.keys()]) settle(this.#lookUps, name, why)
    for (const way of [...this.#directions.keys()]) settle(this.#directions, way, why)
  }

  /** What one is told as responder answers no question of one's own. */
  #answer(directed: Directed): void {
    if (directed.role === 'initiator')
      settle(this.#directions, wayTo(directed.record.name, directed.device), directed)
  }

  #wake(timer: NodeTimer, afterMs: number | undefined): void {
    this.#timers.get(timer)?.()
    this.#timers.delete(timer)
    if (afterMs === undefined) return
    const run = () => {
      this.#timers.delete(timer)
      this.#step({ kind: 'woke', timer })
    }
    this.#timers.set(timer, this.#parts.clock.after(afterMs, run))
  }
}

const wayTo = (name: string, device: TunnelKey): string => `${name}/${device}`

const enlist = <T>(waiting: Map<string, Answer<T>[]>, name: string, answer: Answer<T>): void => {
  waiting.set(name, [...(waiting.get(name) ?? []), answer])
}

const settle = <T>(waiting: Map<string, Answer<T>[]>, name: string, answer: T): void => {
  const answers = waiting.get(name) ?? []
  waiting.delete(name)
  for (const tell of answers) tell(answer)
}
