/** Who waits for a file, where, and how patiently; how much of it is there when nobody does; and room that several need. */
import { expect, test } from 'vitest'
import { ChatError } from '../../src/kernel/api/index.ts'
import { World } from '../../src/kernel/testing/world.ts'
import {
  BLOCK,
  contentOf,
  type FileDocument,
  filesOf,
  get,
  isContent,
  offer,
  partAt,
} from '../support/file-talk.ts'
import { say, townOf } from '../support/ntm-world.ts'

const PATH = '/home/alice/a.bin'

/** An offered file that takes a second for 12 MB, so that there is a middle. */
async function offered(seed: number, blocks = 100) {
  const world = new World({ seed })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  const content = contentOf(blocks * BLOCK)
  alice.files.put(PATH, content)
  for (const folder of ['bob', 'elsewhere']) bob.files.put(`/home/${folder}/x`, new Uint8Array(1))
  const { id } = await offer(world, alice, bob, PATH)
  bob.files.faults.latencyMs = 20
  const part = partAt('/home/bob', 'a.bin', id)
  const middle = (): Promise<void> => world.untilTrue(() => bob.files.size(part) >= 4 * BLOCK)
  return { world, alice, bob, content, id, part, middle }
}

test('who does not wait any more is answered at once, and the file goes on as long as somebody waits', async () => {
  const { world, bob, content, id, part, middle } = await offered(81)
  const waiting = [bob.line(), bob.line()]
  const gots = waiting.map(line =>
    line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error),
  )
  await middle()
  for (const [index, line] of waiting.entries()) {
    const askedMs = world.clock.monotonicMs()
    line.hangUp()
    expect(await world.until(gots[index]!)).toMatchObject({ code: 'STOPPED', exitCode: 1, fields: { id } })
    expect(world.clock.monotonicMs() - askedMs).toBeLessThan(500)
    const bytes = bob.files.size(part)
    await world.run(500)
    if (index === 0) expect(bob.files.size(part)).toBeGreaterThan(bytes)
    else expect(bob.files.size(part)).toBe(bytes)
  }
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('whoever asks while the one before is being stopped gets it', async () => {
  const { world, bob, content, id, middle } = await offered(82)
  const line = bob.line()
  const stopped = line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error)
  await middle()
  line.hangUp()
  const got = get(bob, id, '/home/bob')
  expect(await world.until(stopped)).toMatchObject({ code: 'STOPPED' })
  expect(await world.until(got)).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await world.end()
})

test('what is on its way begins anew elsewhere, but not under the eyes of somebody who waits', async () => {
  const { world, alice, bob, content, id, part, middle } = await offered(83)
  const line = bob.line()
  const first = line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error)
  await middle()
  const refused = await world.until(get(bob, id, '/home/elsewhere'))
  expect(refused).toMatchObject({ code: 'USAGE' })
  expect(String(refused)).toContain('somebody waits for a.bin in /home/bob')
  world.crash(bob)
  await world.restart(bob)
  await say(world, alice, bob, 'there you are')
  const bytes = bob.files.size(part)
  await world.untilTrue(() => bob.files.size(part) > bytes)
  expect(await world.until(get(bob, id, '/home/elsewhere'))).toMatchObject({ path: '/home/elsewhere/a.bin' })
  expect(isContent(bob, '/home/elsewhere/a.bin', content)).toBe(true)
  expect(bob.files.paths().filter(path => path.startsWith('/home/bob/'))).toEqual(['/home/bob/x'])
  void first
  await world.end()
})

test('whoever joins a file on its way is as patient as they say', async () => {
  const { world, alice, bob, id, middle } = await offered(84)
  void get(bob, id, '/home/bob', { timeoutMs: 3_600_000 })
  await middle()
  world.crash(bob)
  await world.restart(bob)
  await say(world, alice, bob, 'there you are')
  const [{ doneBytes }] = (await filesOf(world, bob)) as [FileDocument]
  await world.untilTrue(() => bob.files.size(partAt('/home/bob', 'a.bin', id)) > doneBytes)
  world.crash(alice)
  const askedMs = world.clock.monotonicMs()
  const got = await world.until(get(bob, id, '/home/bob', { timeoutMs: 3_000 }))
  expect(got).toMatchObject({ code: 'PEER_UNREACHABLE' })
  expect(world.clock.monotonicMs() - askedMs).toBeLessThan(25_000)
  await world.end()
})

test('how much is there is told, whoever died and whatever stopped it', async () => {
  const { world, alice, bob, id, part, middle } = await offered(85)
  const line = bob.line()
  const got = line.call('file.get', { id, path: '/home/bob' }).catch((error: unknown) => error)
  await middle()
  expect(await filesOf(world, bob)).toMatchObject([{ state: 'sending', isWaiting: false, reason: null }])
  expect(await filesOf(world, alice)).toMatchObject([{ state: 'sending', isWaiting: false }])
  line.hangUp()
  const stopped = (await world.until(got)) as ChatError
  const waiting = { doneBytes: bob.files.size(part), isWaiting: true, reason: 'STOPPED' }
  expect(waiting.doneBytes).toBeGreaterThan(4 * BLOCK)
  expect(stopped.fields).toMatchObject({ ...waiting, mbPerSecond: expect.any(Number) })
  expect(await filesOf(world, bob)).toMatchObject([{ ...waiting, mbPerSecond: null }])
  await world.run(1_000)
  expect(await filesOf(world, alice)).toMatchObject([
    { state: 'sending', isWaiting: true, mbPerSecond: null },
  ])
  await world.until(bob.stop())
  await world.restart(bob)
  expect(await filesOf(world, bob)).toMatchObject([waiting])
  await world.end()
})

