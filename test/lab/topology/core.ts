/**
 * The public part of every laboratory: a chain of routers, so that hop limits mean something, and the servers on
 * it: the coordinator's host with two addresses, and two hosts for relays. Everything speaks both families.
 */
import {
  ACCESS,
  type Access,
  CORE_ROUTERS,
  core6,
  customer6,
  EDGES,
  type Edge,
  lanPrefix6,
  second6,
} from './addresses.ts'
import { type Cable, cable, joined, type Plan, type Port, type Station } from './plan.ts'

export const SERVERS = ['dc', 'rs1', 'rs2'] as const satisfies readonly Edge[]
export type Server = (typeof SERVERS)[number]

const core = (at: number): string => `c${at}`

/** The core's router at an edge, and its device there, which is called as the edge. */
export const coreEnd = (edge: Edge) => ({ station: core(ACCESS[edge].at), device: edge })

const link = (at: number) => ({
  west4: `10.255.${at}.1`,
  east4: `10.255.${at}.2`,
  west6: `2001:db8:ff:${at}::1`,
  east6: `2001:db8:ff:${at}::2`,
})

const chainPorts = (at: number, used: readonly Cable[]): readonly Port[] => {
  const [here, before] = [link(at), link(at - 1)]
  const edges = EDGES.filter(edge =>
    used.some(({ ends }) => ends[1].station === core(at) && ends[1].device === edge),
  )
  return [
    ...(at > 1 ? [{ device: 'west', addresses: [`${before.east4}/30`, `${before.east6}/64`] }] : []),
    ...(at < CORE_ROUTERS ? [{ device: 'east', addresses: [`${here.west4}/30`, `${here.west6}/64`] }] : []),
    ...edges.map(edge => {
      const net = ACCESS[edge]
      return { device: edge as string, addresses: [`${net.core4}/${net.length4}`, `${core6(net)}/64`] }
    }),
  ]
}

const routesTo = (at: number, net: Access): readonly string[] => {
  const whole6 = `${net.prefix6}::/48`
  if (at === net.at) return [`${lanPrefix6(net)}::/64 via ${customer6(net)}`]
  const goesEast = at < net.at
  const via4 = goesEast ? link(at).east4 : link(at - 1).west4
  const via6 = goesEast ? link(at).east6 : link(at - 1).west6
  return [`${net.net4} via ${via4}`, `${whole6} via ${via6}`]
}

const isHere = (edge: Edge, at: number, used: readonly Cable[]): boolean =>
  ACCESS[edge].at !== at || used.some(({ ends }) => ends[1].device === edge)

const coreRouter = (at: number, used: readonly Cable[]): Station => ({
  name: core(at),
  ports: chainPorts(at, used),
  routes: EDGES.filter(edge => isHere(edge, at, used)).flatMap(edge => routesTo(at, ACCESS[edge])),
  forwards: true,
})

const server = (name: Server): Plan => {
  const net = ACCESS[name]
  return {
    stations: [
      {
        name,
        ports: [
          {
            device: 'eth0',
            addresses: [
              `${net.customer4}/${net.length4}`,
              `${net.second4}/${net.length4}`,
              `${customer6(net)}/64`,
              // Never the source of what a server sends from wherever it likes.
              `${second6(net)}/64 preferred_lft 0`,
            ],
          },
        ],
        routes: [`default via ${net.core4}`, `default via ${core6(net)}`],
        forwards: false,
      },
    ],
    cables: [toCore(name, 'eth0', name)],
  }
}

/** The cable from a customer to its place at the core. */
export const toCore = (station: string, device: string, edge: Edge): Cable => {
  const end = coreEnd(edge)
  return cable(station, device, end.station, end.device)
}

/** The whole: the core, its servers, and what hangs on its other edges. */
export function withCore(customers: Plan): Plan {
  const servers = joined(...SERVERS.map(server))
  const used = [...servers.cables, ...customers.cables].filter(({ ends }) => /^c\d$/.test(ends[1].station))
  const routers = Array.from({ length: CORE_ROUTERS }, (_, n) => coreRouter(n + 1, used))
  const chain = routers.slice(1).map(({ name }, n) => cable(core(n + 1), 'east', name, 'west'))
  return joined({ stations: routers, cables: chain }, servers, customers)
}
