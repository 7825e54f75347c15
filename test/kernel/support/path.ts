/**
 * A data path over a disk in memory, with one law: whoever introduces himself by a kept event may write.
 */
import type { Recorded } from '../../../src/events/envelope.ts'
import type { PersonId } from '../../../src/events/ids.ts'
import type { Contributions, RuleBundle, Verdict } from '../../../src/kernel/api/index.ts'
import { DataPath } from '../../../src/kernel/data-path.ts'
import { MemoryDisk, type MemoryDiskFaults } from '../../../src/kernel/testing/memory-disk.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { openStore } from '../../../src/store/log-store.ts'
import { deviceOf } from '../../support/sealing.ts'
import { testVault } from '../../support/test-vault.ts'
import { House } from './house.ts'

export const SELF = deviceOf(200)

export const OPEN_LAW: RuleBundle = {
  name: 'test/1',
  governs: () => true,
  authors: kept => new Set(kept.map(({ envelope }) => envelope.author)),
  voids: () => new Map(),
}

export interface Options {
  readonly disk?: MemoryDisk
  readonly faults?: MemoryDiskFaults
  readonly contributes?: Contributions
  readonly seed?: number
}

export async function openPath({ faults, contributes, seed = 1, ...options }: Options = {}) {
  const clock = new VirtualClock()
  const house = new House(clock)
  const disk = options.disk ?? new MemoryDisk(faults)
  const store = await openStore({ disk, vault: testVault() })
  const told: string[] = []
  const path = new DataPath({
    tell: sentence => told.push(sentence),
    clock,
    random: new SeededRandom(seed),
    signer: SELF,
    person: 'f'.repeat(64) as PersonId,
    store,
    contributions: house.book,
  })
  house.install('law', contributes ?? { rule: [OPEN_LAW] })
  await path.start()
  const appended: Recorded[] = []
  path.log.appended$.subscribe(recorded => appended.push(recorded))
  return { clock, house, disk, store, path, appended, told, log: path.log, gate: path.gate }
}

/** Verdicts as words, in order. */
export const kindsOf = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map(verdict => (verdict.kind === 'refused' ? verdict.why : verdict.kind))
