/** All directories as one: which answer wins, and that no source can hang or break a lookup. */
import { expect, test } from 'vitest'
import type { PersonId } from '../../src/events/ids.ts'
import {
  ChatError,
  type DirectorySource,
  type LookupFailure,
  type NameRecord,
} from '../../src/kernel/api/index.ts'
import { DirectorySwitch, LOOKUP_DEADLINE_MS } from '../../src/kernel/directory.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { House, settle } from './support/house.ts'

const record: NameRecord = {
  name: 'bob.example',
  person: 'b'.repeat(64) as PersonId,
  serial: 0,
  devices: [],
  bytes: new Uint8Array(1),
}
const explained = new ChatError('NAME_TAKEN', 'the name is gone')
const source = (answer: NameRecord | LookupFailure | ChatError): DirectorySource => ({
  id: 'x',
  lookup: async () => answer,
})

function directoryOf(...sources: DirectorySource[]) {
  const clock = new VirtualClock()
  const house = new House(clock)
  sources.forEach((each, at) => {
    house.install(`plugin${at}`, { directory: [each] })
  })
  return { clock, house, directory: new DirectorySwitch(house.book, clock) }
}

test.each([
  [[], 'unknown'],
  [[source('unknown'), source('unreachable')], 'unreachable'],
  [[source('refused'), source('unreachable')], 'refused'],
  [[source('refused'), source(explained), source('unreachable')], explained],
  [[source(explained), source(record)], record],
  [[source(explained), source('keys-changed')], 'keys-changed'],
  [[source('unreachable'), source(record)], record],
  [[source('keys-changed'), source(record)], 'keys-changed'],
  [[{ id: 'x', lookup: () => Promise.reject(new Error('no')) }, source('unknown')], 'unreachable'],
] as const)('of %j comes %j', async (sources, expected) => {
  expect(await directoryOf(...sources).directory.lookup('bob.example')).toEqual(expected)
})

test('a source that never answers counts as out of reach', async () => {
  const { directory, clock } = directoryOf({ id: 'x', lookup: () => new Promise(() => undefined) })
  const asked = directory.lookup('bob.example')
  await settle()
  while (clock.step());
  expect(await asked).toBe('unreachable')
  expect(clock.monotonicMs()).toBe(LOOKUP_DEADLINE_MS)
})

test('a source that throws is counted against its plugin and passed over', async () => {
  const broken: DirectorySource = {
    id: 'x',
    lookup: () => {
      throw new Error('broken')
    },
  }
  const { directory, house } = directoryOf(broken, source(record))
  expect(await directory.lookup('bob.example')).toBe(record)
  expect(house.fences.get('plugin0')?.failures).toBe(1)
})
