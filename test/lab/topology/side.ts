/**
 * What stands between a host and the core: nothing, one router, or a home router behind a carrier's. A second
 * uplink is one more router, on another net, that the host can go over to.
 */
import type { Profile } from '../nat/profiles.ts'
import { type RouterKind, rulesOf } from '../nat/rules.ts'
import {
  ACCESS,
  CARRIER_NET4,
  carrierNet4,
  core6,
  customer6,
  type Edge,
  HOST4,
  LAN4,
  lanPrefix6,
  SECOND_LAN4,
  type Side,
} from './addresses.ts'
import { toCore } from './core.ts'
import { type Cidr, cable, joined, type Plan, type Station } from './plan.ts'

/** The next thing towards the core: its device is already there, this is the near side of it. */
interface Outside {
  readonly address: Cidr
  readonly gateway: string
}

export const edgeOutside = (edge: Edge, family: 'ipv4' | 'ipv6'): Outside => {
  const net = ACCESS[edge]
  return family === 'ipv4'
    ? { address: `${net.customer4}/${net.length4}`, gateway: net.core4 }
    : { address: `${customer6(net)}/64`, gateway: core6(net) }
}

export const withoutLength = (address: Cidr): string => address.split('/')[0]!

export const router = (
  name: string,
  kind: RouterKind,
  outside: Outside,
  inner: Pick<Station, 'ports' | 'bridgeAddresses'>,
): Station => ({
  name,
  ports: [{ device: 'wan', addresses: [outside.address] }, ...inner.ports],
  ...(inner.bridgeAddresses === undefined ? {} : { bridgeAddresses: inner.bridgeAddresses }),
  routes: [`default via ${outside.gateway}`],
  forwards: true,
  rules: rulesOf(kind, {
    wanAddress: withoutLength(outside.address),
    inner: {
      net: CARRIER_NET4,
      devices: inner.ports.map(({ device }) => device),
    },
  }),
})

export const host = (name: string, { address, gateway }: Outside): Station => ({
  name,
  ports: [{ device: 'eth0', addresses: [address] }],
  routes: [`default via ${gateway}`],
  forwards: false,
})

/** Inside a home; a carrier's subscriber has a net of its own. */
const innerOf = (side: Side, edge: Edge, { family }: Profile): { router: Cidr; inside: Outside } => {
  if (family === 'ipv6') {
    const prefix = lanPrefix6(ACCESS[edge])
    return { router: `${prefix}::1/64`, inside: { address: `${prefix}::10/64`, gateway: `${prefix}::1` } }
  }
  const net = edge === side ? LAN4 : SECOND_LAN4
  return {
    router: `${net}.1/24`,
    inside: { address: `${net}.${HOST4[side]}/24`, gateway: `${net}.1` },
  }
}

export const subscriberOutside = (side: Side): Outside => ({
  address: `${carrierNet4(side)}.2/24`,
  gateway: `${carrierNet4(side)}.1`,
})

/** `ra` is A's router; a carrier's above it is `cga`. */
export const routerName = (edge: Edge): string => `r${edge}`
export const carrierName = (edge: Edge): string => `cg${edge}`

/** The routers of a side from the core to the cable that the host hangs on; undefined: the host hangs on the core. */
const routersOf = (side: Side, edge: Edge, profile: Profile): Plan => {
  const [home, carrier] = profile.routers
  const lan = { ports: [{ device: 'lan', addresses: [innerOf(side, edge, profile).router] }] }
  const outside = edgeOutside(edge, profile.family)
  if (home === undefined) return { stations: [], cables: [] }
  const near = routerName(edge)
  if (carrier === undefined)
    return { stations: [router(near, home, outside, lan)], cables: [toCore(near, 'wan', edge)] }
  const far = carrierName(edge)
  const subscribers = { ports: [{ device: 'lan', addresses: [`${carrierNet4(side)}.1/24`] }] }
  return {
    stations: [router(near, home, subscriberOutside(side), lan), router(far, carrier, outside, subscribers)],
    cables: [cable(near, 'wan', far, 'lan'), toCore(far, 'wan', edge)],
  }
}

/** A host and its way to the core. */
export function sideOf(side: Side, profile: Profile): Plan {
  const outside =
    profile.routers.length === 0 ? edgeOutside(side, profile.family) : innerOf(side, side, profile).inside
  const toNext =
    profile.routers.length === 0 ? toCore(side, 'eth0', side) : cable(side, 'eth0', routerName(side), 'lan')
  return joined(routersOf(side, side, profile), { stations: [host(side, outside)], cables: [toNext] })
}

export const secondEdge = (side: Side): Edge => (side === 'a' ? 'a2' : 'b2')

/** What a host needs to know to go over to its second uplink. */
export const secondUplink = (side: Side, profile: Profile): Outside =>
  profile.routers.length === 0
    ? edgeOutside(secondEdge(side), profile.family)
    : innerOf(side, secondEdge(side), profile).inside

/** A plan with a second uplink for the host of a side: its device eth1 is there and down. */
export function withSecondUplink(plan: Plan, side: Side, profile: Profile): Plan {
  const edge = secondEdge(side)
  const stations = plan.stations.map(station =>
    station.name === side
      ? { ...station, ports: [...station.ports, { device: 'eth1', addresses: [], isDown: true }] }
      : station,
  )
  const toNext =
    profile.routers.length === 0 ? toCore(side, 'eth1', edge) : cable(side, 'eth1', routerName(edge), 'lan')
  return joined({ stations, cables: [...plan.cables, toNext] }, routersOf(side, edge, profile))
}
