/**
 * A network as data: stations (hosts and routers, one namespace each) and the cables between them. The text of
 * the scripts that build a station is made here too, so that it can be read in a test without building anything.
 */

/** An address with its prefix length, such as 192.168.1.1/24, and further words of `ip address add`. */
export type Cidr = string

export interface Port {
  readonly device: string
  readonly addresses: readonly Cidr[]
  /** A port of the station's bridge `lan` has no address of its own. */
  readonly inBridge?: boolean
  /** Stays down until somebody takes it up. */
  readonly isDown?: boolean
}

export interface Station {
  readonly name: string
  readonly ports: readonly Port[]
  /** `ip route add` behind the word add. */
  readonly routes: readonly string[]
  readonly forwards: boolean
  /** Of the bridge named lan, when ports are in it. */
  readonly bridgeAddresses?: readonly Cidr[]
  /** A rule set for `nft -f`. */
  readonly rules?: string
}

export interface Cable {
  readonly ends: readonly [CableEnd, CableEnd]
}
export interface CableEnd {
  readonly station: string
  readonly device: string
}

export interface Plan {
  readonly stations: readonly Station[]
  readonly cables: readonly Cable[]
}

export const cable = (station: string, device: string, other: string, otherDevice: string): Cable => ({
  ends: [
    { station, device },
    { station: other, device: otherDevice },
  ],
})

export const joined = (...plans: readonly Plan[]): Plan => ({
  stations: plans.flatMap(({ stations }) => stations),
  cables: plans.flatMap(({ cables }) => cables),
})

export const isIpv6 = (address: string): boolean => address.includes(':')

/** Lines for one `ip -batch`: all namespaces, and the cables laid inside them, so that no name can clash. */
export const groundwork = ({ stations, cables }: Plan, nameOf: (station: string) => string): string =>
  [
    ...stations.map(({ name }) => `netns add ${nameOf(name)}`),
    ...cables.map(({ ends: [one, other] }) =>
      [
        `link add ${one.device} netns ${nameOf(one.station)}`,
        `type veth peer name ${other.device} netns ${nameOf(other.station)}`,
      ].join(' '),
    ),
    '',
  ].join('\n')

/**
 * Duplicate address detection would keep IPv6 addresses from use for a second; reverse paths are tested by none. The
 * devices are already there and have their own settings each.
 */
const SETTINGS = `for key in /proc/sys/net/ipv6/conf/*/accept_dad /proc/sys/net/ipv4/conf/*/rp_filter; do
  echo 0 > $key
done
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit`
const FORWARDING = `echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding`

/** A shell script for the inside of the station's namespace. */
export const fitOut = (station: Station): string =>
  [
    'set -e',
    SETTINGS,
    ...(station.forwards ? [FORWARDING] : []),
    "ip -batch - <<'end of batch'",
    ...ipLines(station),
    'end of batch',
    ...(station.rules === undefined ? [] : ["nft -f - <<'end of rules'", station.rules, 'end of rules']),
    '',
  ].join('\n')

const addressLine = (device: string) => (address: Cidr) =>
  `address add ${address} dev ${device}${isIpv6(address) ? ' nodad' : ''}`

const ipLines = ({ ports, routes, bridgeAddresses }: Station): readonly string[] => [
  'link set lo up',
  ...(bridgeAddresses === undefined ? [] : ['link add lan type bridge forward_delay 0', 'link set lan up']),
  ...(bridgeAddresses ?? []).map(addressLine('lan')),
  ...ports.flatMap(({ device, addresses, inBridge, isDown }) => [
    ...(inBridge ? [`link set dev ${device} master lan`] : []),
    ...(isDown ? [] : [`link set dev ${device} up`]),
    ...addresses.map(addressLine(device)),
  ]),
  ...routes.map(route => `route add ${route}`),
]
