/**
 * A coordinator on the Internet and two people behind lines of any kind, in virtual time and with the very plugins
 * that `ntm up` and `ntm dc serve` load: what every question about NATs starts from.
 */
import type { AnyPlugin } from '../../src/kernel/api/index.ts'
import { NAT_KINDS, type NatBehaviour, type NatKind } from '../../src/kernel/testing/nat-kinds.ts'
import { SimFirewall } from '../../src/kernel/testing/sim-firewall.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { SimNat } from '../../src/kernel/testing/sim-nat.ts'
import { type Faults, QUIET } from '../../src/kernel/testing/sim-network.ts'
import type { Attachment, Segment } from '../../src/kernel/testing/sim-segment.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, addRelay, registered, type Town } from './ntm-world.ts'

type AnyNat = NatKind | NatBehaviour

/** A NAT of many households, made by `Neighbourhood.carrier`. */
export interface Carrier {
  readonly nat: SimNat
  readonly inside: Segment
}

/** How a household is on the Internet. */
export interface LineSpec {
  /** Default: `home`. `none`: IPv6 only. */
  readonly nat?: AnyNat | 'public' | 'none'
  readonly carrier?: AnyNat | Carrier
  /** Where the router is seen. Default: any address of its provider's. */
  readonly router?: string
  /** Default: no IPv6. */
  readonly ipv6?: 'firewall' | 'open'
  /** One way, from the household to the core. */
  readonly latencyMs?: number
  readonly mtuBytes?: number
}

export interface Line {
  /** The router's; undefined on a public line. */
  readonly nat: SimNat | undefined
  readonly carrier: Carrier | undefined
  readonly firewall: SimFirewall | undefined
  /** Places for one more host on this line. */
  next(): readonly Attachment[]
  /** No datagram passes any more, or again. Not on a public line. */
  block(isBlocked?: boolean): void
}

export interface Household {
  readonly home: SimHome
  readonly line: Line
}

export interface NeighbourhoodSpec {
  readonly seed: number
  readonly alice: LineSpec
  /** `with alice`: on her LAN. */
  readonly bob: LineSpec | 'with alice'
  /** One way, from the coordinator to the core. */
  readonly dcLatencyMs?: number
  /** One way from each Relay Server to the core; default: none. */
  readonly relayLatenciesMs?: readonly number[]
  /** Besides what the lines take. Default: none. */
  readonly faults?: Partial<Faults>
}

export const DC_PLACES = ['203.0.113.1', '203.0.113.2', '2001:db8::1'] as const
export const DC_LATENCY_MS = 5
export const LINE_LATENCY_MS = 20

export class Neighbourhood {
  readonly world: World
  readonly town: Town
  #lines = 0
  #customers = 1
  #servers = 0

  constructor(world: World, town: Town) {
    this.world = world
    this.town = town
  }

  /** A NAT that several lines can be behind. */
  carrier(nat: AnyNat, latencyMs = LINE_LATENCY_MS): Carrier {
    const made = this.#nat(this.#freshAddress(), nat)
    return { nat: made, inside: this.world.network.core.behind(made, { latencyMs }) }
  }

