/**
 * Each NAT of the laboratory is what its name says, seen from outside by a probe that knows nothing of its rules.
 * Without this the grid would be a table about something else.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { withCore } from '../topology/core.ts'
import { Namespaces } from '../topology/namespaces.ts'
import { sideOf } from '../topology/side.ts'
import { classified, type Sample } from './classification.ts'
import { kindAt } from './probing.ts'
import { PROFILES, type Profile, profile } from './profiles.ts'

const reason = tellLeftOut('kinds of NAT', whyNoLab())

let namespaces: Namespaces | undefined
afterEach(async () => {
  await namespaces?.close()
  namespaces = undefined
})

const built = async (one: Profile): Promise<Namespaces> => {
  namespaces = await Namespaces.build(withCore(sideOf('a', one)))
  return namespaces
}

describe.skipIf(reason !== undefined)('a probe from behind', () => {
  it.each(PROFILES.map(one => [one.name, one] as const))('%s finds what it is', async (_, one) => {
    expect(await kindAt(await built(one), 'a', one.family)).toEqual(one.is)
  })

  it('a home router that lost its input chain finds that it can be poisoned', async () => {
    const lab = await built(profile('home'))
    await lab.run('ra', 'nft', 'delete', 'chain', 'ip', 'filter', 'input')
    expect(await kindAt(lab, 'a', 'ipv4')).toEqual({ ...(profile('home').is as object), isPoisonable: true })
  })

  it('a home router that forwards what nobody asked for finds a full cone no more than before', async () => {
    const lab = await built(profile('home'))
    await lab.run('ra', 'nft', 'flush', 'chain', 'ip', 'filter', 'forward')
    expect(await kindAt(lab, 'a', 'ipv4')).toEqual(profile('home').is)
  })

  it('an address-restricted router that lets everybody in finds a full cone', async () => {
    const lab = await built(profile('address-restricted'))
    await lab.run('ra', 'nft', 'flush', 'chain', 'ip', 'filter', 'forward')
    expect(await kindAt(lab, 'a', 'ipv4')).toEqual(profile('full cone').is)
  })
})

describe('from what was seen', () => {
  const sample = (local: number, ...seen: [number, number, number]): Sample => ({ local, seen })
  const kindOf = (...samples: Sample[]) => classified({ samples, stranger: { before: 1, after: 1 } })

  it.each([
    ['one port for all', [sample(1, 5, 5, 5), sample(2, 6, 6, 6)], { mapping: 'EIM', keepsPort: false }],
    ['the port kept', [sample(1, 1, 1, 1)], { mapping: 'EIM', keepsPort: true }],
    ['one port for each address', [sample(1, 5, 5, 9)], { mapping: 'ADM' }],
    ['a port for each destination', [sample(1, 50, 9_000, 123)], { mapping: 'APDM', ports: 'any' }],
    ['ports of one block', [sample(1, 50_001, 50_300, 50_017)], { mapping: 'APDM', ports: 'block' }],
    ['ports in steps', [sample(1, 65_000, 65_256, 65_512), sample(2, 232, 488, 744)], { ports: 'steps' }],
  ] as const)('%s is told', (_, samples, kind) => {
    expect(kindOf(...samples)).toMatchObject(kind)
  })

  it('no answer at all means that UDP is blocked', () => {
    expect(classified({ samples: null })).toBe('blocked')
  })
})
