/**
 * What is done to a network really happens to it. A rebinding that keeps the port, or a hole that lets packets
 * through, would make every scenario about it pass.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { hopsBetween, seenFrom, tripsFrom } from '../nat/probing.ts'
import { type ProfileName, profile } from '../nat/profiles.ts'
import { ACCESS } from './addresses.ts'
import { Network, type NetworkSpec } from './network.ts'

const reason = tellLeftOut('changes of networks', whyNoLab())

describe.skipIf(reason !== undefined)('a network', () => {
  const opened: Network[] = []
  afterEach(async () => {
    for (const network of opened.splice(0)) await network.close()
  })
  const built = async (a: ProfileName, b: ProfileName, more: Partial<NetworkSpec> = {}): Promise<Network> => {
    const network = await Network.build({ a: profile(a), b: profile(b), ...more })
    opened.push(network)
    return network
  }

  it.each(['home', 'poisonable', 'nopreserve', 'symmetric random'] as const)(
    'rebinds a flow that exists, behind %s',
    async name => {
      const network = await built(name, 'public')
      const [before, after] = await seenFrom(network.namespaces, 'a', () => network.rebind('a'))
      expect(after!.address).toBe(before!.address)
      expect(after!.port).not.toBe(before!.port)
    },
  )

  it('forgets whom its routers let in and out', async () => {
    const network = await built('symmetric random', 'full cone')
    const forget = () => network.forget()
    const [before, after] = await seenFrom(network.namespaces, 'a', forget)
    expect(after!.port).not.toBe(before!.port)
    await seenFrom(network.namespaces, 'b', async () => {
      const cone = () => network.namespaces.run('rb', 'nft', 'list', 'map', 'ip', 'nat', 'cone')
      expect(await cone()).toContain('elements')
      await forget()
      expect(await cone()).not.toContain('elements')
    })
  })

  it('does not rebind by forgetting connections alone where ports are kept', async () => {
    const network = await built('home', 'public')
    const forget = () => network.namespaces.run('ra', 'conntrack', '-F')
    const [before, after] = await seenFrom(network.namespaces, 'a', forget)
    expect(after).toEqual(before)
  })

  it.each(['public', 'home', 'nopreserve', 'CGNAT(home+home)'] as const)(
    'gives the outside of %s another address',
    async name => {
      const network = await built(name, 'public')
      const [before, after] = await seenFrom(network.namespaces, 'a', () => network.changeWanAddress('a'))
      expect(before!.address).toBe(ACCESS.a.customer4)
      expect(after!.address).toBe(ACCESS.a.second4)
    },
  )

  it('moves a host inside its home without cutting it off', async () => {
    const network = await built('home', 'public')
    const [before, after] = await seenFrom(network.namespaces, 'a', () => network.moveHost('a'))
    expect(before!.address).toBe(ACCESS.a.customer4)
    expect(after!.address).toBe(ACCESS.a.customer4)
    const addresses = await network.namespaces.run('a', 'ip', '-4', '-o', 'address', 'show', 'dev', 'eth0')
    expect(addresses).toContain('192.168.1.50/24')
    expect(addresses).not.toContain('192.168.1.10/24')
  })

  it('lets a host go over to another uplink, of its own family or the other', async () => {
    const network = await built('home', 'home', {
      uplinks: { a: profile('home'), b: profile('IPv6 firewall') },
    })
    const [, after] = await seenFrom(network.namespaces, 'a', () => network.switchUplink('a'))
    expect(after!.address).toBe(ACCESS.a2.customer4)
    await network.switchUplink('b')
    const came = await tripsFrom(network.namespaces, 'b', { count: 3, intervalMs: 5, waitMs: 200 }, 'ipv6')
    expect(came).toHaveLength(3)
  })

  it('has a cable that can be pulled out and put in again', async () => {
    const network = await built('home', 'public')
    const reach = () => hopsBetween(network.namespaces, 'a', 'b', ACCESS.b.customer4)
    const putIn = await network.linkDown('a')
    expect(await reach()).toBe(null)
    await putIn()
    expect(await reach()).toBe(6)
  })

  it('has a hole between the two and none to the servers, until it is closed', async () => {
    const network = await built('home', 'public')
    const reach = () => hopsBetween(network.namespaces, 'a', 'b', ACCESS.b.customer4)
    const close = await network.blackhole()
    expect(await reach()).toBe(null)
    expect(await hopsBetween(network.namespaces, 'a', 'rs2', ACCESS.rs2.customer4)).toBe(6)
    await close()
    expect(await reach()).toBe(6)
  })

  it('lets nothing long through its middle once that is narrow', async () => {
    const network = await built('home', 'public')
    const how = { count: 3, intervalMs: 5, waitMs: 200, paddingBytes: 1_300 }
    expect(await tripsFrom(network.namespaces, 'a', how)).toHaveLength(3)
    await network.narrow(1_280)
    expect(await tripsFrom(network.namespaces, 'a', { ...how, paddingBytes: 0 })).toHaveLength(3)
    expect(await tripsFrom(network.namespaces, 'a', { ...how, towards: 'rs2' })).toEqual([])
  })

  it('loses the share that was asked for', async () => {
    const network = await built('home', 'public')
    await network.lose('a', 20)
    const count = 1_500
    const came = await tripsFrom(network.namespaces, 'a', { count, intervalMs: 0.5, waitMs: 200 })
    // 0.8 × 0.8 come back; four standard deviations are 5 %.
    expect(came.length / count).toBeGreaterThan(0.59)
    expect(came.length / count).toBeLessThan(0.69)
    await network.lose('a', 0)
    expect(await tripsFrom(network.namespaces, 'a', { count: 50, intervalMs: 1, waitMs: 200 })).toHaveLength(
      50,
    )
  })

  it('forgets a mapping that nobody used for the time that was asked for', async () => {
    const network = await built('symmetric random', 'public')
    await network.shortenTimeouts('a', 1)
    const sleep = () => new Promise(done => setTimeout(done, 2_500))
    const [before, after] = await seenFrom(network.namespaces, 'a', sleep)
    expect(after!.port).not.toBe(before!.port)
  })
})
