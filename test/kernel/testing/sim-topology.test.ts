/** Address spaces, routers and wires between hosts: who reaches whom, how fast, and how far a hop limit carries. */
import { describe, expect, test } from 'vitest'
import { NAT_KINDS, type NatBehaviour, type NatKind } from '../../../src/kernel/testing/nat-kinds.ts'
import { SimFirewall } from '../../../src/kernel/testing/sim-firewall.ts'
import { SimNat } from '../../../src/kernel/testing/sim-nat.ts'
import { type Ear, Stage } from './nat-probe.ts'

const SERVER = '203.0.113.1'
const LAN = '192.168.1.2'

/** A server, and homes whose private addresses may be the same. */
class Neighbourhood extends Stage {
  async server(latencyMs = 0): Promise<Ear> {
    const host = this.network.host([{ address: SERVER, latencyMs }])
    return this.ear(host, 4500, SERVER)
  }

  nat(address: string, kind: NatKind = 'home', more: Partial<NatBehaviour> = {}): SimNat {
    return new SimNat(address, { ...NAT_KINDS[kind], ...more }, this.random.fork())
  }
}

const textsOf = ({ heard }: Ear): readonly string[] => heard.map(({ text }) => text)

describe('address spaces', () => {
  test('the same private address behind two NATs is two hosts, which punch through to each other', async () => {
    const street = new Neighbourhood()
    const server = await street.server()
    const homes = await Promise.all(
      ['198.51.100.1', '198.51.100.2'].map(wan =>
        street.ear(street.network.host(LAN, street.nat(wan)), 5000),
      ),
    )
    const [alice, bob] = [homes[0]!, homes[1]!]
    for (const home of homes) street.say(home, server.socket.local)
    const [atAlice, atBob] = server.heard.map(({ from }) => from)
    expect(atAlice?.address).not.toBe(atBob?.address)
    street.say(alice, { address: LAN, port: 5000 }, 'to myself')
    street.say(alice, atBob!, 'opener')
    expect(textsOf(bob)).toEqual([])
    street.say(bob, atAlice!, 'through')
    street.say(alice, atBob!, 'and back')
    expect(textsOf(alice)).toEqual(['to myself', 'through'])
    expect(textsOf(bob)).toEqual(['and back'])
  })

  test('two on one LAN meet without their NAT', async () => {
    const street = new Neighbourhood()
    const nat = street.nat('198.51.100.1')
    const [alice, sister] = [
      await street.ear(street.network.host(LAN, nat), 5000),
      await street.ear(street.network.host('192.168.1.3', nat), 5000),
    ]
    street.say(alice, { address: '192.168.1.3', port: 5000 })
    expect(sister.heard).toMatchObject([{ from: { address: LAN, port: 5000 } }])
    expect(nat.peak).toBe(0)
  })

  test.each([true, false])('hairpin through the network: %s', async isHairpinning => {
    const street = new Neighbourhood()
    const nat = street.nat('198.51.100.1', 'fullCone', { isHairpinning })
    const lan = street.network.core.behind(nat, { latencyMs: 40 })
    const [alice, sister] = [
      await street.ear(street.network.host([{ address: LAN, on: lan }]), 5000),
      await street.ear(street.network.host([{ address: '192.168.1.3', on: lan }]), 6000),
    ]
    const server = await street.server()
    street.say(alice, server.socket.local)
    street.run(50)
    const startMs = street.clock.monotonicMs()
    street.say(sister, server.heard[0]!.from, 'over the fence', 2)
    expect(alice.heard).toEqual([])
    street.say(sister, server.heard[0]!.from, 'over the fence', 3)
    const from = { address: '198.51.100.1', port: 6000 }
    expect(alice.heard).toMatchObject(isHairpinning ? [{ from, atMs: startMs + 1 }] : [])
  })
})

