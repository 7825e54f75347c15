/**
 * One coordinator as the node uses it: performs what its signalling machine asks for, over the tunnel to that
 * coordinator, and turns answers into promises. The machine is tested without any of this.
 */
import type { PersonId, TunnelKey } from '../../../events/ids.ts'
import type { Clock, Network, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../../wire/name-record.ts'
import type { Carrier, Neighbour, Port } from '../carrier.ts'
import { PORTS } from '../net/ports.ts'
import type { DirectionEnvironment } from './direction.ts'
import type { Join } from './join.ts'
import { type NodeInput, SignallingNode } from './node.ts'
import type { DcState, Directed, NodeOutput, NodeTimer, Registered, RequestFailure } from './outputs.ts'
import type { Claim } from './registration.ts'

export interface CoordinatorLinkParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly carrier: Carrier
  readonly port: Port
  readonly join: Join
  readonly environment: Omit<DirectionEnvironment, 'dcKey'>
  readonly onDirected: (directed: Directed) => void
  readonly onRegistered: (registered: Registered) => void
  readonly onState: (state: DcState) => void
  readonly onRefused: (why: RequestFailure) => void
  readonly onDropped: (why: string) => void
}

type Answer<T> = (answer: T) => void

export class CoordinatorLink {
  readonly join: Join
  readonly #parts: CoordinatorLinkParts
  readonly #node: SignallingNode
  readonly #timers = new Map<NodeTimer, () => void>()
  readonly #lookUps = new Map<string, Answer<SignedNameRecord | RequestFailure>[]>()
  readonly #directions = new Map<string, Answer<Directed | RequestFailure>[]>()
  #neighbour: Neighbour | undefined

  constructor(parts: CoordinatorLinkParts) {
    this.#parts = parts
    this.join = parts.join
    this.#node = new SignallingNode(parts.environment)
  }

  get state(): DcState {
    return this.#node.state
  }

  /** Finds the coordinator's address and registers; goes on trying until `stop`. */
  async start(claim: Claim): Promise<void> {
    const { carrier, join, network } = this.#parts
    const addresses = await network.addresses(join.host)
    const endpoints: UdpEndpoint[] = addresses.map(address => ({ address, port: join.port }))
    this.#neighbour = carrier.meet(join.key, { endpoints })
    carrier.hint(this.#neighbour, endpoints)
    this.#step({ kind: 'start', claim })
  }

  stop(): void {
    this.#step({ kind: 'stop' })
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    for (const answers of this.#lookUps.values()) for (const answer of answers) answer('timeout')
    for (const answers of this.#directions.values()) for (const answer of answers) answer('timeout')
  }

  isFrom(neighbour: Neighbour): boolean {
    return neighbour.key === this.join.key
  }

  /** A datagram of the coordinator; valid during the call. */
  receive(bytes: Uint8Array): void {
    this.#step({ kind: 'datagram', bytes })
  }

  moved(): void {
    this.#step({ kind: 'moved' })
  }

  withdraw(person: PersonId): void {
    this.#step({ kind: 'withdraw', person })
  }

  lookUp(name: string): Promise<SignedNameRecord | RequestFailure> {
    return new Promise(answer => {
      enlist(this.#lookUps, name, answer)
      this.#step({ kind: 'look-up', name })
    })
  }

  direct(name: string, device: TunnelKey): Promise<Directed | RequestFailure> {
    return new Promise(answer => {
      enlist(this.#directions, name, answer)
      this.#step({ kind: 'direct', name, device })
    })
  }

  #step(input: NodeInput): void {
    const { clock, random } = this.#parts
    const turn = { nowMs: clock.monotonicMs(), random: () => random.next() }
    for (const output of this.#node.step(input, turn)) this.#perform(output)
  }

  #perform(output: NodeOutput): void {
    const { carrier, port, onDirected, onRegistered, onState, onRefused, onDropped } = this.#parts
    switch (output.kind) {
      case 'send':
        if (this.#neighbour !== undefined) port.send(this.#neighbour, PORTS.signalling, output.bytes)
        break
      case 'wake':
        this.#wake(output.timer, output.afterMs)
        break
      case 'renew':
        if (this.#neighbour !== undefined) carrier.renew(this.#neighbour)
        break
      case 'state':
        onState(output.state)
        break
      case 'registered':
        onRegistered(output.registered)
        break
      case 'refused':
        onRefused(output.code)
        break
      case 'directed':
        onDirected(output.directed)
        settle(this.#directions, output.directed.record.name, output.directed)
        break
      case 'failed':
        settle(this.#directions, output.name, output.why)
        break
      case 'found':
        settle(this.#lookUps, output.name, output.record)
        break
      case 'not-found':
        settle(this.#lookUps, output.name, output.why)
        break
      case 'dropped':
        onDropped(output.why)
        break
      case 'observed':
      case 'withdrawn':
        break
    }
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

const enlist = <T>(waiting: Map<string, Answer<T>[]>, name: string, answer: Answer<T>): void => {
  waiting.set(name, [...(waiting.get(name) ?? []), answer])
}

const settle = <T>(waiting: Map<string, Answer<T>[]>, name: string, answer: T): void => {
  const answers = waiting.get(name) ?? []
  waiting.delete(name)
  for (const tell of answers) tell(answer)
}