test('room that a file on its way will need is not promised to another one', async () => {
  const { world, alice, bob, content, id } = await offered(86, 60)
  const others: FileDocument[] = []
  for (const name of ['b', 'c']) {
    alice.files.put(`/home/alice/${name}`, content)
    others.push(await offer(world, alice, bob, `/home/alice/${name}`))
  }
  bob.files.faults.capacityBytes = 100 * BLOCK
  const gots = [id, ...others.map(other => other.id)].map(each => get(bob, each, '/home/bob'))
  const ends = (await Promise.all(gots.map(got => world.until(got)))) as { code?: string; state?: string }[]
  expect(ends.map(({ code, state }) => code ?? state).sort()).toEqual(['DISK_FULL', 'DISK_FULL', 'done'])
  expect(bob.files.paths().filter(path => path.includes('ntm-part'))).toEqual([])
  expect((await filesOf(world, bob)).map(({ state }) => state).sort()).toEqual(['done', 'offered', 'offered'])
  bob.files.faults.capacityBytes = 200 * BLOCK
  for (const { id: each } of others)
    expect(await world.until(get(bob, each, '/home/bob'))).toMatchObject({ state: 'done' })
  await world.end()
})

test('a folder that cannot be written to is noticed before anybody is told that the file is wanted', async () => {
  const { world, alice, bob, id } = await offered(87)
  bob.files.faults.fail = (operation, path) =>
    operation === 'open' ? new ChatError('DISK_FAILED', `no access to ${path}`) : undefined
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'DISK_FAILED' })
  await world.run(5_000)
  for (const home of [alice, bob]) expect(await filesOf(world, home)).toMatchObject([{ state: 'offered' }])
  await world.end()
})

test.each(['part', 'folder'])('a %s that is removed in the middle is told of by its name', async what => {
  const { world, bob, id, part, middle } = await offered(88)
  const got = get(bob, id, '/home/bob')
  await middle()
  await bob.files.remove(what === 'part' ? part : '/home/bob')
  const error = await world.until(got)
  expect(error).toMatchObject({ code: 'NOT_FOUND' })
  expect(String(error)).toContain('what had arrived of a.bin was removed from /home/bob')
  await world.end()
})

test('that an offer is of no use any more is said once, however often it is asked for', async () => {
  const { world, alice, bob, id } = await offered(89)
  await alice.files.remove(PATH)
  const said: string[] = []
  bob.device.path.log.appended$.subscribe(({ event }) => said.push(event.envelope.type))
  for (let time = 0; time < 3; time += 1)
    expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ code: 'FILE_CHANGED' })
  await world.run(5_000)
  expect(said.filter(type => type === 'file.failed').length).toBeLessThanOrEqual(2)
  expect(bob.files.paths().filter(path => path.includes('ntm-part'))).toEqual([])
  await world.end()
})

test('a slow file has a rate as well', async () => {
  const { world, alice, bob } = await offered(90)
  alice.files.put('/home/alice/note', contentOf(300))
  const { id } = await offer(world, alice, bob, '/home/alice/note')
  world.network.faults = { ...world.network.faults, latencyMs: [1_000, 1_000] }
  const { mbPerSecond } = (await world.until(get(bob, id, '/home/bob'))) as FileDocument
  expect(mbPerSecond).toBeGreaterThan(0)
  expect(mbPerSecond).toBeLessThan(0.0005)
  await world.end()
})

test('what is given up leaves nothing, its sender is told, and it can be had all the same', async () => {
  const { world, alice, bob, content, id, middle } = await offered(92)
  const got = get(bob, id, '/home/bob')
  await middle()
  expect(await world.until(bob.call('file.rm', { id }))).toMatchObject({ state: 'failed', reason: 'refused' })
  expect(await world.until(got)).toMatchObject({ code: 'STOPPED' })
  await say(world, alice, bob, 'do you not want it?')
  await world.run(120_000)
  expect(bob.files.paths().filter(path => path.startsWith('/home/bob/'))).toEqual(['/home/bob/x'])
  expect(await filesOf(world, alice)).toMatchObject([{ state: 'failed', reason: 'refused' }])
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/a.bin', content)).toBe(true)
  await expect(world.until(bob.call('file.rm', { id }))).rejects.toMatchObject({ code: 'USAGE' })
  await expect(world.until(alice.call('file.rm', { id }))).rejects.toMatchObject({ code: 'USAGE' })
  await world.end()
})
