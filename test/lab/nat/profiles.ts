/**
 * The ways in which a host can be connected, by name: the routers between it and the public net, and what a probe
 * from the host must find out about them. The grid and the scenarios speak of these names.
 */
import type { Kind } from './classification.ts'
import type { RouterKind } from './rules.ts'

export type ProfileName =
  | 'public'
  | 'full cone'
  | 'address-restricted'
  | 'home'
  | 'poisonable'
  | 'nopreserve'
  | 'symmetric random'
  | 'block 512'
  | 'sequential'
  | 'address-dependent'
  | 'CGNAT(home+home)'
  | 'CGNAT(home+symmetric)'
  | 'UDP blocked'
  | 'IPv6 firewall'

export interface Profile {
  readonly name: ProfileName
  readonly family: 'ipv4' | 'ipv6'
  /** From the host outwards; none: the host itself is public. */
  readonly routers: readonly RouterKind[]
  readonly is: Kind
}

const CONE = { mapping: 'EIM', isPoisonable: false, ports: 'any' } as const
const HARD = { mapping: 'APDM', filtering: 'APDF', keepsPort: false, isPoisonable: null } as const
const HOME = { ...CONE, filtering: 'APDF', keepsPort: true } as const

export const PROFILES: readonly Profile[] = [
  { name: 'public', family: 'ipv4', routers: [], is: { ...CONE, filtering: 'EIF', keepsPort: true } },
  {
    name: 'full cone',
    family: 'ipv4',
    routers: ['full cone'],
    is: { ...CONE, filtering: 'EIF', keepsPort: true },
  },
  {
    name: 'address-restricted',
    family: 'ipv4',
    routers: ['address-restricted'],
    is: { ...CONE, filtering: 'ADF', keepsPort: true },
  },
  { name: 'home', family: 'ipv4', routers: ['home'], is: HOME },
  { name: 'poisonable', family: 'ipv4', routers: ['poisonable'], is: { ...HOME, isPoisonable: true } },
  { name: 'nopreserve', family: 'ipv4', routers: ['nopreserve'], is: { ...HOME, keepsPort: false } },
  { name: 'symmetric random', family: 'ipv4', routers: ['symmetric random'], is: { ...HARD, ports: 'any' } },
  { name: 'block 512', family: 'ipv4', routers: ['block 512'], is: { ...HARD, ports: 'block' } },
  { name: 'sequential', family: 'ipv4', routers: ['sequential'], is: { ...HARD, ports: 'steps' } },
  {
    name: 'address-dependent',
    family: 'ipv4',
    routers: ['address-dependent'],
    is: { ...HARD, mapping: 'ADM', ports: 'any' },
  },
  { name: 'CGNAT(home+home)', family: 'ipv4', routers: ['home', 'home'], is: HOME },
  {
    name: 'CGNAT(home+symmetric)',
    family: 'ipv4',
    routers: ['home', 'symmetric random'],
    is: { ...HARD, ports: 'any' },
  },
  { name: 'UDP blocked', family: 'ipv4', routers: ['UDP blocked'], is: 'blocked' },
  { name: 'IPv6 firewall', family: 'ipv6', routers: ['firewall'], is: HOME },
]

export const profile = (name: ProfileName): Profile => PROFILES.find(one => one.name === name)!
