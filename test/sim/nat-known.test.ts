/**
 * What a node takes its own NAT for follows from where servers see it now: one that is gone does not go on saying what it
 * saw.
 */
import { expect, test } from 'vitest'
import { neighbourhood } from '../support/neighbourhood.ts'

test('a coordinator that died before a router chose another port makes no NAT hard', async () => {
  const { world, alice, town } = await neighbourhood({
    ...{ seed: 1, relayLatenciesMs: [5, 15] },
    alice: { nat: 'portChanging' },
    bob: { nat: 'home' },
  })
  const natOf = async (): Promise<string> => {
    const report = await world.until(alice.home.call('doctor', { timeoutMs: 5_000 }))
    return (report as { readonly nat: { readonly kind: string } }).nat.kind
  }
  expect(await natOf()).toBe('easy')
  world.crash(town.dc)
  alice.line.nat!.rebind()
  // Relays are asked anew every ten minutes.
  await world.run(11 * 60_000)
  expect(await natOf()).toBe('easy')
  await world.end()
})