describe('NATs behind a carrier', () => {
  const behindCarrier = async (more: Partial<NatBehaviour> = {}, carrierKind: NatKind = 'home') => {
    const street = new Neighbourhood()
    const server = await street.server(5)
    const carrier = street.nat('198.51.100.1', carrierKind, more)
    const inner = street.network.core.behind(carrier, { latencyMs: 20 })
    const home = async (wan: string) => {
      const nat = street.nat(wan)
      const lan = inner.behind(nat, { latencyMs: 2 })
      return street.ear(street.network.host([{ address: LAN, on: lan, latencyMs: 1 }]), 5000)
    }
    return { street, server, carrier, alice: await home('100.64.0.2'), bob: await home('100.64.0.3') }
  }

  test('the server sees the carrier, and its answer finds the way in', async () => {
    const { street, server, alice } = await behindCarrier()
    street.say(alice, server.socket.local)
    street.run(100)
    expect(server.heard).toMatchObject([{ from: { address: '198.51.100.1', port: 5000 }, atMs: 28 }])
    const startMs = street.clock.monotonicMs()
    street.say(server, server.heard[0]!.from, 'welcome')
    street.run(100)
    expect(alice.heard).toMatchObject([{ text: 'welcome', atMs: startMs + 28 }])
  })

  test('two of its customers meet by their addresses inside it', async () => {
    const { street, alice, bob } = await behindCarrier()
    const [atAlice, atBob] = ['100.64.0.2', '100.64.0.3'].map(address => ({ address, port: 5000 }))
    street.say(alice, atBob!, 'opener')
    street.run(10)
    street.say(bob, atAlice!, 'through')
    street.run(10)
    expect(textsOf(alice)).toEqual(['through'])
    expect(textsOf(bob)).toEqual([])
  })

  test.each([true, false])('and by their outer ones if it hairpins: %s', async isHairpinning => {
    const { street, server, alice, bob } = await behindCarrier({ isHairpinning })
    for (const home of [alice, bob]) street.say(home, server.socket.local)
    street.run(100)
    const [atAlice, atBob] = server.heard.map(({ from }) => from)
    for (const [from, to] of [
      [alice, atBob],
      [bob, atAlice],
      [alice, atBob],
    ] as const) {
      street.say(from, to!)
      street.run(50)
    }
    expect(bob.heard).toHaveLength(isHairpinning ? 1 : 0)
  })
})

describe('hop limits', () => {
  test('one that ends in the core opens the way without knocking', async () => {
    const street = new Neighbourhood()
    const [nat, otherNat] = [street.nat('198.51.100.1'), street.nat('198.51.100.2', 'poisonable')]
    const alice = await street.ear(street.network.host(LAN, nat), 5000)
    const bob = await street.ear(street.network.host(LAN, otherNat), 5000)
    const [atAlice, atBob] = [nat, otherNat].map(({ address }) => ({ address, port: 5000 }))
    for (const hops of [1, 2, 3, 4]) {
      street.say(alice, atBob!, 'opener', hops)
      expect(nat.flowsAt(street.clock.monotonicMs())).toBe(hops === 1 ? 0 : 1)
      expect(otherNat.peak).toBe(0)
    }
    street.say(bob, atAlice!, 'through')
    expect(textsOf(alice)).toEqual(['through'])
  })

  test.each([
    [5, 0],
    [6, 1],
  ])('of %i between two homes %i packets arrive', async (hops, arriving) => {
    const street = new Neighbourhood()
    const [nat, otherNat] = [street.nat('198.51.100.1'), street.nat('198.51.100.2', 'fullCone')]
    const alice = await street.ear(street.network.host(LAN, nat), 5000)
    const bob = await street.ear(street.network.host(LAN, otherNat), 5000)
    street.say(bob, { address: nat.address, port: 5000 }, 'opener')
    street.say(alice, { address: otherNat.address, port: 5000 }, 'hi', hops)
    expect(bob.heard).toHaveLength(arriving)
  })
})

describe('IPv6', () => {
  const [ALICE6, BOB6] = ['2001:db8:a::2', '2001:db8:b::2']

  test('a firewall hides nobody, and lets in only what answers', async () => {
    const street = new Neighbourhood()
    const alice = await street.ear(street.network.host(ALICE6, new SimFirewall()), 5000, '::')
    const bob = await street.ear(street.network.host(BOB6, new SimFirewall()), 5000, '::')
    street.say(alice, { address: BOB6, port: 5000 }, 'opener')
    expect(bob.heard).toEqual([])
    const stranger = await street.ear(street.network.host(BOB6, new SimFirewall()), 5001, '::')
    street.say(stranger, { address: ALICE6, port: 5000 }, 'another port')
    street.say(bob, { address: ALICE6, port: 5000 }, 'through')
    street.say(alice, { address: BOB6, port: 5000 }, 'and back')
    expect(alice.heard).toMatchObject([{ text: 'through', from: { address: BOB6, port: 5000 } }])
    expect(textsOf(bob)).toEqual(['and back'])
    street.run(121_000)
    street.say(bob, { address: ALICE6, port: 5000 }, 'too late')
    expect(textsOf(alice)).toEqual(['through'])
  })

  test('a host with both speaks each to its own kind; one with one has no way to the other', async () => {
    const street = new Neighbourhood()
    const { core } = street.network
    const both = street.network.host([
      { address: LAN, on: core.behind(street.nat('198.51.100.1')) },
      { address: ALICE6, on: core.behind(new SimFirewall()) },
    ])
    const [old, young] = [await street.ear(both, 5000), await street.ear(both, 5000, '::')]
    const server4 = await street.server()
    const server6 = await street.ear(street.network.host('2001:db8::1'), 4500, '::')
    const at6 = { address: '2001:db8::1', port: 4500 }
    street.say(old, server4.socket.local)
    street.say(young, at6)
    street.say(old, at6)
    expect(server4.heard).toMatchObject([{ from: { address: '198.51.100.1' } }])
    expect(server6.heard).toMatchObject([{ from: { address: ALICE6 } }])
    expect(both.localAddresses()).toEqual([LAN, ALICE6])
    expect(await both.sourceTowards(at6.address)).toBe(ALICE6)
    const young6 = street.network.host('2001:db8::7')
    expect(await young6.sourceTowards(SERVER)).toBeUndefined()
  })
})

