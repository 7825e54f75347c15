/** `ntm doctor` at a node that runs and at one that has just been started, with a coordinator and without. */
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, run } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile('town.example', ['--with', 'relay'])

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
})

const levelsOf = ({ findings }: Document): string[] => findings.map(({ level }: Document) => level)

test('waits until the coordinator and the relay have answered, though the node has just been started', async () => {
  const report = expectDone(await town.at('alice', ['doctor']), promised.doctor)
  expect(report).toMatchObject({ ok: true, dc: { state: 'up', rttMs: expect.any(Number) } })
  expect(report.relays).toMatchObject([{ endpoint: report.dc.address, rttMs: expect.any(Number) }])
  expect(report.nat.views).toMatchObject([{ server: report.dc.address }])
  expect(report.portMapping).toEqual({ state: 'off', endpoint: null, reason: null })
  expect(levelsOf(report)).not.toContain('bad')
})

test('tells people the same in words, what is wrong first', async () => {
  const { code, stdout } = await run(['doctor', '--home', town.home('alice')])
  expect(code).toBe(0)
  for (const title of ['dc', 'nat', 'mapping', 'places', 'relays', 'mtu', 'peers'])
    expect(stdout).toMatch(new RegExp(`^${title} +\\S`, 'm'))
  expect(stdout).toMatch(/^ok {4}The DC at 127\.0\.0\.1:\d+ answers\.$/m)
})

test('without its coordinator it ends with 3 after the time that it was given, with all that it knows', async () => {
  const node = await town.up('alice')
  expectDone(await town.at('alice', ['doctor']), promised.doctor)
  expect(await town.dc!.stop()).toBe(0)
  const refused = expectRefused(await town.at('alice', ['doctor', '--timeout', '1']), 3, 'DC_UNREACHABLE')
  expect(promised.doctor.safeParse(refused).success).toBe(true)
  expect(refused).toMatchObject({ ok: false, dc: { rttMs: null } })
  expect(levelsOf(refused)[0]).toBe('bad')
  expect(refused.error.hint).toBe(refused.findings[0].do)
  expect(await node.stop()).toBe(0)
})
