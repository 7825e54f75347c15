/**
 * Coordinators and nodes in virtual time, with a network that loses, doubles and delays, and with tunnels
 * that behave as far as signalling can tell: a coordinator that restarts has no session with anybody, drops
 * what comes on old ones, and gets new ones by a handshake from either side.
 */
import { idToBytes, type TunnelKey } from '../../../src/events/ids.ts'
import type { RelayPlace } from '../../../src/kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../src/kernel/api/tokens.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { DEFAULT_BLOCK } from '../../../src/plugins/transport-ntm/dc/addresses.ts'
import { DcService } from '../../../src/plugins/transport-ntm/dc/service.ts'
import { type Candidate, candidateSealer } from '../../../src/plugins/transport-ntm/signalling/candidates.ts'
import { encodeMessage } from '../../../src/plugins/transport-ntm/signalling/codec.ts'
import type { Decision } from '../../../src/plugins/transport-ntm/signalling/direction.ts'
import { type NodeInput, SignallingNode } from '../../../src/plugins/transport-ntm/signalling/node.ts'
import type { NodeOutput, NodeTimer } from '../../../src/plugins/transport-ntm/signalling/outputs.ts'
import { labelledHash } from '../../../src/wire/hash.ts'
import type { SignedNameRecord } from '../../../src/wire/name-record.ts'
import { type NamedPerson, namedPerson, type TestDevice, testDevice } from '../../support/named-person.ts'
import { MemoryKeyspace } from './memory-keyspace.ts'

export interface Weather {
  lossRate: number
  doubleRate: number
  latencyMs: readonly [least: number, most: number]
}

/** Any symmetric function of both keys serves as their agreement here. */
export const testAgreement = (own: TunnelKey) => ({
  tunnelKey: own,
  agree: (label: string, peer: Uint8Array): Uint8Array => {
    const both = [Buffer.from(idToBytes(own)), Buffer.from(peer)].sort(Buffer.compare)
    return labelledHash(label, ...both)
  },
})

type Received = (from: TunnelKey, endpoint: UdpEndpoint, bytes: Uint8Array) => void

export class TestDc {
  readonly world: SignallingWorld
  readonly domain: string
  readonly identity: TestDevice
  readonly keyspace: MemoryKeyspace
  readonly sessions = new Set<TunnelKey>()
  isUp = false
  /** The relay in its own process. */
  relay: RelayPlace | undefined
  service!: DcService
  #receive: Received | undefined

  constructor(world: SignallingWorld, domain: string) {
    this.world = world
    this.domain = domain
    this.identity = testDevice(`dc.${domain}`)
    this.keyspace = new MemoryKeyspace(world.clock)
  }

  async start(): Promise<void> {
    const { clock, random } = this.world
    const link = {
      send: (to: TunnelKey, bytes: Uint8Array, at?: UdpEndpoint) => this.#send(to, bytes, at),
      onReceive: (receive: Received) => {
        this.#receive = receive
        return () => {
          this.#receive = undefined
        }
      },
      // Relays are where they say.
      challenge: (_: TunnelKey, __: UdpEndpoint, answered: () => void) => answered(),
      relay: () => this.relay,
    }
    const { device, tunnelKey, sign } = this.identity
    const keys = { device, tunnelKey, sign }
    const parts = { link, keys, clock, random, keyspace: this.keyspace, domain: this.domain }
    this.service = new DcService({ ...parts, block: DEFAULT_BLOCK })
    await this.service.start()
    this.isUp = true
  }

  kill(): void {
    this.isUp = false
    this.service.stop()
    this.keyspace.losePower()
    this.sessions.clear()
  }

  take(node: TestNode, bytes: Uint8Array): void {
    if (!this.isUp || !this.sessions.has(node.tunnelKey)) return
    this.#receive?.(node.tunnelKey, node.endpoint, bytes)
  }

  /** A Relay Server says that it is there. */
  offer({ relay, endpoints }: RelayPlace, token?: string): void {
    const request = { transaction: '00'.repeat(8), endpoints, token, keepAliveMs: 15_000 }
    this.#receive?.(relay, endpoints[0]!, encodeMessage({ type: 'relay-registration', ...request }))
  }

  #send(to: TunnelKey, bytes: Uint8Array, at: UdpEndpoint | undefined): void {
    const node = this.world.nodeOf(to, this)
    if (node === undefined || !this.isUp) return
    const isThere =
      at === undefined || (at.port === node.endpoint.port && at.address === node.endpoint.address)
    if (!this.sessions.has(to) && (at === undefined || !isThere)) return
    this.world.carry(bytes, copy => {
      if (!this.isUp || !node.isOn) return
      this.sessions.add(to)
      node.step({ kind: 'datagram', bytes: copy })
    })
  }
}

