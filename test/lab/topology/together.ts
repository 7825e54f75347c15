/**
 * Two hosts that share something nearer than the core: a home's net, or a carrier's NAT, with and without homes of
 * their own behind it, with and without hairpinning.
 */
import type { RouterKind } from '../nat/rules.ts'
import { carrierNet4, HOST4, LAN4, type Side } from './addresses.ts'
import { toCore } from './core.ts'
import { cable, joined, type Plan } from './plan.ts'
import { carrierName, edgeOutside, host, router, routerName, subscriberOutside } from './side.ts'

export type Together = 'same LAN' | 'same CGN' | 'hairpin' | 'no hairpin'

const SIDES = ['a', 'b'] as const satisfies readonly Side[]

const lanHost = (side: Side) => host(side, { address: `${LAN4}.${HOST4[side]}/24`, gateway: `${LAN4}.1` })

const sameLan = (): Plan => ({
  stations: [
    router('ra', 'home', edgeOutside('a', 'ipv4'), {
      bridgeAddresses: [`${LAN4}.1/24`],
      ports: SIDES.map(side => ({ device: `lan-${side}`, addresses: [], inBridge: true })),
    }),
    ...SIDES.map(lanHost),
  ],
  cables: [toCore('ra', 'wan', 'a'), ...SIDES.map(side => cable(side, 'eth0', 'ra', `lan-${side}`))],
})

const carrier = (kind: RouterKind): Plan => ({
  stations: [
    router(carrierName('a'), kind, edgeOutside('a', 'ipv4'), {
      ports: SIDES.map(side => ({ device: `lan-${side}`, addresses: [`${carrierNet4(side)}.1/24`] })),
    }),
  ],
  cables: [toCore(carrierName('a'), 'wan', 'a')],
})

const onCarrier = (side: Side): Plan => ({
  stations: [host(side, subscriberOutside(side))],
  cables: [cable(side, 'eth0', carrierName('a'), `lan-${side}`)],
})

const homeOnCarrier = (side: Side): Plan => ({
  stations: [
    router(routerName(side), 'home', subscriberOutside(side), {
      ports: [{ device: 'lan', addresses: [`${LAN4}.1/24`] }],
    }),
    lanHost(side),
  ],
  cables: [
    cable(side, 'eth0', routerName(side), 'lan'),
    cable(routerName(side), 'wan', carrierName('a'), `lan-${side}`),
  ],
})

export function together(how: Together): Plan {
  switch (how) {
    case 'same LAN':
      return sameLan()
    case 'same CGN':
      return joined(carrier('home'), ...SIDES.map(onCarrier))
    case 'hairpin':
      return joined(carrier('hairpin'), ...SIDES.map(homeOnCarrier))
    case 'no hairpin':
      return joined(carrier('home'), ...SIDES.map(homeOnCarrier))
  }
}
