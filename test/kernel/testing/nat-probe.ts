/**
 * Finds out what kind of NAT a host is behind as a stranger would: it talks to three destinations and lets three
 * repliers answer. It knows nothing of the NAT's settings, so it can contradict them.
 */
import type { UdpEndpoint, UdpSocket } from '../../../src/kernel/api/index.ts'
import type { Dependence } from '../../../src/kernel/testing/nat-kinds.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import type { SimHost } from '../../../src/kernel/testing/sim-host.ts'
import { SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
import type { Gateway } from '../../../src/kernel/testing/sim-segment.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

export interface Heard {
  readonly text: string
  readonly from: UdpEndpoint
  readonly atMs: number
}

/** A socket that remembers what it heard. */
export interface Ear {
  readonly socket: UdpSocket
  readonly heard: Heard[]
}

/** A network without delays of its own, in its own time. */
export class Stage {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(7)
  readonly network = new SimNetwork(this.clock, this.random, {
    ...{ latencyMs: [0, 0], loss: 0, duplicates: 0, reordering: 0 },
  })

  /** On all addresses of the host's family, unless told otherwise. */
  async ear(host: SimHost, port: number, address = '0.0.0.0'): Promise<Ear> {
    const heard: Heard[] = []
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void =>
      void heard.push({ text: Buffer.from(bytes).toString(), from, atMs: this.clock.monotonicMs() })
    return { socket: await host.udp({ address, port }, receive), heard }
  }

  /** Says it and lets it arrive. */
  say(from: Ear, to: UdpEndpoint, text = 'hi', hopLimit?: number): void {
    from.socket.send(Buffer.from(text), to, hopLimit)
    this.run(1)
  }

  run(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms
    while (this.clock.step(untilMs));
  }
}

export interface NatClass {
  readonly mapping: Dependence
  readonly filtering: Dependence
  readonly isPreserving: boolean
  /** From one new mapping to the next; undefined when it varies, or none is new. */
  readonly step: number | undefined
  /** Of the ports it was seen with: the largest less the smallest. */
  readonly spread: number
}

const SERVER = '203.0.113.1'
const OTHER_SERVER = '203.0.113.2'
const INSIDE = { address: '192.168.1.2', port: 40_000 }
const FIRST = { address: SERVER, port: 3478 }
/** Of one server another port, and another server: three destinations, and three repliers. */
const SAME_ADDRESS = { address: SERVER, port: 3479 }
const ELSEWHERE = { address: OTHER_SERVER, port: 3478 }
const SOCKETS = 12

const dependenceOf = (onPort: boolean, onAddress: boolean): Dependence => {
  if (onPort) return 'address-and-port-dependent'
  return onAddress ? 'address-dependent' : 'endpoint-independent'
}

export async function classify(gateway: Gateway): Promise<NatClass> {
  const stage = new Stage()
  const { network } = stage
  const servers = network.host([{ address: SERVER }, { address: OTHER_SERVER }])
  const ears = new Map<UdpEndpoint, Ear>()
  for (const at of [FIRST, SAME_ADDRESS, ELSEWHERE])
    ears.set(at, await stage.ear(servers, at.port, at.address))
  const host = network.host(INSIDE.address, gateway)
  const inside = await stage.ear(host, INSIDE.port)
  const seenAt = (destination: UdpEndpoint, from = inside): UdpEndpoint => {
    stage.say(from, destination)
    return ears.get(destination)!.heard.at(-1)!.from
  }
  const [outer, samePort, elsewhere] = [seenAt(FIRST), seenAt(SAME_ADDRESS), seenAt(ELSEWHERE)]
  const mapping = dependenceOf(samePort.port !== outer.port, elsewhere.port !== outer.port)
  // A socket that only the first destination knows; what the others send may change its mappings for good.
  const closed = await stage.ear(host, INSIDE.port + 1)
  const door = seenAt(FIRST, closed)
  const isLetIn = (replier: UdpEndpoint): boolean => {
    const before = closed.heard.length
    stage.say(ears.get(replier)!, door)
    return closed.heard.length > before
  }
  if (!isLetIn(FIRST)) throw new Error('not even an answer passes')
  const filtering = dependenceOf(!isLetIn(SAME_ADDRESS), !isLetIn(ELSEWHERE))
  const ports: number[] = []
  for (let at = 1; at <= SOCKETS; at += 1)
    ports.push(seenAt(FIRST, await stage.ear(host, INSIDE.port + at * 7)).port)
  const steps = new Set(ports.slice(1).map((port, at) => port - ports[at]!))
  const isPreserving =
    outer.port === INSIDE.port && ports.every((port, at) => port === INSIDE.port + (at + 1) * 7)
  const step = steps.size === 1 && !isPreserving ? [...steps][0] : undefined
  return { mapping, filtering, isPreserving, step, spread: Math.max(...ports) - Math.min(...ports) }
}
