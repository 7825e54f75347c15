/** The doctor at real plugins in networks of many kinds: what it measures is so, and what is broken is named. */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import type { Report } from '../../src/plugins/transport-ntm/doctor/examination.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say } from '../support/ntm-world.ts'

const TIMEOUT_MS = 3_000

const examined = async (world: World, home: SimHome): Promise<Report & { readonly tookMs: number }> => {
  const startedMs = world.clock.monotonicMs()
  const report = (await world.until(home.call('doctor', { timeoutMs: TIMEOUT_MS }))) as Report
  return { ...report, tookMs: world.clock.monotonicMs() - startedMs }
}
const wrongIn = ({ findings }: Report) => findings.flatMap(({ level, what }) => (level === 'ok' ? [] : what))

const kinds: readonly (readonly [LineSpec['nat'], Report['nat']['kind'], number])[] = [
  ['public', 'open', 0],
  ['home', 'easy', 0],
  ['fullCone', 'easy', 0],
  ['symmetric', 'hard', 2],
  ['sequential', 'hard', 2],
]

test.each(kinds)('behind %s the NAT is %s', async (nat, kind, wrong) => {
  const spec = { seed: 3, alice: { nat: nat! }, bob: { nat: 'home' }, relayLatenciesMs: [5, 50] } as const
  const { world, alice, bob } = await neighbourhood(spec)
  const report = await examined(world, alice.home)
  expect(report).toMatchObject({ ok: true, nat: { kind }, dc: { state: 'up', rttMs: 50 } })
  const rttsMs = report.relays.flatMap(({ rttMs }) => rttMs ?? [])
  expect(rttsMs.sort((a, b) => a - b)).toEqual([50, 140])
  expect(report.tookMs).toBeLessThan(1_000)
  expect(wrongIn(report)).toHaveLength(wrong)
  await say(world, alice.home, bob.home, 'hello')
  await world.run(5_000)
  const { direct, relay, down } = (await examined(world, alice.home)).peers
  expect([direct + relay, down]).toEqual([1, 0])
})

test('one view alone says nothing about the NAT', async () => {
  const { world, alice } = await neighbourhood({ seed: 3, alice: { nat: 'symmetric' }, bob: {} })
  const report = await examined(world, alice.home)
  expect(report.nat).toMatchObject({ kind: 'unknown', views: [{ server: '203.0.113.1:4500' }] })
  const [view, relay, ...others] = wrongIn(report)
  expect(view).toMatch(/^Only one server sees/)
  expect(relay).toMatch(/^The DC names no relay/)
  expect(others).toEqual([])
})

test('a relay that is dead, a DC that is dead, and a line that is', async () => {
  const hood = await neighbourhood({ seed: 3, alice: {}, bob: {}, relayLatenciesMs: [5] })
  const { world, alice, town } = hood
  const second = await hood.relay(9)
  await world.run(70_000)
  world.crash(second)
  const lost = await examined(world, alice.home)
  expect(lost).toMatchObject({ ok: true })
  expect(wrongIn(lost)).toEqual([`The relay at ${second.spec.address}:4500 does not answer.`])
  world.crash(town.dc)
  const alone = await examined(world, alice.home)
  expect(alone).toMatchObject({ ok: false, tookMs: TIMEOUT_MS, dc: { rttMs: null } })
  expect(wrongIn(alone)[0]).toBe('The DC at 203.0.113.1:4500 does not answer, though relays do.')
  alice.line.block()
  const blocked = await examined(world, alice.home)
  expect(wrongIn(blocked)).toEqual(['Neither the DC at 203.0.113.1:4500 nor any relay answers.'])
})
