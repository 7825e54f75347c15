/**
 * Files between real processes: offered, fetched, killed in the middle on either side, and gone on with; what cannot be
 * had says why, and there is never half a file under a final name.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, type Run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const BLOCK = 256 * 1024
const LARGE_BYTES = 96 * 1024 * 1024 + 3
/** Long enough to die in. */
const MIDDLE_BYTES = 8 * 1024 * 1024

const town = townOfThisFile()
const nodes = new Map<string, Staying>()
let inbox = ''
let large = ''

const up = async (...people: readonly string[]): Promise<void> => {
  for (const who of people) nodes.set(who, await town.up(who))
}
const kill = async (who: string): Promise<void> => void (await nodes.get(who)!.stop('SIGKILL'))

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
  await town.init('bob')
  large = join(town.root, 'large.bin')
  const random = new SeededRandom(5).bytes(64 * 1024)
  const content = Buffer.alloc(LARGE_BYTES, random)
  for (let at = 0; at < LARGE_BYTES; at += BLOCK)
    content.writeUInt32BE(at / BLOCK, Math.min(at, LARGE_BYTES - 4))
  writeFileSync(large, content)
})
beforeEach(() => {
  inbox = join(town.root, `inbox-${readdirSync(town.root).length}`)
  mkdirSync(inbox)
})
afterEach(async () => {
  for (const node of nodes.values()) await node.stop()
  nodes.clear()
})

const offered = async (path: string, more: readonly string[] = []): Promise<string> => {
  const sent = expectDone(
    await town.at('alice', ['file', 'send', town.name('bob'), path, ...more]),
    promised.file,
  )
  expect(sent.state).toBe('offered')
  await untilTrue(async () => (await listed('bob')).some(({ id }) => id === sent.id))
  return sent.id
}
const listed = async (who: string): Promise<readonly Document[]> =>
  expectDone(await town.at(who, ['file', 'ls']), promised.files).files
const get = (id: string): Promise<Run> => town.at('bob', ['file', 'get', id, inbox])

/** Asks again and again; the test's own time limit ends it. */
const untilTrue = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise(done => setTimeout(done, 5))
}
const partOf = (id: string): string => `.large.bin.${id.slice(0, 16)}.ntm-part`
const partBytes = (id: string): number =>
  statSync(join(inbox, partOf(id)), { throwIfNoEntry: false })?.size ?? 0
/** Of the part, as far as there are whole blocks. */
const wholeBytes = (id: string): number => Math.floor(partBytes(id) / BLOCK) * BLOCK

/** Gets it at the node that runs; how it ended, and how much came for that. */
async function watched(id: string): Promise<{ readonly state: unknown; readonly movedBytes: number }> {
  let movedBytes = Number.NaN
  const onItem = (item: unknown): void => {
    movedBytes = (item as { movedBytes: number }).movedBytes
  }
  const session = await town.session('bob')
  const { state } = (await session.call('file.get', { id, path: inbox }, { onItem })) as { state: unknown }
  return { state, movedBytes }
}

const isWhole = (): boolean =>
  Buffer.compare(readFileSync(join(inbox, 'large.bin')), readFileSync(large)) === 0

test('a file and a folder arrive, and both sides know it', async () => {
  await up('alice', 'bob')
  const folder = join(town.root, 'photos')
  mkdirSync(join(folder, 'sub'), { recursive: true })
  writeFileSync(join(folder, 'a.txt'), 'hello')
  writeFileSync(join(folder, 'sub', 'b'), '')
  for (const path of [large, folder]) {
    const id = await offered(path)
    const got = expectDone(await get(id), promised.file)
    expect(got).toMatchObject({ id, state: 'done' })
    expect(got.mbPerSecond).toBeGreaterThan(0)
    await untilTrue(async () => (await listed('alice')).find(file => file.id === id)?.state === 'done')
    expect((await listed('bob')).find(file => file.id === id)).toMatchObject({ state: 'done' })
    expect(expectDone(await get(id), promised.file)).toMatchObject({ id, path: got.path })
  }
  expect(isWhole()).toBe(true)
  expect(statSync(join(inbox, 'large.bin')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(inbox, 'photos', 'a.txt'), 'utf8')).toBe('hello')
  expect(readdirSync(inbox).sort()).toEqual(['large.bin', 'photos'])
  rmSync(join(inbox, 'large.bin'))
  expectRefused(await get((await listed('bob'))[0]!.id), 1, 'NOT_FOUND')
})

