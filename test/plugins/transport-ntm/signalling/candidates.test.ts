/** Candidates open for the one device that they were sealed to, and for nobody else. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import {
  type Candidate,
  candidateSealer,
} from '../../../../src/plugins/transport-ntm/signalling/candidates.ts'
import {
  CANDIDATES_MAX,
  SEALED_CANDIDATES_MAX_BYTES,
} from '../../../../src/plugins/transport-ntm/signalling/limits.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { testDevice } from '../../../support/named-person.ts'
import { testAgreement } from '../signalling-world.ts'

const [alice, bob, eve] = ['alice', 'bob', 'eve'].map(who => testDevice(who).tunnelKey) as [
  never,
  never,
  never,
]
const sealerOf = (key: never) => candidateSealer(testAgreement(key), new SeededRandom(1))
const CANDIDATES: readonly Candidate[] = [
  { kind: 'host', endpoint: { address: '192.168.1.7', port: 40_000 } },
  { kind: 'mapped', endpoint: { address: '203.0.113.9', port: 1 } },
  { kind: 'reflexive', endpoint: { address: '2001:db8::1', port: 65_535 } },
]

describe('sealed candidates', () => {
  const sealed = sealerOf(alice).seal(bob, CANDIDATES)!

  test('open for the device they were sealed to', () => {
    expect(sealerOf(bob).open(alice, sealed)).toEqual({ ok: true, value: CANDIDATES })
    expect(sealerOf(bob).open(alice, sealerOf(alice).seal(bob, [])!)).toEqual({ ok: true, value: [] })
  })

  test('open for nobody else, and not for their author when handed back', () => {
    expect(sealerOf(eve).open(alice, sealed)).toEqual({ ok: false, why: 'candidates-forged' })
    expect(sealerOf(bob).open(eve, sealed)).toEqual({ ok: false, why: 'candidates-forged' })
    expect(sealerOf(alice).open(bob, sealed)).toEqual({ ok: false, why: 'candidates-forged' })
  })

  test('are at most 16, and addresses that mean nothing elsewhere are left out', () => {
    const many = Array.from({ length: 20 }, (_, at) => ({
      kind: 'host' as const,
      endpoint: { address: `10.0.0.${at}`, port: 9 },
    }))
    const box = sealerOf(alice).seal(bob, many)!
    expect(box.length).toBe(SEALED_CANDIDATES_MAX_BYTES)
    const opened = sealerOf(bob).open(alice, box)
    expect(opened.ok && opened.value.length).toBe(CANDIDATES_MAX)
    const local = [{ kind: 'host' as const, endpoint: { address: 'fe80::1%eth0', port: 9 } }]
    expect(sealerOf(bob).open(alice, sealerOf(alice).seal(bob, local)!)).toEqual({ ok: true, value: [] })
  })

  test('a key of low order seals nothing and opens nothing', () => {
    const keys = {
      tunnelKey: alice,
      agree: () => {
        throw new Error('low order')
      },
    }
    const sealer = candidateSealer(keys, new SeededRandom(1))
    expect(sealer.seal(bob, CANDIDATES)).toBeUndefined()
    expect(sealer.open(bob, sealed)).toEqual({ ok: false, why: 'candidates-forged' })
  })

  test('any change is noticed', () => {
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(60), (at, by, cut) => {
        const damaged = Uint8Array.from(sealed)
        damaged[at]! ^= by
        expect(sealerOf(bob).open(alice, damaged).ok).toBe(false)
        expect(sealerOf(bob).open(alice, sealed.subarray(0, sealed.length - 1 - cut)).ok).toBe(false)
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })
})
