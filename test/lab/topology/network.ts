/**
 * A laboratory's network between two people, and everything that may happen to it while they talk: rebinding
 * routers, new addresses, other uplinks, cables pulled out, holes in the middle.
 */
import { DelayLine, type Line } from '../delay/delay-line.ts'
import { run } from '../machine.ts'
import type { Profile } from '../nat/profiles.ts'
import { type RouterKind, rulesOf } from '../nat/rules.ts'
import { ACCESS, type Edge, LAN4, MOVED_HOST4, type Side, second6 } from './addresses.ts'
import { coreEnd, withCore } from './core.ts'
import { Namespaces } from './namespaces.ts'
import { isIpv6, joined, type Plan } from './plan.ts'
import {
  carrierName,
  edgeOutside,
  routerName,
  secondUplink,
  sideOf,
  withoutLength,
  withSecondUplink,
} from './side.ts'
import { type Together, together } from './together.ts'

export interface NetworkSpec {
  readonly a: Profile
  readonly b: Profile
  /** Both below something nearer than the core, instead of apart: the profiles then tell the family alone. */
  readonly together?: Together
  /** Where the host can go over to. */
  readonly uplinks?: Partial<Readonly<Record<Side, Profile>>>
}

const SIDES = ['a', 'b'] as const satisfies readonly Side[]

const planOf = ({ a, b, together: how, uplinks = {} }: NetworkSpec): Plan => {
  const plan = how === undefined ? joined(sideOf('a', a), sideOf('b', b)) : together(how)
  return SIDES.reduce((whole, side) => {
    const uplink = uplinks[side]
    return uplink === undefined ? whole : withSecondUplink(whole, side, uplink)
  }, plan)
}

/** The rules of the kinds that keep a port have no other port to give. */
const REBOUND: Partial<Record<RouterKind, RouterKind>> = { home: 'nopreserve', poisonable: 'nopreserve' }

const addressWords = (address: string): string => `${address}${isIpv6(address) ? ' nodad' : ''}`

export class Network {
  readonly spec: NetworkSpec
  readonly namespaces: Namespaces
  readonly #lines: DelayLine[] = []
  #seed = 1

  private constructor(spec: NetworkSpec, namespaces: Namespaces) {
    this.spec = spec
    this.namespaces = namespaces
  }

  static async build(spec: NetworkSpec): Promise<Network> {
    return new Network(spec, await Namespaces.build(withCore(planOf(spec))))
  }

  /** All routers forget whom they let in and out, as if nobody had been there before. */
  async forget(): Promise<void> {
    const lines = this.namespaces.plan.stations.flatMap(({ name, rules = '' }) => {
      const at = `ip netns exec ${this.namespaces.nameOf(name)}`
      return [
        ...(rules.includes('map cone') ? [`${at} nft flush map ip nat cone`] : []),
        ...(rules.includes('set peers') ? [`${at} nft flush set ip filter peers`] : []),
        ...(rules === '' ? [] : [`${at} conntrack -F 2>/dev/null`]),
      ]
    })
    await run('sh', ['-s'], { input: `set -e\n${lines.join('\n')}\n` })
  }

  /** From now on every flow of this side has another mapping, those that exist as well. */
  async rebind(side: Side): Promise<void> {
    const kind = this.#kindOf(side)
    const rules = rulesOf(REBOUND[kind] ?? kind, {
      wanAddress: this.#wanAddress(side),
      seed: ++this.#seed,
    })
    await this.#script(routerName(side), `nft -f - <<'end'\n${rules}\nend\nconntrack -F 2>/dev/null`)
  }

  /** The provider gives the outermost router, or the public host itself, another address. */
  async changeWanAddress(side: Side, to4 = ACCESS[side].second4): Promise<void> {
    const { routers, family } = this.spec[side]
    const { station, device } = this.#outermost(side)
    const { gateway, address } = edgeOutside(side, family)
    const net = ACCESS[side]
    const added = family === 'ipv4' ? `${to4}/${net.length4}` : `${second6(net)}/64`
    await this.#moveAddress(station, device, address, added, gateway)
    const kind = routers.at(-1)
    if (kind === undefined || family === 'ipv6') return
    // What is masqueraded forgets its old address by itself, what is translated to a fixed one does not.
    const rules = rulesOf(kind, { wanAddress: to4 })
    await this.#script(station, `nft -f - <<'end'\n${rules}\nend\nconntrack -F 2>/dev/null`)
  }

