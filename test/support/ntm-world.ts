/**
 * Towns in virtual time: coordinators and people of the very plugins that `ntm up` and `ntm dc serve` load, and
 * what people do there, in one line each.
 */
import type { Transport } from '../../src/kernel/api/index.ts'
import type { HomeSpec, SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { COORDINATOR_PLUGINS, COORDINATOR_RELAY_PLUGINS } from '../../src/plugins/first-party-coordinator.ts'
import { RELAY_PLUGINS } from '../../src/plugins/first-party-relay.ts'

export interface Town {
  readonly dc: SimHome
  readonly join: string
}

type More = Partial<Omit<HomeSpec, 'name' | 'address' | 'plugins' | 'config'>>

/** Port 4500 at the address, and at the first of the other family that the host has. */
const placesOf = (address: string, { attachments = [] }: More) => {
  const other = attachments.find(({ address: one }) => one.includes(':') !== address.includes(':'))
  return [address, ...(other === undefined ? [] : [other.address])].map(one => ({ address: one, port: 4500 }))
}

/** A coordinator of `domain`, listening on port 4500. */
export async function addCoordinator(
  world: World,
  domain = 'example',
  address = '10.0.0.1',
  { relay = false, ...more }: More & { readonly relay?: boolean } = {},
): Promise<Town> {
  const listen = placesOf(address, more)
  const dc = await world.add({
    ...more,
    name: `dc.${domain}`,
    address,
    isCoordinator: true,
    plugins: relay ? COORDINATOR_RELAY_PLUGINS : COORDINATOR_PLUGINS,
    config: { plugins: { 'ntm.dc-tunnel': { config: { listen, relay } }, 'ntm.dc': { config: { domain } } } },
  })
  const { join } = (await world.until(dc.call('dc.address', {}))) as { join: string }
  return { dc, join }
}

/** A Relay Server for the coordinator of `join`, listening on port 4500. */
export function addRelay(
  world: World,
  name: string,
  address: string,
  join: string,
  { token, ...more }: More & { readonly token?: string } = {},
): Promise<SimHome> {
  const config = { listen: placesOf(address, more), dc: join, ...(token === undefined ? {} : { token }) }
  return world.add({
    ...more,
    ...{ name, address, isCoordinator: true, plugins: RELAY_PLUGINS },
    config: { plugins: { 'ntm.relay-tunnel': { config } } },
  })
}

/** A person with a node; `join` undefined: without a coordinator. With attachments it listens on all of them. */
export function addPerson(
  world: World,
  name: string,
  address: string,
  join: string | undefined,
  more: More = {},
): Promise<SimHome> {
  const listen = more.attachments === undefined ? { address } : {}
  const settings = { dc: join === undefined ? [] : [join], listen }
  const config = { plugins: { 'ntm.transport': { config: settings } } }
  // Not spread: a test may give properties that change.
  return world.add(Object.assign(Object.create(more), { name, address, plugins: NODE_PLUGINS, config }))
}

export const registered = (world: World, home: SimHome): Promise<unknown> =>
  world.until(home.call('dc.registration', { timeoutMs: 60_000 }))

/** A town with these people in it, all registered. */
export async function townOf<N extends string>(
  world: World,
  ...names: readonly N[]
): Promise<Town & { readonly people: Record<N, SimHome> }> {
  const town = await addCoordinator(world)
  const people = {} as Record<N, SimHome>
  for (const [index, name] of names.entries())
    people[name] = await addPerson(world, `${name}.example`, `10.0.0.${index + 2}`, town.join)
  for (const name of names) await registered(world, people[name])
  return { ...town, people }
}

export interface Sent {
  readonly id: string
  readonly state: string
  readonly path: string | null
}

/** Says something and waits until it is delivered. */
export const say = (world: World, from: SimHome, to: SimHome, text: string): Promise<Sent> =>
  world.until(
    from.call('send', { to: to.spec.name, text, wait: 'delivered', timeoutMs: 60_000 }),
  ) as Promise<Sent>

/** What `home` shows of its talk with `other`. */
export async function textsOf(world: World, home: SimHome, other: string): Promise<readonly string[]> {
  const asked = home.call('history', { with: other, limit: 10_000 })
  const { messages } = (await world.until(asked)) as { messages: readonly { text: string }[] }
  return messages.map(({ text }) => text)
}

export interface DcStats {
  readonly received: Readonly<Record<string, number>>
  readonly sent: number
  readonly registered: number
  readonly guests: number
}

export const statsOf = async (world: World, { dc }: Town): Promise<DcStats> =>
  (await world.until(dc.call('dc.stats', {}))) as DcStats

/** The tunnels of a home. */
export const transportOf = (home: SimHome): Transport => home.device.house.contributions('transport')[0]!

/** Why the plugins of a home that do not run do not. */
export const failuresOf = (home: SimHome): readonly (string | undefined)[] =>
  home.device.house.health
    .plugins()
    .filter(({ state }) => state !== 'running')
    .map(({ reason }) => reason)

/** What the journal of a home says about a device or an event. */
export async function notesAbout(
  world: World,
  home: SimHome,
  about: Parameters<SimHome['device']['path']['journal']['read']>[0],
): Promise<readonly string[]> {
  const read = async (): Promise<readonly string[]> => {
    const notes: string[] = []
    for await (const { what } of home.device.path.journal.read(about)) notes.push(what)
    return notes
  }
  return world.until(read())
}
