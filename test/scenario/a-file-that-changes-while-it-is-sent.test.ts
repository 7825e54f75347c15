/**
 * A file that somebody works on while it is sent: what arrives is what was offered, or the sender says that it has changed,
 * and nothing of it stays. A disk that only cannot read for a while is waited for.
 */
import { expect, test } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { ChatError } from '../../src/kernel/api/index.ts'
import type { MemoryFileDisk } from '../../src/kernel/testing/memory-file-disk.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { encodeNo } from '../../src/plugins/files/frames.ts'
import { answerTo, BLOCK, contentOf, filesOf, get, isContent, offer, partAt } from '../support/file-talk.ts'
import { notesAbout, say, townOf } from '../support/ntm-world.ts'

const PATH = '/home/alice/a.bin'
const GOT = '/home/bob/a.bin'
const BLOCKS = 40
const content = contentOf(BLOCKS * BLOCK - 3)
const NO_CHANGED = Buffer.from(encodeNo('changed'))

/** On disks of 25 MB/s, so that there is a middle. */
async function pair(seed: number, path = PATH) {
  const world = new World({ seed })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  alice.files.put(PATH, content)
  bob.files.put('/home/bob/x', new Uint8Array(1))
  const { id } = await offer(world, alice, bob, path)
  for (const home of [alice, bob]) home.files.faults.latencyMs = 10
  return { world, alice, bob, id }
}

const write = (disk: MemoryFileDisk, at: number): void => {
  // Nothing of it waits: it has happened when this returns.
  void disk.openOwn(PATH).then(file => file.write(Uint8Array.of(99), at))
}

const CHANGED: readonly [string, (disk: MemoryFileDisk) => void][] = [
  ['shrinks', disk => disk.truncate(PATH, 5 * BLOCK)],
  ['grows', disk => write(disk, content.length)],
  ['is written to where it has still to be sent', disk => write(disk, 30 * BLOCK)],
]
/** What was opened is still what was offered. */
const SAME: readonly [string, (disk: MemoryFileDisk) => void][] = [
  ['is written to where it was sent already', disk => write(disk, 0)],
  ['vanishes', disk => void disk.remove(PATH)],
  ['is exchanged for another one', disk => disk.put(PATH, new Uint8Array(7))],
]

const nothingAt = (home: SimHome): void =>
  expect(home.files.paths().filter(path => path.includes('a.bin') || path.includes('ntm-part'))).toEqual([])

test.each(CHANGED)('a file that %s while it is sent has changed, for both', async (_, change) => {
  const { world, alice, bob, id } = await pair(71)
  const got = get(bob, id, '/home/bob')
  await world.untilTrue(() => bob.files.size(partAt('/home/bob', 'a.bin', id)) >= 4 * BLOCK)
  change(alice.files)
  const error = await world.until(got)
  expect(error).toMatchObject({ code: 'FILE_CHANGED', exitCode: 1 })
  expect(String(error)).toContain('a.bin was changed or removed at alice.example after it was offered')
  nothingAt(bob)
  await world.run(5_000)
  for (const home of [alice, bob])
    expect(await filesOf(world, home)).toMatchObject([{ state: 'failed', reason: 'changed' }])
  expect(await notesAbout(world, alice, id as EventId)).toContain(`${PATH} is not any more what was offered`)
  await world.end()
})

test.each(CHANGED)(
  'the sender of a file that %s says so at once, and nothing of what is new',
  async (_, change) => {
    const { world, alice, bob, id } = await pair(72)
    await say(world, bob, alice, 'hi')
    let isChanged = false
    const heard = await answerTo(world, bob, alice.keys.keys.device, id as EventId, bytes => {
      if (bytes >= 4 * BLOCK && !isChanged) change(alice.files)
      isChanged ||= bytes >= 4 * BLOCK
      return false
    })
    expect(heard.subarray(-NO_CHANGED.length)).toEqual(NO_CHANGED)
    // No block that was written to, and none behind it.
    expect(heard.length).toBeLessThan(30 * BLOCK + 4_096)
    await world.end()
  },
)

test.each(SAME)('a file that %s while it is sent arrives as it was offered', async (_, change) => {
  const { world, alice, bob, id } = await pair(73)
  const got = get(bob, id, '/home/bob')
  await world.untilTrue(() => bob.files.size(partAt('/home/bob', 'a.bin', id)) >= 8 * BLOCK)
  change(alice.files)
  expect(await world.until(got)).toMatchObject({ state: 'done', path: GOT })
  expect(isContent(bob, GOT, content)).toBe(true)
  await world.end()
})

test.each(SAME.slice(1))('but one that %s has changed for whoever goes on later', async (_, change) => {
  const { world, alice, bob, id } = await pair(74)
  const line = bob.line()
  const stopped = line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error)
  await world.untilTrue(() => bob.files.size(partAt('/home/bob', 'a.bin', id)) >= 4 * BLOCK)
  line.hangUp()
  expect(await world.until(stopped)).toMatchObject({ code: 'STOPPED' })
  change(alice.files)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'FILE_CHANGED' })
  nothingAt(bob)
  await world.end()
})

test.each<[string, (disk: MemoryFileDisk) => void]>([
  ['vanishes', disk => void disk.remove('/home/alice/all/z.bin')],
  ['grows', disk => disk.put('/home/alice/all/z.bin', contentOf(11))],
])('a folder of which a file %s while it is sent has changed', async (_, change) => {
  const { world, alice, bob } = await pair(75)
  alice.files.put('/home/alice/all/a.bin', content)
  alice.files.put('/home/alice/all/z.bin', contentOf(10))
  const { id } = await offer(world, alice, bob, '/home/alice/all')
  const got = get(bob, id, '/home/bob')
  await world.untilTrue(() => bob.files.paths().some(path => path.includes('ntm-part/tree/')))
  change(alice.files)
  expect(await world.until(got)).toMatchObject({ code: 'FILE_CHANGED' })
  nothingAt(bob)
  await world.end()
})

/** From the fourth block on, for so long. */
function failing({ files }: SimHome, isFailing: () => boolean): void {
  let reads = 0
  files.faults.fail = (operation, path) => {
    if (operation !== 'read' || path !== PATH || !isFailing() || ++reads < 4) return undefined
    return new ChatError('DISK_FAILED', `the access to ${path} failed: EIO`)
  }
}

test('a file that cannot be read for a while is waited for, and goes on from the exact block', async () => {
  const { world, alice, bob, id } = await pair(76)
  const untilMs = world.clock.monotonicMs() + 5_000
  failing(alice, () => world.clock.monotonicMs() < untilMs)
  const writes: number[] = []
  bob.files.faults.written = at => void writes.push(at / BLOCK)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(world.clock.monotonicMs()).toBeGreaterThanOrEqual(untilMs)
  expect(writes).toEqual(Array.from({ length: BLOCKS }, (_, at) => at))
  await world.end()
})

test('a file that cannot be read for long says so; what has arrived stays, and it has not failed', async () => {
  const { world, alice, bob, id } = await pair(77)
  failing(alice, () => true)
  const error = await world.until(get(bob, id, '/home/bob'))
  expect(error).toMatchObject({ code: 'PEER_UNREACHABLE', exitCode: 3 })
  expect(String(error)).toContain('and that cannot read it now; 37 of 40 blocks are missing')
  expect(bob.files.size(partAt('/home/bob', 'a.bin', id))).toBe(3 * BLOCK)
  for (const home of [alice, bob]) expect(await filesOf(world, home)).toMatchObject([{ state: 'sending' }])
  delete alice.files.faults.fail
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  await world.end()
})
