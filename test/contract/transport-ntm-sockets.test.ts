/** Tunnels through a coordinator keep the contract of a transport, over real sockets on loopback. */

import { setTimeout as sleep } from 'node:timers/promises'
import { People } from '../../src/kernel/api/index.ts'
import { ClientLine } from '../../src/kernel/client-line.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { parseConfig } from '../../src/kernel/config.ts'
import { type Device, startDevice } from '../../src/kernel/device.ts'
import type { PersonFile } from '../../src/kernel/home.ts'
import { type DeviceKeys, deviceKeys, newSeed } from '../../src/kernel/keys.ts'
import { systemNetwork } from '../../src/kernel/network-shell.ts'
import { systemRandom } from '../../src/kernel/random.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import type { TransportPair } from '../../src/kernel/testing/transport-checks.ts'
import { transportContract } from '../../src/kernel/testing/transport-contract.ts'
import { openVault } from '../../src/kernel/vault.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { COORDINATOR_PLUGINS } from '../../src/plugins/first-party-coordinator.ts'
import { openStore } from '../../src/store/log-store.ts'
import { foundPerson } from '../../src/wire/person-proof.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { cardOf, STRANGER } from './support/cards.ts'

const LOOPBACK = '127.0.0.1'
const CALLER = new ClientLine()

type Parts = Pick<Parameters<typeof startDevice>[0], 'plugins' | 'keys' | 'person'> & { config: object }

const startOn = async ({ config, ...parts }: Parts): Promise<Device> =>
  startDevice({
    ...parts,
    clock: systemClock,
    random: systemRandom,
    network: systemNetwork(),
    store: await openStore({ disk: new MemoryDisk(), vault: openVault(newSeed(systemRandom), systemRandom) }),
    config: parseConfig(JSON.stringify(config)),
  })

async function startCoordinator(): Promise<{ readonly device: Device; readonly join: string }> {
  const tunnel = { config: { listen: { address: LOOPBACK, port: 0 } } }
  const device = await startOn({
    plugins: COORDINATOR_PLUGINS,
    keys: deviceKeys(newSeed(systemRandom)),
    person: undefined,
    config: { plugins: { 'ntm.dc-tunnel': tunnel, 'ntm.dc': { config: { domain: 'example' } } } },
  })
  return { device, ...((await device.house.call('dc.address', {}, CALLER)) as { join: string }) }
}

interface Node {
  readonly device: Device
  readonly keys: DeviceKeys
  readonly person: PersonFile
}

async function startNode(name: string, join: string): Promise<Node> {
  const keys = deviceKeys(newSeed(systemRandom))
  const { device: recovery } = deviceKeys(newSeed(systemRandom)).keys
  const founder = { signer: keys.signer, tunnelKey: keys.keys.tunnelKey, recovery }
  const environment = { now: () => systemClock.now(), random: (count: number) => systemRandom.bytes(count) }
  const founded = foundPerson(founder, environment)
  const person = { person: founded.person, proof: [encodeSealed(founded.founding)] }
  const transport = { config: { dc: [join], listen: { address: LOOPBACK } } }
  const config = { name, plugins: { 'ntm.transport': transport } }
  const device = await startOn({ plugins: NODE_PLUGINS, keys, person, config })
  await device.house.call('dc.registration', { timeoutMs: 10_000 }, CALLER)
  return { device, keys, person }
}

async function pairOnLoopback(): Promise<TransportPair> {
  const dc = await startCoordinator()
  const alice = await startNode('alice.example', dc.join)
  const bob = await startNode('bob.example', dc.join)
  await alice.device.house.get(People).find('bob.example')
  const transportOf = ({ device }: Node) => device.house.contributions('transport')[0]!
  return {
    one: transportOf(alice),
    other: transportOf(bob),
    oneCard: cardOf('alice.example', alice.person.person, alice.keys),
    otherCard: cardOf('bob.example', bob.person.person, bob.keys),
    strangerCard: STRANGER,
    until: promise => promise,
    settle: () => sleep(150),
    dispose: async () => {
      await Promise.all([alice, bob, dc].map(({ device }) => device.stop()))
    },
  }
}

transportContract('The transport of tunnels on real sockets', pairOnLoopback)