test('when the one who gets it is killed, it goes on from where it was', async () => {
  await up('alice', 'bob')
  const id = await offered(large)
  const cut = get(id)
  await untilTrue(() => partBytes(id) > MIDDLE_BYTES)
  await kill('bob')
  expect(expectRefused(await cut, 1, 'NOT_RUNNING')).toMatchObject({ id })
  expect(existsSync(join(inbox, 'large.bin'))).toBe(false)
  const there = wholeBytes(id)
  // So that nothing comes before somebody watches.
  await kill('alice')
  await up('bob')
  const getting = watched(id)
  await up('alice')
  expect(await getting).toEqual({ state: 'done', movedBytes: LARGE_BYTES - there })
  expect(isWhole()).toBe(true)
})

test('when the one who sends it is killed, getting it waits and goes on', async () => {
  await up('alice', 'bob')
  const id = await offered(large)
  const getting = watched(id)
  await untilTrue(() => partBytes(id) > MIDDLE_BYTES)
  await kill('alice')
  const there = partBytes(id)
  expect(there).toBeLessThan(LARGE_BYTES)
  await up('alice')
  // Nothing came twice.
  expect(await getting).toEqual({ state: 'done', movedBytes: LARGE_BYTES })
  expect((await listed('alice')).find(file => file.id === id)?.mbPerSecond).toBeGreaterThan(0)
  expect(isWhole()).toBe(true)
})

test('who cannot be reached is named, and later the same words go on', async () => {
  await up('alice', 'bob')
  const id = await offered(large)
  await nodes.get('alice')!.stop()
  const refused = await town.at('bob', ['file', 'get', id, inbox, '--timeout', '1'])
  expect(expectRefused(refused, 3, 'PEER_UNREACHABLE').error.message).toContain(town.name('alice'))
  expect(refused.json).toMatchObject({ id, state: 'sending', mbPerSecond: null })
  await up('alice')
  expect(expectDone(await get(id), promised.file)).toMatchObject({ state: 'done' })
  expect(isWhole()).toBe(true)
})

test('without any node that stays: one command waits, the other one gets', async () => {
  const sending = town.at('alice', ['file', 'send', town.name('bob'), large, '--wait', 'done'])
  let id = ''
  await untilTrue(async () => {
    id = (await listed('bob')).find(({ state }) => state === 'offered')?.id ?? ''
    // A command that needs the network lets what was said come in.
    if (id === '') await town.at('bob', ['ping', town.name('alice')])
    return id !== ''
  })
  expect(expectDone(await get(id), promised.file)).toMatchObject({ state: 'done' })
  expect(expectDone(await sending, promised.file)).toMatchObject({ id, state: 'done' })
  expect(isWhole()).toBe(true)
})

test('Ctrl-C stops in order, and the same command goes on', async () => {
  await up('alice')
  const id = await offeredAlone()
  const getting = new Staying(['file', 'get', id, inbox, '--home', town.home('bob'), '--json'])
  await untilTrue(() => partBytes(id) > MIDDLE_BYTES)
  expect(await getting.stop('SIGINT')).toBe(1)
  expect(getting.lines).toMatchObject([{ id, error: { code: 'STOPPED' } }])
  expect(readdirSync(inbox)).toEqual([partOf(id)])
  const there = wholeBytes(id)
  await up('bob')
  expect(await watched(id)).toEqual({ state: 'done', movedBytes: LARGE_BYTES - there })
  expect(isWhole()).toBe(true)
})

/** Heard of by somebody whose node does not stay. */
async function offeredAlone(): Promise<string> {
  const node = await town.up('bob')
  const id = await offered(large)
  await node.stop()
  return id
}

test('a file that is not there, one that nobody offered and a place that is taken are refused; what is not wanted is given up', async () => {
  await up('alice', 'bob')
  expectRefused(
    await town.at('alice', ['file', 'send', town.name('bob'), join(town.root, 'none')]),
    1,
    'NOT_FOUND',
  )
  expectRefused(await get('e'.repeat(64)), 1, 'NOT_FOUND')
  const id = await offered(large)
  writeFileSync(join(inbox, 'taken'), '')
  const taken = await town.at('bob', ['file', 'get', id, join(inbox, 'taken')])
  expectRefused(taken, 1, 'FILE_EXISTS')
  expect(expectDone(await town.at('bob', ['file', 'rm', id]), promised.file).state).toBe('failed')
  await untilTrue(async () => (await listed('alice')).find(file => file.id === id)?.state === 'failed')
})