  /** The home's router gives the host another address, as after a lost lease. */
  async moveHost(side: Side): Promise<void> {
    const { family, routers } = this.spec[side]
    if (routers.length === 0 || family === 'ipv6') throw new Error('only hosts in homes are moved')
    const net = LAN4
    const old = (await this.namespaces.run(side, 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0'))
      .split(/\s+/)
      .find(word => word.startsWith(`${net}.`))
    await this.#moveAddress(side, 'eth0', old!, `${net}.${MOVED_HOST4[side]}/24`, `${net}.1`)
  }

  /** The host leaves its first uplink for its second one. */
  async switchUplink(side: Side): Promise<void> {
    const { address, gateway } = secondUplink(side, this.spec.uplinks![side]!)
    const family = isIpv6(address) ? '-6' : '-4'
    await this.#script(
      side,
      [
        'ip link set dev eth1 up',
        `ip address add ${addressWords(address)} dev eth1`,
        `ip ${family} route replace default via ${gateway} dev eth1`,
        'ip link set dev eth0 down',
      ].join('\n'),
    )
  }

  /** Pulls the host's cable out, and puts it in again; what was configured comes back with it. */
  async linkDown(side: Side): Promise<() => Promise<void>> {
    await this.#script(side, 'ip link set dev eth0 down')
    return async () => {
      const { ports, routes } = this.namespaces.plan.stations.find(({ name }) => name === side)!
      await this.#script(
        side,
        [
          'ip link set dev eth0 up',
          ...ports[0]!.addresses.map(one => `ip address replace ${addressWords(one)} dev eth0`),
          ...routes.map(route => `ip route replace ${route}`),
        ].join('\n'),
      )
    }
  }

  /** In the middle of the core everything between the two people vanishes, until the hole is closed. */
  async blackhole(): Promise<() => Promise<void>> {
    const { station } = coreEnd('dc')
    const between = (one: Edge, other: Edge): string =>
      `ip saddr ${ACCESS[one].net4} ip daddr ${ACCESS[other].net4} drop;
       ip6 saddr ${ACCESS[one].prefix6}::/48 ip6 daddr ${ACCESS[other].prefix6}::/48 drop;`
    const rules = `table inet hole { chain forward {
      type filter hook forward priority 0; policy accept; ${between('a', 'b')} ${between('b', 'a')}
    }
    }`
    await this.#script(station, `nft -f - <<'end'\n${rules}\nend`)
    return () => this.#script(station, 'nft delete table inet hole')
  }

  /** In the middle of the core nothing longer than this passes, and nobody is told why. */
  async narrow(mtu: number): Promise<void> {
    const { station } = coreEnd('dc')
    const silence = `table inet silence { chain out {
      type filter hook output priority 0; policy accept;
      icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;
    }
    }`
    await this.#script(station, `nft -f - <<'end'\n${silence}\nend`)
    for (const device of ['west', 'east']) await this.#script(station, `ip link set dev ${device} mtu ${mtu}`)
  }

  /** What nobody uses for so long is forgotten by the routers of this side. */
  async shortenTimeouts(side: Side, seconds: number): Promise<void> {
    for (const { name } of this.namespaces.plan.stations)
      if (name === routerName(side) || name === carrierName(side))
        await this.#script(
          name,
          ['', '_stream']
            .map(kind => `echo ${seconds} > /proc/sys/net/netfilter/nf_conntrack_udp_timeout${kind}`)
            .join('\n'),
        )
  }

  /** This share of what is sent between the core and a side is lost, each way, address resolution left alone; 0 ends it. */
  async lose(side: Side, percent: number): Promise<void> {
    const inner = this.#outermost(side)
    for (const { station, device } of [coreEnd(side), inner]) {
      const rules = `table netdev loss { chain in {
        type filter hook ingress device "${device}" priority 0; policy accept;
        meta l4proto { tcp, udp } numgen random mod 100 < ${percent} drop;
      }
      }`
      await this.#script(station, 'nft delete table netdev loss 2>/dev/null || true')
      if (percent > 0) await this.#script(station, `nft -f - <<'end'\n${rules}\nend`)
    }
  }

  /** Makes the access link of a side long. */
  async delay(edge: Edge, line: Line): Promise<void> {
    this.#lines.push(await DelayLine.at(this.namespaces, edge, line))
  }

  async close(): Promise<void> {
    await Promise.all(this.#lines.map(line => line.close()))
    await this.namespaces.close()
  }

  #kindOf(side: Side): RouterKind {
    const [kind] = this.spec[side].routers
    if (kind === undefined) throw new Error(`there is no router to rebind at side ${side}`)
    return kind
  }

  #outermost(side: Side): { readonly station: string; readonly device: string } {
    const { routers } = this.spec[side]
    if (routers.length === 0) return { station: side, device: 'eth0' }
    return { station: routers.length === 1 ? routerName(side) : carrierName(side), device: 'wan' }
  }

  /** Of the router nearest to the host. */
  #wanAddress(side: Side): string {
    const station = this.namespaces.plan.stations.find(({ name }) => name === routerName(side))!
    return withoutLength(station.ports.find(({ device }) => device === 'wan')!.addresses[0]!)
  }

  async #moveAddress(
    station: string,
    device: string,
    old: string,
    added: string,
    gateway: string,
  ): Promise<void> {
    await this.#script(
      station,
      [
        `echo 1 > /proc/sys/net/ipv4/conf/${device}/promote_secondaries`,
        `ip address add ${addressWords(added)} dev ${device}`,
        `ip address del ${old} dev ${device}`,
        `ip route replace default via ${gateway} dev ${device}`,
      ].join('\n'),
    )
  }

  async #script(station: string, text: string): Promise<void> {
    await this.namespaces.script(station, `set -e\n${text}\n`)
  }
}