describe('a host that moves', () => {
  test('goes on from the new address with what listens on all, and is deaf where it was', async () => {
    const street = new Neighbourhood()
    const server = await street.server()
    const phone = street.network.host('198.51.100.7')
    const [anywhere, bound] = [await street.ear(phone, 5000), await street.ear(phone, 6000, '198.51.100.7')]
    expect(anywhere.socket.local).toEqual({ address: '0.0.0.0', port: 5000 })
    phone.move([{ address: LAN, on: street.network.core.behind(street.nat('198.51.100.1')) }])
    for (const ear of [anywhere, bound]) street.say(ear, server.socket.local)
    expect(server.heard).toMatchObject([{ from: { address: '198.51.100.1', port: 5000 } }])
    expect(phone.localAddresses()).toEqual([LAN])
    expect(await phone.sourceTowards(SERVER)).toBe(LAN)
    street.say(server, { address: '198.51.100.7', port: 5000 }, 'where are you')
    street.say(server, server.heard[0]!.from, 'there you are')
    expect(textsOf(anywhere)).toEqual(['there you are'])
  })

  test('with two lines speaks to a neighbour from where it is one, to others by the first', async () => {
    const street = new Neighbourhood()
    const server = await street.server()
    const [work, cable] = ['198.51.100.1', '198.51.100.2'].map(wan =>
      street.network.core.behind(street.nat(wan)),
    )
    const printer = await street.ear(street.network.host([{ address: '10.1.1.9', on: cable! }]), 9100)
    const host = street.network.host([
      { address: LAN, on: work! },
      { address: '10.1.1.2', on: cable! },
    ])
    const [anywhere, bound] = [await street.ear(host, 5000), await street.ear(host, 6000, '10.1.1.2')]
    street.say(anywhere, { address: '10.1.1.9', port: 9100 })
    for (const ear of [anywhere, bound]) street.say(ear, server.socket.local)
    expect(printer.heard).toMatchObject([{ from: { address: '10.1.1.2' } }])
    expect(server.heard.map(({ from }) => from.address)).toEqual(['198.51.100.1', '198.51.100.2'])
    await expect(street.ear(host, 7000, '10.1.1.9')).rejects.toMatchObject({ code: 'PORT_IN_USE' })
    await expect(street.ear(host, 5000, LAN)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })

  test('without its cable is nowhere, and back with it', async () => {
    const street = new Neighbourhood()
    const server = await street.server()
    const host = street.network.host('198.51.100.7')
    const ear = await street.ear(host, 5000)
    host.down()
    expect([host.localAddresses(), await host.sourceTowards(SERVER)]).toEqual([[], undefined])
    street.say(ear, server.socket.local, 'lost')
    street.say(server, { address: '198.51.100.7', port: 5000 }, 'lost')
    host.up()
    street.say(ear, server.socket.local, 'back')
    street.say(server, { address: '198.51.100.7', port: 5000 }, 'hello again')
    expect([...textsOf(server), ...textsOf(ear)]).toEqual(['back', 'hello again'])
  })
})

describe('wires', () => {
  test('a black hole swallows one way, or both, until it is filled', async () => {
    const street = new Neighbourhood()
    const nat = street.nat('198.51.100.1')
    const host = street.network.host(LAN, nat)
    const [alice, server] = [await street.ear(host, 5000), await street.server()]
    const bothWays = (): readonly [number, number] => {
      const before = [alice.heard.length, server.heard.length] as const
      street.say(alice, server.socket.local)
      street.say(server, { address: nat.address, port: 5000 })
      return [server.heard.length - before[1], alice.heard.length - before[0]]
    }
    expect(bothWays()).toEqual([1, 1])
    for (const spot of [host, nat, LAN, nat.address]) {
      const fill = street.network.cut(SERVER, spot)
      expect(bothWays()).toEqual([1, 0])
      fill()
    }
    street.network.cut(nat, SERVER, 'both')
    expect(bothWays()).toEqual([0, 0])
    street.network.heal()
    expect(bothWays()).toEqual([1, 1])
  })

  test('a narrow one swallows long packets without a word', async () => {
    const street = new Neighbourhood()
    const lan = street.network.core.behind(street.nat('198.51.100.1'), { mtuBytes: 1280 })
    const alice = await street.ear(street.network.host([{ address: LAN, on: lan }]), 5000)
    const server = await street.server()
    for (const bytes of [1252, 1253]) street.say(alice, server.socket.local, 'x'.repeat(bytes))
    for (const bytes of [1252, 1253]) street.say(server, server.heard[0]!.from, 'x'.repeat(bytes))
    expect([...server.heard, ...alice.heard].map(({ text }) => text.length)).toEqual([1252, 1252])
  })
})
