/** Files and bad luck: one clear error for each, never half a file under its name, and nothing for whom it was not meant. */
import { expect, test } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { encodeNo } from '../../src/plugins/files/frames.ts'
import { FILE_MAX_BYTES, FILES_PORT } from '../../src/plugins/files/limits.ts'
import { type Offer, offersProjection } from '../../src/plugins/files/offers-view.ts'
import {
  answerTo,
  BLOCK,
  contentOf,
  type FileDocument,
  filesOf,
  get,
  isContent,
  offer,
  partAt,
} from '../support/file-talk.ts'
import { notesAbout, say, townOf } from '../support/ntm-world.ts'

const PATH = '/home/alice/a.bin'

async function pair(seed: number, blocks = 8) {
  const world = new World({ seed })
  const { people } = await townOf(world, 'alice', 'bob', 'carol')
  const content = contentOf(blocks * BLOCK - 3)
  people.alice.files.put(PATH, content)
  for (const who of ['bob', 'carol'] as const) people[who].files.put(`/home/${who}/x`, new Uint8Array(1))
  return { world, ...people, content }
}

const namesAt = (home: SimHome): readonly string[] =>
  home.files.paths().filter(path => path.includes('a.bin') || path.includes('ntm-part'))

/** Which blocks are written from now on. */
const writesOf = ({ files }: SimHome): readonly number[] => {
  const writes: number[] = []
  files.faults.written = at => void writes.push(at / BLOCK)
  return writes
}

test.each<[string, (alice: SimHome) => void]>([
  ['shrinks', ({ files }) => files.put(PATH, contentOf(BLOCK))],
  ['grows', ({ files }) => files.put(PATH, contentOf(9 * BLOCK))],
  ['vanishes', ({ files }) => void files.remove(PATH)],
  ['is another one of the same size', ({ files }) => files.put(PATH, contentOf(8 * BLOCK - 3).fill(1, -1))],
  [
    'reads as another one, unseen by its stamp',
    ({ files }) => {
      files.faults.changed = (block, _, path) => path === PATH && block.fill(1, -1)
    },
  ],
])('a file that %s before it is sent', async (_, change) => {
  const { world, alice, bob } = await pair(51)
  const { id } = await offer(world, alice, bob, PATH)
  change(alice)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'FILE_CHANGED', exitCode: 1 })
  await world.run(5_000)
  expect(namesAt(bob)).toEqual([])
  for (const home of [alice, bob]) expect(await filesOf(world, home)).toMatchObject([{ state: 'failed' }])
  await world.end()
})

test('a disk that is too small is noticed before anything is asked for', async () => {
  const { world, alice, bob } = await pair(53)
  bob.files.faults.capacityBytes = 2 * BLOCK
  const { id } = await offer(world, alice, bob, PATH)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'DISK_FULL', exitCode: 1 })
  expect(namesAt(bob)).toEqual([])
  expect(await filesOf(world, alice)).toMatchObject([{ state: 'offered' }])
  await world.end()
})

