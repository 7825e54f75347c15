/**
 * The plugin 'ntm.transport': tunnels between devices, with the coordinator's help where there is one. It brings
 * the transport, the directory of names and a few words about the coordinator.
 */
import { z } from 'zod'
import {
  Clock,
  Coordination,
  definePlugin,
  Identity,
  Journal,
  Keys,
  Keyspace,
  type Method,
  Network,
  People,
  Random,
  Relays,
} from '../../kernel/api/index.ts'
import { formatAddress } from '../../wire/ip-address.ts'
import { NtmNode } from './node.ts'
import { requireJoin } from './signalling/join.ts'
import { tunMethods } from './tun/methods.ts'

const settings = z.strictObject({
  /** Join strings; the first is this person's own coordinator. */
  dc: z.array(z.string()).default([]),
  /** Invite token for the first registration. */
  token: z.string().optional(),
  /** Off: hard NATs are not met with many packets; such peers stay on a relay. */
  punch: z.boolean().default(true),
  listen: z
    .strictObject({ address: z.string().optional(), port: z.number().int().min(0).max(65_535).optional() })
    .default({}),
  /** Peers may not learn where this node is: only relays lead to it. */
  relayOnly: z.boolean().default(false),
  /** Off: the router is not asked for a way in. */
  portMapping: z.boolean().default(true),
  /** Off: this node neither shows itself on its own link nor looks for people there. */
  lan: z.boolean().default(true),
  /** Off: servers are not spoken to through TCP where UDP is blocked. */
  streams: z.boolean().default(true),
  /** On: programs of this machine get at people's virtual addresses. Linux, and the right CAP_NET_ADMIN. */
  tun: z.boolean().default(false),
})

const EXAMINED_FOR_MAX_MS = 60_000

const methodsOf = (node: NtmNode): readonly Method[] => [
  { name: 'transport.mapping', call: async () => node.portMapping },
  {
    name: 'dc.registration',
    call: async params => {
      const { timeoutMs } = z.object({ timeoutMs: z.number().int().min(0) }).parse(params)
      const virtualIPv4 = await node.domains.membership.registration(timeoutMs)
      return { virtualIPv4: virtualIPv4 ?? null, virtualIPv6: formatAddress(node.carrier.address) }
    },
  },
  {
    name: 'doctor',
    call: params => {
      const { timeoutMs } = z
        .object({ timeoutMs: z.number().int().min(0).max(EXAMINED_FOR_MAX_MS) })
        .parse(params)
      return node.examine(timeoutMs)
    },
  },
  {
    name: 'dc.pin',
    call: async params => {
      const { name, join } = z.object({ name: z.string(), join: z.string() }).parse(params)
      await node.domains.coordinators.pin(name, requireJoin(join))
      return { name }
    },
  },
]

export const transportNtm = definePlugin({
  manifest: { id: 'ntm.transport', version: '0.1.0', api: '^1.0.0', provides: [Coordination.id] },
  needs: {
    clock: Clock,
    random: Random,
    network: Network,
    keys: Keys,
    identity: Identity,
    people: People,
    keyspace: Keyspace,
    journal: Journal,
  },
  wants: { relays: Relays },
  config: raw => settings.parse(raw ?? {}),
  setup(given, { dc, ...others }) {
    const node = new NtmNode(given, {
      ...others,
      dc: dc[0] === undefined ? undefined : requireJoin(dc[0]),
    })
    return {
      contributes: {
        transport: [node.transport],
        directory: [node.directory],
        method: [...methodsOf(node), ...tunMethods(node.tun, given.people, node.carrier.address)],
        service: [{ token: Coordination, value: node.domains.coordination }],
      },
      start: async scope => {
        scope.fence('changes of the contact book', given.people.contact$, contact => node.judge(contact))
        await node.start()
      },
      stop: () => node.stop(),
    }
  },
})
