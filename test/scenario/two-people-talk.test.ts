/** Alice and Bob register at a coordinator, find each other by name and talk; then the coordinator dies. */
import { expect, test } from 'vitest'
import type { Caller } from '../../src/kernel/api/points.ts'
import { parseConfig } from '../../src/kernel/config.ts'
import { type Device, startDevice } from '../../src/kernel/device.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { SimNetwork } from '../../src/kernel/testing/sim-network.ts'
import { HomeClock, VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { openVault } from '../../src/kernel/vault.ts'
import { COORDINATOR_PLUGINS, NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { openStore } from '../../src/store/log-store.ts'
import { foundPerson } from '../../src/wire/person-proof.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'

const clock = new VirtualClock()
const random = new SeededRandom(7)
const network = new SimNetwork(clock, random)
const caller: Caller = { signal: new AbortController().signal, emit: () => {} }

const run = async <T>(promise: Promise<T>): Promise<T> => {
  let done = false
  const watched = promise.finally(() => {
    done = true
  })
  for (let steps = 0; !done && steps < 100_000; steps++) {
    await new Promise(setImmediate)
    if (!done) clock.step(clock.monotonicMs() + 60_000)
  }
  return watched
}

const startCoordinator = async (): Promise<{ device: Device; join: string }> => {
  const device = await startDevice({
    clock: new HomeClock(clock),
    random,
    network: network.host('10.0.0.1'),
    store: await openStore({ disk: new MemoryDisk(), vault: openVault(random.bytes(32), random) }),
    keys: deviceKeys(random.bytes(32)),
    person: undefined,
    plugins: COORDINATOR_PLUGINS,
    config: parseConfig(
      JSON.stringify({
        plugins: {
          'ntm.dc-tunnel': { config: { listen: { address: '10.0.0.1', port: 4500 } } },
          'ntm.dc': { config: { domain: 'example' } },
        },
      }),
    ),
  })
  const { join } = (await device.house.call('dc.address', {}, caller)) as { join: string }
  return { device, join }
}

const startNode = async (name: string, address: string, join: string): Promise<Device> => {
  const keys = deviceKeys(random.bytes(32))
  const { person, founding } = foundPerson(
    {
      signer: keys.signer,
      tunnelKey: keys.keys.tunnelKey,
      recovery: deviceKeys(random.bytes(32)).keys.device,
    },
    { now: () => clock.now(), random: count => random.bytes(count) },
  )
  return startDevice({
    clock: new HomeClock(clock),
    random,
    network: network.host(address),
    store: await openStore({ disk: new MemoryDisk(), vault: openVault(random.bytes(32), random) }),
    keys,
    person: { person, proof: [encodeSealed(founding)] },
    plugins: NODE_PLUGINS,
    config: parseConfig(
      JSON.stringify({ name, plugins: { 'ntm.transport': { config: { dc: [join], listen: { address } } } } }),
    ),
  })
}

const send = (from: Device, to: string, text: string) =>
  run(from.house.call('send', { to, text, wait: 'delivered', timeoutMs: 30_000 }, caller))
const texts = async (device: Device, other: string) => {
  const { messages } = (await run(device.house.call('history', { with: other, limit: 100 }, caller))) as {
    messages: { from: string; text: string; state: string }[]
  }
  return messages.map(({ from, text }) => `${from}: ${text}`)
}

test('texts go both ways, once and in order', async () => {
  const dc = await run(startCoordinator())
  const alice = await run(startNode('alice.example', '10.0.0.2', dc.join))
  const bob = await run(startNode('bob.example', '10.0.0.3', dc.join))
  for (const device of [dc.device, alice, bob])
    expect(device.house.health.plugins().filter(({ state }) => state !== 'running')).toEqual([])
  await run(alice.house.call('dc.registration', { timeoutMs: 10_000 }, caller))
  await run(bob.house.call('dc.registration', { timeoutMs: 10_000 }, caller))

  expect(await send(alice, 'bob.example', 'hello bob')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(await send(bob, 'alice.example', 'hello alice')).toMatchObject({
    state: 'delivered',
    path: 'direct',
  })
  const said = ['alice.example: hello bob', 'bob.example: hello alice']
  expect(await texts(alice, 'bob.example')).toEqual(said)
  expect(await texts(bob, 'alice.example')).toEqual(said)

  await run(dc.device.stop())
  expect(await send(alice, 'bob.example', 'the coordinator is dead')).toMatchObject({ state: 'delivered' })
  await run(Promise.all([alice.stop(), bob.stop()]))
})
