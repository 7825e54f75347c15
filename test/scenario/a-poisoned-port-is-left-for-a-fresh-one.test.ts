/**
 * Both have Linux routers that let strangers' packets in as far as to the router itself. Whatever came from the other
 * side before anything went there has occupied the port; ordinary probes then never meet. They talk over the relay, and
 * a fresh socket brings the direct path.
 */
import { expect, test } from 'vitest'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

test.each([1, 2, 3, 4])('seed %i', async seed => {
  const line = { nat: 'poisonable' } as const
  const hood = await neighbourhood({ seed, alice: line, bob: line, relayLatenciesMs: [5, 15] })
  const { world, alice, bob } = hood
  // Each router is knocked at from where the other's node is, before the two have met.
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const packet = {
      from: { address: from.line.nat!.address, port: 49_152 },
      to: { address: to.line.nat!.address, port: 49_152 },
    }
    to.line.nat!.inbound({ ...packet, bytes: Uint8Array.of(0) }, world.clock.monotonicMs())
  }
  expect(await say(world, alice.home, bob.home, 'hello')).toMatchObject({ state: 'delivered', path: 'relay' })
  for (let at = 0; at < 8; at += 1) {
    await world.run(2_000)
    await say(world, alice.home, bob.home, 'still there')
  }
  for (const { home } of [alice, bob]) expect(transportOf(home).links()[0]?.path).toBe('direct')
  await world.end()
})
