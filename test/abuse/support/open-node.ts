/**
 * A person's node whose inside a test can see and use: the very parts of `ntm.transport`, put together by hand. With it
 * a test counts what was dropped and why, or plays a person whose program was changed to do harm.
 */
import {
  type AnyPlugin,
  Coordination,
  definePlugin,
  type Network,
  provide,
} from '../../../src/kernel/api/index.ts'
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import type { World } from '../../../src/kernel/testing/world.ts'
import { NODE_PLUGINS } from '../../../src/plugins/first-party.ts'
import { type NodeGiven, NtmNode } from '../../../src/plugins/transport-ntm/node.ts'
import { transportNtm } from '../../../src/plugins/transport-ntm/plugin.ts'
import { requireJoin } from '../../../src/plugins/transport-ntm/signalling/join.ts'

export interface OpenPerson {
  readonly home: SimHome
  /** The one that runs now. */
  readonly node: NtmNode
}

export interface OpenSpec {
  readonly name: string
  readonly address: string
  /** Beside the other one. */
  readonly ipv6?: string | undefined
  readonly join: string
  /** In place of what its plugin is given as the network. */
  readonly network?: (real: Network) => Network
  readonly relayOnly?: boolean
}

const PORT = 49_152

function openTransport(spec: OpenSpec, made: (node: NtmNode) => void): AnyPlugin {
  const { manifest, needs, wants } = transportNtm
  return definePlugin({
    manifest,
    needs,
    ...(wants && { wants }),
    config: () => undefined,
    setup(given) {
      const real = given as unknown as NodeGiven
      const node = new NtmNode(
        { ...real, network: spec.network?.(real.network) ?? real.network },
        {
          dc: requireJoin(spec.join),
          listen: spec.ipv6 === undefined ? { address: spec.address, port: PORT } : { port: PORT },
          relayOnly: spec.relayOnly ?? false,
          lan: false,
          portMapping: false,
        },
      )
      made(node)
      const registration = async () => ({ virtualIPv4: await node.domains.membership.registration(60_000) })
      return {
        contributes: {
          transport: [node.transport],
          directory: [node.directory],
          service: [provide(Coordination, node.domains.coordination)],
          method: [{ name: 'dc.registration', call: registration }],
        },
        start: () => node.start(),
        stop: () => node.stop(),
      }
    },
  })
}

/** Somebody on a public line, not registered yet when this resolves. */
export async function openPerson(world: World, spec: OpenSpec): Promise<OpenPerson> {
  let running: NtmNode | undefined
  const transport = openTransport(spec, node => {
    running = node
  })
  const plugins = NODE_PLUGINS.map(plugin => (plugin === transportNtm ? transport : plugin))
  const { name, address, ipv6 } = spec
  const addresses = ipv6 === undefined ? [address] : [address, ipv6]
  const attachments = addresses.map(one => ({ address: one, latencyMs: 10 }))
  const home = await world.add({ name: `${name}.example`, address, plugins, attachments })
  return {
    home,
    get node() {
      return running!
    },
  }
}