export class TestNode {
  readonly world: SignallingWorld
  readonly dc: TestDc
  readonly owner: NamedPerson
  readonly device: TestDevice
  readonly machine: SignallingNode
  readonly outputs: { readonly atMs: number; readonly output: NodeOutput }[] = []
  readonly timers = new Map<NodeTimer, () => void>()
  endpoint: UdpEndpoint
  isOn = true
  sent = 0
  decide: (requester: SignedNameRecord) => Decision = () => 'accept'
  candidates: readonly Candidate[]

  constructor(
    world: SignallingWorld,
    dc: TestDc,
    owner: NamedPerson,
    endpoint: UdpEndpoint,
    device: TestDevice,
    relayOnly: boolean,
  ) {
    this.world = world
    this.dc = dc
    this.owner = owner
    this.endpoint = endpoint
    this.device = device
    this.candidates = [{ kind: 'host', endpoint: { address: '192.168.0.2', port: endpoint.port } }]
    const sealer = candidateSealer(testAgreement(this.tunnelKey), world.random)
    this.machine = new SignallingNode({
      sealer,
      candidates: () => this.candidates,
      decide: requester => this.decide(requester),
      relayOnly,
      wallMs: () => world.clock.now(),
    })
  }

  get tunnelKey(): TunnelKey {
    return this.device.tunnelKey
  }

  register(more: { isGuest?: boolean; token?: string; record?: Uint8Array } = {}): void {
    const { isGuest = false, token, record = this.owner.record() } = more
    this.step({ kind: 'start', claim: { record, token, isGuest } })
  }

  step(input: NodeInput): void {
    const { clock, random } = this.world
    const turn = { nowMs: clock.monotonicMs(), random: () => random.next() }
    for (const output of this.machine.step(input, turn)) this.#perform(output)
  }

  off(): void {
    this.isOn = false
    for (const cancel of this.timers.values()) cancel()
  }

  of<K extends NodeOutput['kind']>(kind: K): Extract<NodeOutput, { kind: K }>[] {
    return this.outputs.map(({ output }) => output).filter(output => output.kind === kind) as never
  }

  #perform(output: NodeOutput): void {
    if (output.kind === 'send') this.#send(output.bytes)
    else if (output.kind === 'renew') this.#renew()
    else if (output.kind === 'wake') this.#arm(output.timer, output.afterMs)
    else this.outputs.push({ atMs: this.world.clock.monotonicMs(), output })
  }

  #arm(timer: NodeTimer, afterMs: number | undefined): void {
    this.timers.get(timer)?.()
    this.timers.delete(timer)
    if (afterMs === undefined) return
    const run = () => {
      if (this.isOn) this.step({ kind: 'woke', timer })
    }
    this.timers.set(timer, this.world.clock.after(afterMs, run))
  }

  #send(bytes: Uint8Array): void {
    this.sent += 1
    this.world.carry(bytes, copy => this.dc.take(this, copy))
  }

  /** A handshake: the answer to it is what opens the session. */
  #renew(): void {
    this.world.carry(new Uint8Array(), () => {
      if (this.dc.isUp) this.dc.sessions.add(this.tunnelKey)
    })
  }
}

export class SignallingWorld {
  readonly clock = new VirtualClock()
  readonly random: SeededRandom
  readonly nodes: TestNode[] = []
  weather: Weather = { lossRate: 0, doubleRate: 0, latencyMs: [10, 10] }
  carried = 0

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
  }

  async dc(domain = 'example'): Promise<TestDc> {
    const dc = new TestDc(this, domain)
    await dc.start()
    return dc
  }

  /** A node that is not registered yet, with a session to its coordinator. */
  node(dc: TestDc, owner: NamedPerson | string, deviceIndex = 0, relayOnly = false): TestNode {
    const person = typeof owner === 'string' ? namedPerson(owner, `${owner}.${dc.domain}`) : owner
    const index = this.nodes.length
    const endpoint = { address: `203.0.${index >> 8}.${index & 0xff}`, port: 40_000 + (index % 20_000) }
    const node = new TestNode(this, dc, person, endpoint, person.devices[deviceIndex]!, relayOnly)
    this.nodes.push(node)
    dc.sessions.add(node.tunnelKey)
    return node
  }

  nodeOf(tunnelKey: TunnelKey, dc: TestDc): TestNode | undefined {
    return this.nodes.find(node => node.tunnelKey === tunnelKey && node.dc === dc)
  }

  carry(bytes: Uint8Array, arrive: (copy: Uint8Array) => void): void {
    const { lossRate, doubleRate, latencyMs } = this.weather
    this.carried += 1
    const copies = this.random.next() < doubleRate ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.random.next() < lossRate) continue
      this.clock.after(this.random.between(...latencyMs), () => arrive(new Uint8Array(bytes)))
    }
  }

  /** Lets time pass, promises included. */
  async run(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms
    for (;;) {
      for (let tick = 0; tick < 6; tick += 1) await Promise.resolve()
      if (!this.clock.step(untilMs)) return
    }
  }
}
