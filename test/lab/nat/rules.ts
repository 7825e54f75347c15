/**
 * The rule sets of routers, one for each kind of NAT. What makes a home router of a Linux box is the `input` chain:
 * without it a packet that comes before ours occupies our mapping's place in the connection table.
 */

export type RouterKind =
  | 'home'
  | 'poisonable'
  | 'nopreserve'
  | 'full cone'
  | 'hairpin'
  | 'address-restricted'
  | 'symmetric random'
  | 'block 512'
  | 'sequential'
  | 'address-dependent'
  | 'UDP blocked'
  | 'firewall'

export interface RulesOptions {
  readonly wanAddress: string
  /** Another number is another mapping for the same flow, where ports are not preserved. */
  readonly seed?: number
  /** Of the inner side, for hairpinning. */
  readonly inner?: { readonly net: string; readonly devices: readonly string[] }
}

export const BLOCK = { from: 50_000, to: 50_511 }

const CONE_SECONDS = 300
/** Cones remember who is behind which port. */
const CONE_MAP = `map cone {
    type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${CONE_SECONDS}s; size 65536;
  }`
const CONE_IN = 'iifname "wan" meta l4proto udp dnat ip to udp dport map @cone;'
const CONE_OUT = `oifname "wan" meta l4proto udp update @cone { udp sport timeout ${CONE_SECONDS}s : ip saddr . udp sport };`
const MASQUERADE = 'oifname "wan" masquerade;'

interface NatText {
  readonly declared?: string
  readonly pre?: string
  /** Before everything that is not UDP is masqueraded. */
  readonly post: string
}

const udpTo = (target: string): string => `oifname "wan" meta l4proto udp snat ip to ${target};`

const hairpinOut = ({ wanAddress, inner }: RulesOptions): string => {
  const devices = (inner?.devices ?? ['lan']).map(device => `"${device}"`).join(', ')
  return `oifname { ${devices} } ip saddr ${inner?.net} ct status dnat snat ip to ${wanAddress};`
}

const natOf = (kind: RouterKind, options: RulesOptions): NatText => {
  const { wanAddress, seed = 1 } = options
  switch (kind) {
    case 'nopreserve':
      return {
        post: udpTo(
          `${wanAddress} : jhash ip saddr . udp sport mod 60000 seed 0x${seed.toString(16)} offset 2000`,
        ),
      }
    case 'full cone':
    case 'address-restricted':
      return { declared: CONE_MAP, pre: CONE_IN, post: CONE_OUT }
    case 'hairpin':
      return {
        declared: CONE_MAP,
        pre: `ip daddr ${wanAddress} meta l4proto udp dnat ip to udp dport map @cone;`,
        post: `${CONE_OUT} ${hairpinOut(options)}`,
      }
    case 'symmetric random':
      return { post: 'oifname "wan" meta l4proto udp masquerade fully-random;' }
    case 'block 512':
      return { post: udpTo(`${wanAddress}:${BLOCK.from}-${BLOCK.to} fully-random`) }
    case 'sequential':
      return { post: udpTo(`${wanAddress} : numgen inc mod 20000 offset 20000`) }
    case 'address-dependent':
      return { post: udpTo(`${wanAddress} : jhash ip daddr . udp sport mod 20000 offset 20000`) }
    default:
      return { post: '' }
  }
}

const INPUT = `chain input {
    type filter hook input priority filter; policy accept;
    iifname "wan" ct state established,related accept;
    iifname "wan" meta l4proto udp drop;
  }`

const FORWARD = `chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "wan" ct state established,related accept;
    iifname "wan" drop;
  }`

/** Lets in whom somebody inside has sent to, whatever port it comes from. */
const RESTRICTED = `set peers {
    type ipv4_addr . ipv4_addr . inet_service; flags dynamic,timeout; timeout ${CONE_SECONDS}s; size 65536;
  }
  chain forward {
    type filter hook forward priority -1; policy accept;
    oifname "wan" meta l4proto udp update @peers { ip daddr . ip saddr . udp sport timeout ${CONE_SECONDS}s };
    iifname "wan" ct state established,related accept;
    iifname "wan" ip saddr . ip daddr . udp dport @peers accept;
    iifname "wan" drop;
  }`

const NO_UDP = `chain blocked {
    type filter hook forward priority -5; policy accept;
    oifname "wan" meta l4proto udp udp dport != 53 drop;
  }`

const filterOf = (kind: RouterKind): readonly string[] => {
  switch (kind) {
    case 'poisonable':
      return [FORWARD]
    case 'full cone':
    case 'hairpin':
      return [INPUT]
    case 'address-restricted':
      return [INPUT, RESTRICTED]
    case 'UDP blocked':
      return [INPUT, FORWARD, NO_UDP]
    default:
      return [INPUT, FORWARD]
  }
}

const FIREWALL6 = `table ip6 filter {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "wan" ct state established,related accept;
    iifname "wan" meta l4proto udp drop;
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname "wan" ct state established,related accept;
    iifname "wan" meta l4proto ipv6-icmp accept;
    iifname "wan" drop;
  }
}`

/** The whole rule set of a router for `nft -f`; loading it again replaces what was there. */
export function rulesOf(kind: RouterKind, options: RulesOptions): string {
  if (kind === 'firewall') return `flush ruleset\n${FIREWALL6}`
  const { declared = '', pre = '', post } = natOf(kind, options)
  return `flush ruleset
table ip nat {
  ${declared}
  chain pre { type nat hook prerouting priority dstnat; policy accept; ${pre} }
  chain post { type nat hook postrouting priority srcnat; policy accept; ${post} ${MASQUERADE} }
}
table ip filter {
  ${filterOf(kind).join('\n  ')}
}`
}
