/**
 * A device whose start fails leaves nothing open behind, and what whoever runs it should know is told in
 * sentences, also what happened before anybody could listen.
 */
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/kernel/config.ts'
import { type DeviceParts, startDevice } from '../../src/kernel/device.ts'
import { deviceKeys, newSeed } from '../../src/kernel/keys.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { SimNetwork } from '../../src/kernel/testing/sim-network.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { openVault } from '../../src/kernel/vault.ts'
import { DiskError } from '../../src/store/disk.ts'
import { type LogStore, openStore } from '../../src/store/log-store.ts'
import { plugin } from '../support/house.ts'

const boom = (): never => {
  throw new Error('boom')
}

async function partsWith(plugins: DeviceParts['plugins'], change: (store: LogStore) => void = () => {}) {
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  const seed = newSeed(random)
  const disk = new MemoryDisk()
  const store = await openStore({ disk, vault: openVault(newSeed(random), random) })
  change(store)
  const network = new SimNetwork(clock, random).host('10.0.0.1')
  const config = parseConfig('{}')
  return {
    disk,
    parts: { clock, random, network, store, keys: deviceKeys(seed), person: undefined, plugins, config },
  }
}

const folds = (create: () => never) =>
  plugin('test.folder', { contributes: { projection: [{ name: 'test.fold', version: 1, create }] } })

test('a log that cannot be folded is closed again, and the plugins are stopped', async () => {
  const { disk, parts } = await partsWith([], store => {
    store.snapshot = async () => {
      throw new DiskError('failed', 'the disk is gone')
    }
  })
  const state = {
    apply: () => {},
    fingerprint: () => new Uint8Array(),
    save: () => new Uint8Array(),
    load: () => {},
  }
  const starting = startDevice({ ...parts, plugins: [folds(() => state as never)] })
  await expect(starting).rejects.toMatchObject({ code: 'DISK_FAILED' })
  await expect(disk.get(Uint8Array.of(0))).rejects.toThrow('the disk is closed')
})

test('refusals, failures and untidy stops are told', async () => {
  const untidy = plugin('test.untidy', {
    start: async ({ spawn }) => spawn('dreaming', async () => boom()),
    stop: async () => boom(),
  })
  const refused = plugin('test.refused', { needs: { nothing: { id: 'test.nothing' } } })
  const { parts } = await partsWith([untidy, refused])
  const device = await startDevice(parts)
  const told: string[] = []
  device.notice$.subscribe(sentence => told.push(sentence))
  device.path.journal.note('DC 192.0.2.1:4500 refuses this node')
  await device.stop()
  expect(told).toEqual([
    'test.refused is refused: it needs test.nothing, which nothing here provides.',
    'test.untidy failed in dreaming: boom.',
    'DC 192.0.2.1:4500 refuses this node',
    'test.untidy did not stop cleanly: boom.',
  ])
})