  /** A line that nobody uses yet. Hosts get on it, or move to it, with `line.next()`. */
  line(spec: LineSpec): Line {
    const { nat = 'home', latencyMs = LINE_LATENCY_MS, mtuBytes, ipv6 } = spec
    const wire = { latencyMs, ...(mtuBytes === undefined ? {} : { mtuBytes }) }
    const { core } = this.world.network
    const carrier = this.#carrierOf(spec, latencyMs)
    const router =
      nat === 'public' || nat === 'none' ? undefined : this.#nat(spec.router ?? this.#addressIn(carrier), nat)
    const lan = router && (carrier === undefined ? core.behind(router, wire) : carrier.inside.behind(router))
    const firewall = ipv6 === 'firewall' ? new SimFirewall() : undefined
    const lan6 = firewall === undefined ? core : core.behind(firewall, wire)
    const prefix = `2001:db8:${(++this.#lines).toString(16)}:`
    let hosts = 1
    const next = (): readonly Attachment[] => {
      hosts += 1
      const old: Attachment = lan
        ? { address: `192.168.1.${hosts}`, on: lan }
        : { address: this.#freshAddress(), ...wire }
      const young: Attachment = { address: `${prefix}:${hosts}`, on: lan6, ...(firewall ? {} : wire) }
      return [...(nat === 'none' ? [] : [old]), ...(ipv6 === undefined ? [] : [young])]
    }
    const block = (isBlocked = true): void => {
      for (const box of [router, firewall]) box?.block(isBlocked)
    }
    return { nat: router, carrier, firewall, next, block }
  }

  /** Somebody of this name, registered, on this line. */
  async person(name: string, line: Line): Promise<Household> {
    const attachments = line.next()
    const { address } = attachments[0]!
    const { join } = this.town
    // A node without IPv4 knows the coordinator by its other address.
    const place = address.includes(':') ? join.replace(DC_PLACES[0], `[${DC_PLACES[2]}]`) : join
    const home = await addPerson(this.world, `${name}.example`, address, place, { attachments })
    await registered(this.world, home)
    return { home, line }
  }

  /** A Relay Server of the town. */
  relay(latencyMs = DC_LATENCY_MS): Promise<SimHome> {
    const address = `203.0.113.${10 + this.#servers++}`
    const attachments = [address, `2001:db8:0:1::${this.#servers}`].map(one => ({ address: one, latencyMs }))
    return addRelay(this.world, `relay${this.#servers}.example`, address, this.town.join, { attachments })
  }

  /** Another server in the core; `config` is told where it is. */
  server(
    name: string,
    plugins: readonly AnyPlugin[],
    config: (address: string) => object,
    latencyMs = DC_LATENCY_MS,
  ): Promise<SimHome> {
    const address = `203.0.113.${10 + this.#servers++}`
    const attachments = [{ address, latencyMs }]
    const spec = { name, address, attachments, plugins, config: config(address), isCoordinator: true }
    return this.world.add(spec)
  }

  #nat(address: string, nat: AnyNat): SimNat {
    return new SimNat(address, typeof nat === 'string' ? NAT_KINDS[nat] : nat, this.world.random.fork())
  }

  #carrierOf({ carrier }: LineSpec, latencyMs: number): Carrier | undefined {
    if (carrier === undefined) return undefined
    return typeof carrier === 'object' && 'inside' in carrier ? carrier : this.carrier(carrier, latencyMs)
  }

  #addressIn(carrier: Carrier | undefined): string {
    return carrier === undefined ? this.#freshAddress() : `100.64.0.${++this.#customers}`
  }

  #freshAddress(): string {
    return `198.51.100.${++this.#lines}`
  }
}

/** Everybody is registered, and nobody has met. */
export async function neighbourhood(
  spec: NeighbourhoodSpec,
): Promise<Neighbourhood & { readonly alice: Household; readonly bob: Household }> {
  const { seed, alice, bob, dcLatencyMs: latencyMs = DC_LATENCY_MS, relayLatenciesMs = [], faults } = spec
  const world = new World({ seed, faults: { ...QUIET, latencyMs: [0, 0], ...faults } })
  const attachments = DC_PLACES.map(address => ({ address, latencyMs }))
  const town = await addCoordinator(world, 'example', DC_PLACES[0], { attachments })
  const hood = new Neighbourhood(world, town)
  for (const relayLatencyMs of relayLatenciesMs) await hood.relay(relayLatencyMs)
  if (relayLatenciesMs.length > 0) await world.run(1_000)
  const alices = hood.line(alice)
  const bobs = bob === 'with alice' ? alices : hood.line(bob)
  return Object.assign(hood, {
    alice: await hood.person('alice', alices),
    bob: await hood.person('bob', bobs),
  })
}
