/** Alice offers a file, Bob gets it; it survives the death of either of them, and goes on from the exact block. */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { BLOCK, contentOf, filesOf, get, isContent, offer, partAt } from '../support/file-talk.ts'
import { failuresOf, say, townOf } from '../support/ntm-world.ts'

test('a file arrives whole', async () => {
  const world = new World({ seed: 41 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  for (const home of [alice, bob]) expect(failuresOf(home)).toEqual([])
  const content = contentOf(3 * BLOCK + 17)
  alice.files.put('/home/alice/notes.txt', content)
  bob.files.put('/home/bob/other', new Uint8Array(1))
  const sent = await offer(world, alice, bob, '/home/alice/notes.txt')
  expect(sent).toMatchObject({
    name: 'notes.txt',
    bytes: content.length,
    state: 'offered',
    mbPerSecond: null,
  })
  expect(await filesOf(world, bob)).toMatchObject([{ id: sent.id, state: 'offered' }])
  const got = await world.until(bob.call('file.get', { id: sent.id, path: '/home/bob' }))
  expect(got).toMatchObject({ state: 'done', path: '/home/bob/notes.txt' })
  expect(isContent(bob, '/home/bob/notes.txt', content)).toBe(true)
  expect(bob.files.paths().filter(path => path.includes('ntm-part'))).toEqual([])
  await world.run(5_000)
  expect(await filesOf(world, alice)).toMatchObject([{ state: 'done' }])
  await world.end()
})

test.each(['bob', 'alice'] as const)(
  'when %s dies in the middle, it goes on from the exact block',
  async who => {
    const world = new World({ seed: 42 })
    const { people } = await townOf(world, 'alice', 'bob')
    const { alice, bob } = people
    const blocks = 40
    const content = contentOf(blocks * BLOCK - 5)
    alice.files.put('/home/alice/film.mp4', content)
    bob.files.put('/home/bob/other', new Uint8Array(1))
    // A disk of 12 MB/s, so that there is a middle.
    bob.files.faults.latencyMs = 20
    const { id } = await offer(world, alice, bob, '/home/alice/film.mp4')
    const getting = bob.call('file.get', { id, path: '/home/bob' }).catch((error: Error) => error)
    const part = partAt('/home/bob', 'film.mp4', id)
    await world.untilTrue(() => bob.files.size(part) >= 10 * BLOCK)
    expect(bob.files.content('/home/bob/film.mp4')).toBeUndefined()

    const writes: number[] = []
    const victim = people[who]
    world.crash(victim)
    const written = bob.files.size(part) / BLOCK
    bob.files.faults.written = at => void writes.push(at / BLOCK)
    await world.run(1_000)
    await world.restart(victim)
    if (who === 'alice') expect(await world.until(getting)).toMatchObject({ state: 'done' })
    await world.untilTrue(() => bob.files.size('/home/bob/film.mp4') > 0)
    expect(isContent(bob, '/home/bob/film.mp4', content)).toBe(true)
    expect(writes).toEqual(Array.from({ length: blocks - written }, (_, at) => written + at))
    await world.run(5_000)
    expect(await filesOf(world, alice)).toMatchObject([{ state: 'done' }])
    await world.end()
  },
)

test('what has arrived stays, wherever else it is asked for in vain, and goes on where no place is named', async () => {
  const world = new World({ seed: 43 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  const content = contentOf(24 * BLOCK)
  alice.files.put('/home/alice/film.mp4', content)
  bob.files.put('/home/bob/other', new Uint8Array(1))
  bob.files.put('/home/elsewhere/other', new Uint8Array(1))
  bob.files.faults.latencyMs = 20
  const { id } = await offer(world, alice, bob, '/home/alice/film.mp4')
  const part = partAt('/home/bob', 'film.mp4', id)
  void get(bob, id, '/home/bob')
  await world.untilTrue(() => bob.files.size(part) >= 10 * BLOCK)
  world.crash(bob)
  world.crash(alice)
  await world.run(1_000)
  await world.restart(bob)
  const arrived = bob.files.size(part)
  expect(await world.until(get(bob, id, '/home/nowhere/film.mp4'))).toMatchObject({ code: 'NOT_FOUND' })
  expect(bob.files.size(part)).toBe(arrived)
  const writes: number[] = []
  bob.files.faults.written = at => void writes.push(at / BLOCK)
  const getting = get(bob, id, '/home/elsewhere', { isAnywhere: true })
  await world.run(1_000)
  await world.restart(alice)
  expect(await world.until(getting)).toMatchObject({ state: 'done', path: '/home/bob/film.mp4' })
  expect(writes[0]).toBe(arrived / BLOCK)
  await world.end()
})

test.each(['photos', 'film.mp4'])(
  'the power goes when %s has its name and nobody was told: it is not fetched again',
  async name => {
    const world = new World({ seed: 44 })
    const { people } = await townOf(world, 'alice', 'bob')
    const { alice, bob } = people
    const isFolder = name === 'photos'
    const content = contentOf(3 * BLOCK)
    alice.files.put(isFolder ? '/home/alice/photos/a.jpg' : '/home/alice/film.mp4', content)
    bob.files.put('/home/bob/other', new Uint8Array(1))
    const { id } = await offer(world, alice, bob, `/home/alice/${name}`)
    bob.diskFaults.slowSync = () => new Promise(resolve => world.clock.after(20, resolve))
    const lost = get(bob, id, '/home/bob')
    // Somebody else gets the name first.
    const named = isFolder ? 'photos (2)' : 'film (2).mp4'
    await world.untilTrue(() => bob.files.paths().includes(partAt('/home/bob', name, id)))
    bob.files.put(isFolder ? '/home/bob/photos/x' : '/home/bob/film.mp4', new Uint8Array(1))
    await world.untilTrue(() => bob.files.paths().includes(`/home/bob/${named}`))
    world.crash(bob)
    expect(await filesOf(world, alice)).toMatchObject([{ state: 'sending' }])
    const writes: number[] = []
    bob.files.faults.written = at => void writes.push(at)
    await world.run(1_000)
    await world.restart(bob)
    const got = await world.until(get(bob, id, '/home/bob', { isAnywhere: true }))
    expect(got).toMatchObject({ state: 'done', path: `/home/bob/${named}` })
    expect(writes).toEqual([])
    expect(bob.files.paths().filter(path => path.includes('(3)') || path.includes('ntm-part'))).toEqual([])
    await world.run(5_000)
    expect(await filesOf(world, alice)).toMatchObject([{ state: 'done' }])
    void lost
    await world.end()
  },
)

test('what has arrived is not fetched twice: get says where it is, or that it is not there any more', async () => {
  const world = new World({ seed: 45 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  alice.files.put('/home/alice/film.mp4', contentOf(BLOCK))
  for (const folder of ['bob', 'elsewhere']) bob.files.put(`/home/${folder}/other`, new Uint8Array(1))
  const { id } = await offer(world, alice, bob, '/home/alice/film.mp4')
  const there = { state: 'done', path: '/home/bob/film.mp4' }
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject(there)
  expect(await world.until(get(bob, id, '/home/elsewhere'))).toMatchObject(there)
  await world.until(bob.stop())
  await world.restart(bob)
  expect(await world.until(get(bob, id, '/home/bob'))).toMatchObject(there)
  await bob.files.remove('/home/bob/film.mp4')
  const gone = await world.until(get(bob, id, '/home/bob'))
  expect(gone).toMatchObject({ code: 'NOT_FOUND', hint: expect.stringContaining('sent again') })
  expect(String(gone)).toContain('film.mp4 arrived as /home/bob/film.mp4, and is not there any more')
  await world.end()
})

test('the power goes when an offer was said, and before anything else is on the disk: it can be had', async () => {
  const world = new World({ seed: 46 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  const content = contentOf(3 * BLOCK)
  alice.files.put('/home/alice/film.mp4', content)
  bob.files.put('/home/bob/other', new Uint8Array(1))
  await say(world, alice, bob, 'a film is coming')
  alice.diskFaults.slowSync = () => new Promise(resolve => world.clock.after(1_000, resolve))
  let isSaid = false
  alice.device.path.log.appended$.subscribe(({ event }) => {
    isSaid ||= event.envelope.type === 'file.offered'
  })
  const sending = alice.call('file.send', { to: 'bob.example', path: '/home/alice/film.mp4' })
  sending.catch(() => undefined)
  await world.untilTrue(() => isSaid)
  world.crash(alice)
  delete alice.diskFaults.slowSync
  await world.run(1_000)
  await world.restart(alice)
  await say(world, alice, bob, 'here it is')
  const [file] = await filesOf(world, bob)
  expect(await world.until(get(bob, file!.id, '/home/bob'))).toMatchObject({ state: 'done' })
  expect(isContent(bob, '/home/bob/film.mp4', content)).toBe(true)
  await world.end()
})
