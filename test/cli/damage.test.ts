/** Disks that fail: a log with flipped bytes, a log that does not open any more, a disk without space. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import type { Document, Run } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()

beforeAll(async () => {
  await town.openDc()
  await Promise.all([town.init('alice'), town.init('bob')])
  await town.up('bob')
  await town.up('alice')
  const alice = await town.session('alice')
  for (let n = 0; n < 20; n++) await alice.call('send', { to: 'bob.town.example', text: `text ${n}` })
  await town.at('alice', ['down'])
  expectDone(await town.at('alice', ['log', 'verify']), promised.verified)
})

/** A copy of a home, Alice's by default, in which one byte of the newest file of a kind is flipped. */
const damagedCopy = (who: string, kind: RegExp, place: (size: number) => number, of = 'alice'): string => {
  cpSync(town.home(of), town.home(who), { recursive: true, filter: path => basename(path) !== 'node' })
  const log = join(town.home(who), 'log')
  const file = readdirSync(log)
    .filter(name => kind.test(name))
    .sort()
    .at(-1)!
  const bytes = readFileSync(join(log, file))
  const at = place(bytes.length)
  bytes[at] = bytes[at]! ^ 0xff
  writeFileSync(join(log, file), bytes)
  return file
}

const expectDamage = (run: Run): Document => {
  const found = expectRefused(run, 5, 'LOG_DAMAGED')
  expect(promised.verified.safeParse(found).success).toBe(true)
  expect(found.ok).toBe(false)
  for (const { place, what, advice } of found.damage) expect([place, what, advice]).not.toContain('')
  expect(JSON.stringify(found)).not.toMatch(/log\.copy-| 1 places/)
  expect(run.stderr).toContain(found.damage[0].place)
  expect(run.stderr).toContain(found.damage[0].advice)
  return found
}

describe('a damaged log', () => {
  test('is told with the place and what to do, and what is left is read', async () => {
    const file = damagedCopy('flipped', /\.ldb$/, size => Math.floor(size / 2))
    const before = readdirSync(join(town.home('flipped'), 'log'))
    const found = expectDamage(await town.at('flipped', ['log', 'verify']))
    expect(found.damage[0].place).toContain(file)
    expect(found.events).toBeGreaterThanOrEqual(0)
    expect(readdirSync(join(town.home('flipped'), 'log'))).toEqual(before)
  })

  test('that does not open any more is told about all the same', async () => {
    damagedCopy('shut', /^MANIFEST/, size => Math.floor(size / 2))
    expectDamage(await town.at('shut', ['log', 'verify']))
    expect((await town.at('shut', ['send', 'bob', 'x', '--timeout', '0'])).code).toBe(5)
    damagedCopy('lost', /^CURRENT/, () => 0)
    expectDamage(await town.at('lost', ['log', 'verify']))
  })

  test('whose journal was changed after a kill loses nothing in silence, and what is left is read', async () => {
    await town.init('carol')
    const node = await town.up('carol')
    const carol = await town.session('carol')
    for (let n = 0; n < 6; n++)
      await carol.call('send', { to: 'bob.town.example', text: `text ${n}`, wait: 'sent' })
    await node.stop('SIGKILL')
    for (const [who, place] of [
      ['carol-middle', (size: number) => size >> 1],
      ['carol-end', (size: number) => size - 1],
    ] as const) {
      const file = damagedCopy(who, /^\d+\.log$/, place, 'carol')
      const log = join(town.home(who), 'log')
      const before = [readdirSync(log), readFileSync(join(log, file))]
      const found = expectDamage(await town.at(who, ['log', 'verify']))
      expect(found.damage[0].place).toContain(`file ${file}, byte `)
      expect(found.error.message).not.toContain('copy')
      const sent = expectRefused(await town.at(who, ['send', 'bob', 'x', '--timeout', '0']), 5, 'LOG_DAMAGED')
      expect(sent.error.message).toContain(found.damage[0].place)
      const history = expectDone(await town.at(who, ['history', 'bob']), promised.history)
      // One record was changed, so one text at most is missing.
      expect(history.messages.length).toBeGreaterThanOrEqual(5)
      expect((await town.at(who, ['status'])).json).toMatchObject({ disk: 'damaged' })
      expect((await town.at(who, ['log', 'ls'])).lines.length).toBeGreaterThan(6)
      expect([readdirSync(log), readFileSync(join(log, file))]).toEqual(before)
      expect(readdirSync(town.home(who)).filter(name => name.includes('copy'))).toEqual([])
    }
  })

  test('with a lost key is told about as well', async () => {
    damagedCopy('keyless', /^CURRENT/, () => 0)
    writeFileSync(join(town.home('keyless'), 'store.key'), 'nothing')
    expectRefused(await town.at('keyless', ['log', 'verify']), 5, 'LOG_DAMAGED')
  })
})

