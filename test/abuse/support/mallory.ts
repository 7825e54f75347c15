/**
 * Mallory is a contact of Alice's, with a session and a program of her own making: she says what she likes on the control
 * port, and her packets may bear any source. What that brings upon a third party's addresses, Eve counts.
 */
import type { Network, UdpEndpoint } from '../../../src/kernel/api/index.ts'
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import type { SimHost } from '../../../src/kernel/testing/sim-host.ts'
import type { World } from '../../../src/kernel/testing/world.ts'
import { PORTS } from '../../../src/plugins/transport-ntm/net/ports.ts'
import { type Control, encodeControl } from '../../../src/plugins/transport-ntm/path/control.ts'
import type { Candidate } from '../../../src/plugins/transport-ntm/signalling/candidates.ts'
import { registered, say } from '../../support/ntm-world.ts'
import { type OpenPerson, openPerson } from './open-node.ts'
import { type Attacked, NODE_PORT } from './town.ts'

/** Where her packets seem to come from; undefined: from where she is. */
export type Forge = (to: UdpEndpoint, bytes: Uint8Array) => readonly (UdpEndpoint | undefined)[]

export interface Mallory extends OpenPerson {
  readonly at: UdpEndpoint
  /** Every datagram leaves once from each of these sources. Default: one, her own. */
  forge: Forge
  /** Says this inside the tunnel, by the path in use; to Alice, unless to somebody else. */
  word(control: Control, to?: SimHome): void
  /** Says that she is at these places. */
  announce(endpoints: readonly UdpEndpoint[]): void
}

const HONEST: Forge = () => [undefined]
export const TOKEN = new Uint8Array(8).fill(7)

/** A host of her own, whose datagrams can bear any source. */
function forgingNetwork(world: World, real: Network, host: () => SimHost, forge: () => Forge): Network {
  const place = { on: world.network.core, latencyMs: 10 }
  const forged: Pick<Network, 'udp'> = {
    udp: async (local, receive, options) => {
      const socket = await real.udp(local, receive, options)
      const send: typeof socket.send = (bytes, to, hopLimit) => {
        for (const from of forge()(to, bytes))
          if (from === undefined) socket.send(bytes, to, hopLimit)
          else
            world.network.carry({
              ...{
                host: host(),
                place: { ...place, address: from.address },
                packet: { from, to, bytes },
                hopLimit,
              },
            })
      }
      return { local: socket.local, send, close: () => socket.close() }
    },
  }
  return new Proxy(real, {
    get: (target, name) => {
      const value = name === 'udp' ? forged.udp : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export interface MallorySpec {
  readonly name?: string
  readonly address?: string
  /** Only her real address is without IPv6. */
  readonly join?: string
}

/** She and Alice have written to each other. */
export async function mallory(
  town: Attacked,
  { name = 'mallory', address = '198.51.100.66', join }: MallorySpec = {},
): Promise<Mallory> {
  const { world, alice } = town
  let forge = HONEST
  const hostOf = (): SimHost => person.home.host
  const network = (real: Network): Network => forgingNetwork(world, real, hostOf, () => forge)
  const person: OpenPerson = await openPerson(world, { name, address, join: join ?? town.town.join, network })
  await registered(world, person.home)
  await say(world, alice.home, person.home, 'hello')
  await say(world, person.home, alice.home, 'hello Alice')
  await world.run(3_000)
  const word = (control: Control, whom = alice.home): void => {
    const { carrier } = person.node
    const to = carrier.neighbour(whom.keys.keys.tunnelKey)
    if (to !== undefined) carrier.send(PORTS.control, to, PORTS.control, encodeControl(control))
  }
  return {
    home: person.home,
    get node() {
      return person.node
    },
    at: { address, port: NODE_PORT },
    get forge() {
      return forge
    },
    set forge(next: Forge) {
      forge = next
    },
    word,
    announce: endpoints => {
      const candidates = endpoints.map((endpoint): Candidate => ({ kind: 'host', endpoint }))
      word({ kind: 'candidates', token: TOKEN, nat: 'easy', candidates })
    },
  }
}
