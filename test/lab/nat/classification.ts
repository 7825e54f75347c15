/**
 * What kind of NAT somebody is behind, from what a probe saw: the laboratory's judge of its own routers, pure so
 * that it can be shown to tell each kind from the others. Words of RFC 4787: endpoint-independent (EI), address-
 * dependent (AD), address- and port-dependent (APD), for mapping (M) and filtering (F).
 */
import { BLOCK } from './rules.ts'

interface Known {
  readonly mapping: 'EIM' | 'ADM' | 'APDM'
  readonly filtering: 'EIF' | 'ADF' | 'APDF'
  /** Outside the port is what it is inside. */
  readonly keepsPort: boolean
  /** A stranger who comes first takes our mapping's place; unknown where each destination has its own mapping. */
  readonly isPoisonable: boolean | null
  /** How ports are chosen where each destination has its own. */
  readonly ports: 'any' | 'block' | 'steps'
}
export type Kind = Known | 'blocked'

export interface Sample {
  readonly local: number
  /** By a first destination, another port of it, and another address. */
  readonly seen: readonly [number, number, number]
}

export interface Observations {
  /** None when nothing was answered. */
  readonly samples: readonly Sample[] | null
  readonly opened?: { readonly otherPort: boolean; readonly otherAddress: boolean }
  readonly stranger?: { readonly before: number; readonly after: number | null }
}

const mappingOf = (samples: readonly Sample[]): Known['mapping'] => {
  if (samples.every(({ seen }) => new Set(seen).size === 1)) return 'EIM'
  return samples.every(({ seen: [first, otherPort] }) => first === otherPort) ? 'ADM' : 'APDM'
}

const PORTS = 0x1_0000
/** Somebody else's mapping may come between. */
const STEADY_SHARE = 0.7

const isSteady = (ports: readonly number[]): boolean => {
  const steps = ports.slice(1).map((port, n) => (port - ports[n]! + PORTS) % PORTS)
  const commonest = Math.max(...steps.map(step => steps.filter(other => other === step).length))
  return commonest / steps.length >= STEADY_SHARE
}

const portsOf = (samples: readonly Sample[]): Known['ports'] => {
  const ports = samples.flatMap(({ seen }) => seen)
  if (ports.every(port => port >= BLOCK.from && port <= BLOCK.to)) return 'block'
  return isSteady(ports) ? 'steps' : 'any'
}

export function classified({ samples, opened, stranger }: Observations): Kind {
  if (samples === null) return 'blocked'
  const mapping = mappingOf(samples)
  const filtering = opened?.otherAddress ? 'EIF' : opened?.otherPort ? 'ADF' : 'APDF'
  return {
    mapping,
    filtering,
    keepsPort: samples.every(({ local, seen }) => seen.every(port => port === local)),
    isPoisonable: mapping === 'EIM' ? stranger?.before !== stranger?.after : null,
    ports: mapping === 'APDM' ? portsOf(samples) : 'any',
  }
}