describe('a disk without space', () => {
  const disk = join(town.root, 'small-disk')
  let reason: string | undefined

  beforeAll(() => {
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk], { stdio: 'pipe' })
    } catch (error) {
      reason = `no small disk can be mounted here: ${(error as Error).message.split('\n')[0]}`
    }
  })
  afterAll(() => {
    if (reason === undefined) execFileSync('umount', ['-l', disk])
  })

  test('makes no half home, and says why', async context => {
    if (reason !== undefined) context.skip(reason)
    const filler = join(disk, 'filler')
    fillUp(filler)
    for (const [who, args] of [
      ['small-disk/eve', ['init', 'eve.town.example', '--dc', town.join]],
      ['small-disk/dc', ['dc', 'serve', '--domain', 'small.example', '--listen', '127.0.0.1:0']],
    ] as const) {
      const refused = expectRefused(await town.at(who, args), 1, 'DISK_FULL')
      expect(refused.error.message).toContain(town.home(who))
    }
    expect(readdirSync(disk)).toEqual(['filler'])
    rmSync(filler)
  })

  test('loses nothing and says so; with space again all goes on', async context => {
    if (reason !== undefined) context.skip(reason)
    const home = join(disk, 'full')
    const made = await town.at('small-disk/full', ['init', 'full.town.example', '--dc', town.join])
    expectDone(made, promised.init)
    const node = await town.up('small-disk/full')
    const session = await town.session('small-disk/full')
    await session.call('send', { to: 'bob.town.example', text: 'before' })
    const filler = join(disk, 'filler')
    fillUp(filler)
    const text = 'x'.repeat(60_000)
    const refusals: Document[] = []
    for (let n = 0; n < 400 && refusals.length === 0; n++)
      await session.call('send', { to: 'bob', text, wait: 'sent' }).catch(error => refusals.push(error))
    expect(refusals[0]).toMatchObject({ code: 'DISK_FULL', exitCode: 1 })
    const refused = expectRefused(await town.at('small-disk/full', ['send', 'bob', text]), 1, 'DISK_FULL')
    expect(await session.call('status')).toMatchObject({ disk: 'full' })
    const neededMiB = Number(/: (\d+) MiB of that disk have to be free;/.exec(refused.error.hint)?.[1])
    expect(neededMiB).toBeLessThan(12)
    truncateSync(filler, statSync(filler).size - neededMiB * 1024 * 1024)
    const sent = expectDone(await town.at('small-disk/full', ['send', 'bob', 'after']), promised.sent)
    expect(sent.state).toBe('delivered')
    expect(await session.call('status')).toMatchObject({ disk: 'ok' })
    const told = node.stderr.split('\n').filter(line => line.includes('disk'))
    expect(told).toEqual([expect.stringContaining('no space is left'), expect.stringContaining('again')])
    expect((await town.at('small-disk/full', ['down'])).code).toBe(0)
    expectDone(await town.at('small-disk/full', ['log', 'verify']), promised.verified)
    expect(readdirSync(home)).toContain('log')
  })
})

/** Leaves next to nothing of the disk. */
function fillUp(file: string): void {
  const block = Buffer.alloc(1024 * 1024)
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' })
  } catch {
    // Full: that is what was wanted.
  }
}
