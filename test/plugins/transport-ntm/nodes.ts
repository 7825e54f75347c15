/**
 * Carriers in virtual time: tunnels with the stack on top and a simulated network below, and nothing of people,
 * names or coordinators.
 */
import type { TunnelKey } from '../../../src/events/ids.ts'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { deviceKeys } from '../../../src/kernel/keys.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import type { SimHost } from '../../../src/kernel/testing/sim-host.ts'
import { SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { Carrier } from '../../../src/plugins/transport-ntm/carrier.ts'
import type { CarrierOptions } from '../../../src/plugins/transport-ntm/carrier-options.ts'
import { HandshakeTimestamps } from '../../../src/plugins/transport-ntm/handshake-timestamps.ts'
import type { Neighbour } from '../../../src/plugins/transport-ntm/neighbour.ts'
import { MemoryKeyspace } from './memory-keyspace.ts'

export interface TestNode {
  readonly carrier: Carrier
  readonly key: TunnelKey
  readonly host: SimHost
  /** Where its socket is. */
  readonly at: UdpEndpoint
  readonly established: Neighbour[]
  readonly failed: Neighbour[]
  readonly forgotten: Neighbour[]
  readonly sources: UdpEndpoint[]
}

export class Street {
  readonly clock = new VirtualClock()
  readonly random = new SeededRandom(3)
  readonly network = new SimNetwork(this.clock, this.random)

  async node(
    address: string,
    more: Partial<Pick<CarrierOptions, 'role' | 'admit' | 'onFrame'>> = {},
  ): Promise<TestNode> {
    const { clock, random } = this
    const host = this.network.host(address)
    const { keys } = deviceKeys(random.bytes(32))
    const heard = {
      established: [] as Neighbour[],
      failed: [] as Neighbour[],
      forgotten: [] as Neighbour[],
      sources: [] as UdpEndpoint[],
    }
    const carrier = new Carrier({
      ...{ network: host, clock, random, keys, role: 'node', admit: () => undefined },
      timestamps: new HandshakeTimestamps(new MemoryKeyspace(clock)),
      onEstablished: neighbour => heard.established.push(neighbour),
      onFailed: neighbour => heard.failed.push(neighbour),
      onForgotten: neighbour => heard.forgotten.push(neighbour),
      onNewSource: (_, from) => heard.sources.push(from),
      ...more,
    })
    const at = await carrier.listen({ address, port: 0 })
    return { carrier, key: keys.tunnelKey, host, at, ...heard }
  }

  run(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms
    while (this.clock.step(untilMs));
  }

  /** Two that know each other's keys and places. */
  async pair(): Promise<readonly [TestNode, TestNode, Neighbour, Neighbour]> {
    const [one, other] = [await this.node('10.0.0.1'), await this.node('10.0.0.2')]
    const toOther = one.carrier.meet(other.key, { endpoints: [other.at] })
    const toOne = other.carrier.meet(one.key, { endpoints: [one.at] })
    return [one, other, toOther, toOne]
  }
}
