/** Each kind of NAT is what its name says, found out from outside; and a NAT that is not is found out, too. */
import { describe, expect, test } from 'vitest'
import { NAT_KINDS, type NatBehaviour, type NatKind } from '../../../src/kernel/testing/nat-kinds.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { SimNat } from '../../../src/kernel/testing/sim-nat.ts'
import { classify, type NatClass } from './nat-probe.ts'

const natOf = (behaviour: NatKind | NatBehaviour): SimNat =>
  new SimNat('198.51.100.1', behaviour, new SeededRandom(11))

type Claim = Pick<NatClass, 'mapping' | 'filtering' | 'isPreserving'>
const claim = (mapping: Claim['mapping'], filtering: Claim['filtering'], isPreserving: boolean): Claim => ({
  ...{ mapping, filtering, isPreserving },
})
const [ANY, ADDRESS, PORT] = [
  ...(['endpoint-independent', 'address-dependent', 'address-and-port-dependent'] as const),
]

const CLAIMS: Readonly<Record<NatKind, Claim>> = {
  home: claim(ANY, PORT, true),
  portRestricted: claim(ANY, PORT, true),
  fullCone: claim(ANY, ANY, true),
  addressRestricted: claim(ANY, ADDRESS, true),
  portChanging: claim(ANY, PORT, false),
  masquerade: claim(ANY, PORT, true),
  poisonable: claim(ANY, PORT, true),
  addressDependent: claim(ADDRESS, PORT, false),
  symmetric: claim(PORT, PORT, false),
  sequential: claim(PORT, PORT, false),
  block: claim(PORT, PORT, false),
}

describe('a probe of three destinations and three repliers finds', () => {
  test.each(Object.entries(CLAIMS))('%s to be what it is called', async (kind, claimed) => {
    expect(await classify(natOf(kind as NatKind))).toMatchObject(claimed)
  })

  test('the step of sequential ports, and that others have none', async () => {
    const within = [20_000, 39_999] as const
    for (const step of [1, 2, 256]) {
      const ports = { how: 'sequential', step, within } as const
      expect((await classify(natOf({ ...NAT_KINDS.sequential, ports }))).step).toBe(step)
    }
    for (const kind of ['symmetric', 'block', 'home'] as const)
      expect((await classify(natOf(kind))).step).toBeUndefined()
  })

  test('a block to be small, and the whole range not', async () => {
    expect((await classify(natOf('block'))).spread).toBeLessThan(512)
    expect((await classify(natOf('symmetric'))).spread).toBeGreaterThan(10_000)
  })
})

describe('the probe contradicts', () => {
  const home = NAT_KINDS.home
  const flawed: readonly (readonly [string, NatBehaviour])[] = [
    ['a mapping by port', { ...home, mapping: PORT, ports: NAT_KINDS.symmetric.ports }],
    ['a mapping by address', { ...home, mapping: ADDRESS, ports: NAT_KINDS.symmetric.ports }],
    ['a filter by address', { ...home, filtering: ADDRESS }],
    ['no filter', { ...home, filtering: ANY }],
    ['other ports', { ...home, ports: NAT_KINDS.symmetric.ports }],
  ]

  test.each(flawed)('a home router with %s', async (_, behaviour) => {
    expect(await classify(natOf(behaviour))).not.toMatchObject(CLAIMS.home)
  })

  test('every claim of another kind, unless the two claim the same', async () => {
    for (const kind of Object.keys(CLAIMS) as NatKind[]) {
      const found = await classify(natOf(kind))
      for (const claimed of Object.values(CLAIMS))
        if (JSON.stringify(claimed) !== JSON.stringify(CLAIMS[kind])) expect(found).not.toMatchObject(claimed)
    }
  })
})