test('a disk that fills up in the middle is one error, and with room it goes on', async () => {
  const { world, alice, bob, content } = await pair(54)
  const { id } = await offer(world, alice, bob, PATH)
  bob.files.faults.fail = (operation, path) =>
    operation === 'write' && bob.files.size(path) >= 3 * BLOCK ? bob.files.full(path) : undefined
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'DISK_FULL', exitCode: 1 })
  expect(namesAt(bob)).toEqual([partAt('/home/bob', 'a.bin', id)])
  bob.files.faults.fail = undefined
  const writes = writesOf(bob)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(writes).toEqual([3, 4, 5, 6, 7])
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('a sender who is away is told of, and it goes on by itself when they come', async () => {
  const { world, alice, bob, content } = await pair(55)
  const { id } = await offer(world, alice, bob, PATH)
  await world.until(alice.stop())
  const got = await world.until(get(bob, id, '/home/bob', { timeoutMs: 5_000 }))
  expect(got).toMatchObject({ code: 'PEER_UNREACHABLE', exitCode: 3, fields: { id, state: 'sending' } })
  expect(String(got)).toContain('8 of 8 blocks are missing')
  await world.restart(alice)
  await world.until(say(world, alice, bob, 'I am back'))
  await world.untilTrue(() => bob.files.size('/home/bob/a.bin') > 0)
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('who stops waiting stops the file, and the same words go on with it', async () => {
  const { world, alice, bob, content } = await pair(56, 20)
  const { id } = await offer(world, alice, bob, PATH)
  bob.files.faults.latencyMs = 10
  const line = bob.line()
  const got = line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error)
  await world.untilTrue(() => bob.files.size(partAt('/home/bob', 'a.bin', id)) >= 4 * BLOCK)
  line.hangUp()
  expect(await world.until(got)).toMatchObject({ code: 'STOPPED' })
  await world.until(say(world, alice, bob, 'anything'))
  await world.run(5_000)
  expect(namesAt(bob)).toEqual([partAt('/home/bob', 'a.bin', id)])
  const there = bob.files.size(partAt('/home/bob', 'a.bin', id)) / BLOCK
  const writes = writesOf(bob)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(writes[0]).toBe(there)
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('somebody else gets the answer that there is no such file', async () => {
  const { world, alice, bob, carol } = await pair(57)
  const { id } = await offer(world, alice, bob, PATH)
  await say(world, alice, carol, 'hi')
  const alices = alice.keys.keys.device
  const forTheirs = await answerTo(world, carol, alices, id as EventId)
  expect(forTheirs).toEqual(await answerTo(world, carol, alices, 'e'.repeat(64) as EventId))
  expect(forTheirs).toEqual(Buffer.from(encodeNo('unknown')))
  expect((await answerTo(world, bob, alices, id as EventId)).length).toBeGreaterThan(forTheirs.length)
  await world.end()
})

test('whoever is removed while a file goes to them gets no more of it', async () => {
  const { world, alice, bob } = await pair(63, 200)
  const { id } = await offer(world, alice, bob, PATH)
  for (const home of [alice, bob]) home.files.faults.latencyMs = 10
  const got = get(bob, id, '/home/bob')
  const part = partAt('/home/bob', 'a.bin', id)
  await world.untilTrue(() => bob.files.size(part) >= 4 * BLOCK)
  await world.until(alice.call('contact.rm', { name: 'bob.example' }))
  const before = bob.files.size(part)
  expect(await world.until(got)).toMatchObject({ code: 'NOT_FOUND' })
  // What was on the disk's way, and nothing that was still to be sent.
  expect(bob.files.size(part)).toBeLessThan(before + 20 * BLOCK)
  await world.end()
})

test('whoever asks on too many streams at once is told to come later, and nobody else notices', async () => {
  const { world, alice, bob, carol, content } = await pair(64)
  const { id } = await offer(world, alice, bob, PATH)
  const alices = alice.keys.keys.device
  await say(world, carol, alice, 'hi')
  const { streams, peers } = carol.device.path
  await world.until(peers.reach(alices))
  for (let index = 0; index < 10; index += 1) await world.until(streams.connect(alices, FILES_PORT))
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  expect(await answerTo(world, carol, alices, id as EventId)).toEqual(Buffer.from(encodeNo('busy')))
  await world.end()
})

test('of another file in the place of the offered one nobody hears a byte, whatever they do with what is damaged', async () => {
  const { world, alice, bob } = await pair(62, 2)
  const { id } = await offer(world, alice, bob, PATH)
  alice.files.put(PATH, new Uint8Array(2 * BLOCK - 3).fill(0x53), -1)
  await say(world, bob, alice, 'hi')
  const heard = await answerTo(world, bob, alice.keys.keys.device, id as EventId, () => false)
  const no = Buffer.from(encodeNo('changed'))
  expect(heard.subarray(-no.length)).toEqual(no)
  expect(heard.includes(Buffer.alloc(64, 0x53))).toBe(false)
  await world.end()
})

test.each([FILE_MAX_BYTES + 1, Number.MAX_SAFE_INTEGER])(
  '%i bytes are refused before anything is made',
  async bytes => {
    const { world, alice, bob } = await pair(58)
    const sent = await offer(world, alice, bob, PATH)
    const { offers } = bob.device.path.views.live(offersProjection)
    const found = offers.get(sent.id as EventId)!
    ;(offers as Map<EventId, Offer>).set(found.id, { ...found, bytes })
    expect(await world.until(get(bob, sent.id, '/home/bob'))).toMatchObject({ code: 'FILE_REFUSED' })
    expect(namesAt(bob)).toEqual([])
    await world.end()
  },
)

test('an offer of a stranger is a request, as a text is', async () => {
  const { world, alice, bob, content } = await pair(59)
  const { id } = await offer(world, alice, bob, PATH)
  const { contacts } = (await world.until(bob.call('contact.ls', {}))) as { contacts: object[] }
  expect(contacts).toMatchObject([{ name: 'alice.example', state: 'request' }])
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('several files and a folder arrive at a time', async () => {
  const { world, alice, bob } = await pair(60)
  const folder = { 'one.txt': contentOf(5), 'sub/two.bin': contentOf(3 * BLOCK), 'sub/none': contentOf(0) }
  for (const [path, content] of Object.entries(folder)) alice.files.put(`/home/alice/all/${path}`, content)
  for (let file = 0; file < 6; file += 1) alice.files.put(`/home/alice/${file}`, contentOf(20 * BLOCK + file))
  const paths = ['all', 0, 1, 2, 3, 4, 5].map(name => `/home/alice/${name}`)
  const offers: FileDocument[] = []
  for (const path of paths) offers.push(await offer(world, alice, bob, path))
  for (const home of [alice, bob]) home.files.faults.latencyMs = 1
  const getting = offers.map(({ id }) => get(bob, id, '/home/bob'))
  const half = (file: number): boolean =>
    bob.files.size(partAt('/home/bob', `${file}`, offers[file + 1]!.id)) > BLOCK
  await world.untilTrue(() => [0, 1, 2].every(half))
  for (const got of getting) expect(await world.until(got)).toMatchObject({ state: 'done' })
  for (const [path, content] of Object.entries(folder))
    expect(isContent(bob, `/home/bob/all/${path}`, content)).toBe(true)
  for (let file = 0; file < 6; file += 1)
    expect(isContent(bob, `/home/bob/${file}`, contentOf(20 * BLOCK + file))).toBe(true)
  await world.end()
})

test('a block that arrives damaged is told of, and asked for again', async () => {
  const { world, alice, bob, content } = await pair(61)
  const { id } = await offer(world, alice, bob, PATH)
  let isDamaged = false
  alice.files.faults.changed = (block, at) => {
    if (at !== 3 * BLOCK || isDamaged) return
    isDamaged = true
    block[77]! ^= 1
  }
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  expect(await notesAbout(world, bob, id as EventId)).toContain(
    'block 3 of a.bin arrived damaged and is asked for again',
  )
  await world.end()
})
