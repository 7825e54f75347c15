/** What failed for good here costs nothing until somebody asks for it again: no traffic, no log, and `ls` says why it waits. */
import { expect, test } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { ChatError } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { BLOCK, contentOf, filesOf, get, isContent, offer, partAt } from '../support/file-talk.ts'
import { notesAbout, say, townOf } from '../support/ntm-world.ts'

const PATH = '/home/alice/a.bin'
const HOUR_MS = 3_600_000

/** What goes over the network and into the logs in an hour. */
async function hourOf(world: World, ...homes: readonly SimHome[]) {
  const costs = { bytes: 0, events: 0 }
  const tap: Parameters<World['taps']['add']>[0] = (_, { bytes }) => {
    costs.bytes += bytes.length
  }
  world.taps.add(tap)
  const ends = homes.map(({ device }) => device.path.log.appended$.subscribe(() => void (costs.events += 1)))
  await world.run(HOUR_MS)
  world.taps.delete(tap)
  for (const end of ends) end.unsubscribe()
  return costs
}

const failing =
  (...operations: readonly string[]) =>
  ({ files }: SimHome): void => {
    files.faults.fail = (operation, path) =>
      operations.includes(operation) ? new ChatError('DISK_FAILED', `no access to ${path}`) : undefined
  }
const mended = ({ files }: SimHome): void => {
  files.faults.fail = undefined
  files.put('/home/bob/x', new Uint8Array(1))
}

type Change = (alice: SimHome, bob: SimHome) => unknown

test.each<[string, string, Change, Change | undefined]>([
  [
    'a disk that is full, whatever it says of its room',
    'DISK_FULL',
    (_, { files }) => {
      files.faults.fail = (operation, path) => (operation === 'write' ? files.full(path) : undefined)
    },
    (_, bob) => mended(bob),
  ],
  [
    'a folder that cannot be written to',
    'DISK_FAILED',
    (_, bob) => failing('open', 'write')(bob),
    (_, bob) => mended(bob),
  ],
  [
    'a folder that was removed',
    'NOT_FOUND',
    (_, { files }) => files.remove('/home/bob'),
    (_, bob) => mended(bob),
  ],
  [
    'a sender who does not want to',
    'NOT_FOUND',
    alice => alice.call('contact.rm', { name: 'bob.example' }),
    undefined,
  ],
  [
    'a sender who was removed',
    'NOT_FOUND',
    (_, bob) => bob.call('contact.rm', { name: 'alice.example' }),
    undefined,
  ],
  ['a sender whose disk is broken', 'PEER_UNREACHABLE', failing('open', 'read'), mended],
])('%s', async (_, code, breakIt, mend) => {
  const world = new World({ seed: 71 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  const content = contentOf(200 * BLOCK)
  alice.files.put(PATH, content)
  bob.files.put('/home/bob/x', new Uint8Array(1))
  await say(world, alice, bob, 'hi')
  const idle = await hourOf(world, alice, bob)
  const { id } = await offer(world, alice, bob, PATH)
  const part = partAt('/home/bob', 'a.bin', id)
  bob.files.faults.latencyMs = 10
  const got = get(bob, id, '/home/bob')
  await world.untilTrue(() => bob.files.size(part) >= 4 * BLOCK)
  await world.until(Promise.resolve(breakIt(alice, bob)))
  const sizeBytes = bob.files.size(part)
  expect(await world.until(got)).toMatchObject({ code, fields: { reason: code, isWaiting: true } })
  expect(bob.files.size(part), 'noticed in the middle').toBeLessThan(sizeBytes + 100 * BLOCK)
  const notes = await notesAbout(world, bob, id as EventId)
  const waiting = await hourOf(world, alice, bob)
  expect(waiting.events).toBe(0)
  expect(waiting.bytes).toBeLessThan(2 * idle.bytes)
  expect(await notesAbout(world, bob, id as EventId)).toEqual(notes)
  expect(await filesOf(world, bob)).toMatchObject([{ state: 'sending', isWaiting: true, reason: code }])
  if (mend !== undefined) {
    mend(alice, bob)
    await say(world, alice, bob, 'are you there?')
    await world.untilTrue(() => isContent(bob, '/home/bob/a.bin', content))
  }
  await world.end()
})
