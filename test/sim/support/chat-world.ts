/**
 * A world with a coordinator and two people, of the very plugins that `ntm up` and `ntm dc serve` load.
 */
import { ChatError } from '../../../src/kernel/api/index.ts'
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import { type Faults, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { World } from '../../../src/kernel/testing/world.ts'
import { NODE_PLUGINS } from '../../../src/plugins/first-party.ts'
import { COORDINATOR_PLUGINS } from '../../../src/plugins/first-party-coordinator.ts'
import { directStream } from '../../../src/wire/person-proof.ts'

const DC_ADDRESS = '10.0.0.1'
/** As slow as a bad disk, so that power also goes while something is being written. */
const SYNC_MS = [0.2, 20] as const

export interface ChatWorld {
  readonly world: World
  readonly coordinator: SimHome
  readonly alice: SimHome
  readonly bob: SimHome
}

/** Everybody is registered and the network is good; `faults` begin when it returns. */
export async function chatWorld(seed: number, faults: Faults): Promise<ChatWorld> {
  const world = new World({ seed })
  const listen = { address: DC_ADDRESS, port: 4500 }
  const coordinator = await world.add({
    name: 'coordinator',
    address: DC_ADDRESS,
    isCoordinator: true,
    syncMs: SYNC_MS,
    plugins: COORDINATOR_PLUGINS,
    config: {
      plugins: { 'ntm.dc-tunnel': { config: { listen } }, 'ntm.dc': { config: { domain: 'example' } } },
    },
  })
  const { join } = (await world.until(coordinator.call('dc.address', {}))) as { join: string }
  const [alice, bob] = [
    await addPerson(world, 'alice.example', '10.0.0.2', join),
    await addPerson(world, 'bob.example', '10.0.0.3', join),
  ]
  for (const home of [alice, bob]) await world.until(home.call('dc.registration', { timeoutMs: 30_000 }))
  world.network.faults = faults
  return { world, coordinator, alice, bob }
}

function addPerson(world: World, name: string, address: string, join: string): Promise<SimHome> {
  const config = { plugins: { 'ntm.transport': { config: { dc: [join], listen: { address } } } } }
  return world.add({
    name,
    address,
    plugins: NODE_PLUGINS,
    config,
    skewMs: world.random.between(-60_000, 60_000),
    syncMs: SYNC_MS,
  })
}

const TRIES = 20
const RETRY_MS = 2_000

/** Says something without waiting for anybody; resolves with the event's id once it is in the log. */
export async function sayOnce(from: SimHome, to: SimHome, text: string): Promise<string> {
  const idIn = (answer: unknown): string | undefined => (answer as { id?: string } | undefined)?.id
  try {
    return idIn(await from.call('send', { to: to.spec.name, text, wait: 'sent', timeoutMs: 0 }))!
  } catch (error) {
    const id = error instanceof ChatError ? idIn(error.fields) : undefined
    if (id === undefined) throw error
    return id
  }
}

/** Who cannot look up the other's name because the network is so bad tries again, as a person would. */
export async function say({ world }: ChatWorld, from: SimHome, to: SimHome, text: string): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await world.until(sayOnce(from, to, text))
    } catch (error) {
      const isUnreachable = error instanceof ChatError && error.code === 'DC_UNREACHABLE'
      if (!isUnreachable || tries === TRIES) throw error
      await world.run(RETRY_MS)
    }
  }
}

export interface Shown {
  readonly id: string
  readonly from: string
  readonly text: string
  readonly state: string
}

export async function historyOf(
  { world }: ChatWorld,
  home: SimHome,
  other: SimHome,
): Promise<readonly Shown[]> {
  const asked = home.call('history', { with: other.spec.name, limit: 10_000 })
  return ((await world.until(asked)) as { messages: readonly Shown[] }).messages
}

export const streamOf = ({ alice, bob }: ChatWorld) => directStream(alice.personId!, bob.personId!)

/** Ends all faults, for checking that everything gets through in the end. */
export function calmDown({ world }: ChatWorld): void {
  world.network.heal()
  world.network.faults = QUIET
}
