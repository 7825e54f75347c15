/** A whole coordinator in virtual time: restarts, a full disk, its operator, and two domains. */
import { describe, expect, test } from 'vitest'
import { Keys, Keyspace, Random } from '../../../../src/kernel/api/tokens.ts'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { pluginContract } from '../../../../src/kernel/testing/plugin-contract.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { DcLink } from '../../../../src/plugins/transport-ntm/dc/link.ts'
import { dcMethods } from '../../../../src/plugins/transport-ntm/dc/methods.ts'
import { dcPlugin } from '../../../../src/plugins/transport-ntm/dc/plugin.ts'
import { discoverDc, judgeDcKey } from '../../../../src/plugins/transport-ntm/signalling/discover.ts'
import { keyText } from '../../../../src/plugins/transport-ntm/signalling/join.ts'
import { namedPerson, testDevice } from '../../../support/named-person.ts'
import { MemoryKeyspace } from '../memory-keyspace.ts'
import { SignallingWorld, type TestDc, type TestNode } from '../signalling-world.ts'

const call = (dc: TestDc, name: string, params?: unknown): Promise<unknown> => {
  const found = dcMethods(dc.service).find(method => method.name === name)!
  const caller = {
    signal: new AbortController().signal,
    hasGone: false,
    onGone: () => () => undefined,
    emit: () => {},
  }
  return found.call(params, caller)
}
/** A call that has to wait for the disk, with time passing meanwhile. */
const done = async <T>(world: SignallingWorld, promise: Promise<T>): Promise<T> => {
  const settled = promise.catch((error: unknown) => ({ error }))
  await world.run(100)
  return (await settled) as T
}
const addressOf = (node: TestNode) => node.of('registered').at(-1)?.registered.virtualIpv4

const many = async (world: SignallingWorld, dc: TestDc, count: number) => {
  const nodes = Array.from({ length: count }, (_, n) => world.node(dc, `n${n}`))
  for (const node of nodes) node.register()
  await world.run(10_000)
  return nodes
}

describe('a coordinator that restarts', () => {
  test.each([
    ['after a minute, having been away for a second', 60_000, 1_000],
    ['after an hour, when nodes are silent for two minutes at a time', 3_600_000, 1_000],
    ['after having been away for ten minutes', 60_000, 600_000],
  ])('%s, has all hundred nodes again within 30 s', async (_, liveMs, deadMs) => {
    const world = new SignallingWorld(7)
    const dc = await world.dc()
    const nodes = await many(world, dc, 100)
    const before = nodes.map(addressOf)
    await world.run(liveMs)
    dc.kill()
    await world.run(deadMs)
    await dc.start()
    world.weather = { lossRate: 0.1, doubleRate: 0.05, latencyMs: [10, 100] }
    await world.run(30_000)
    expect(nodes.filter(node => node.machine.state !== 'up')).toEqual([])
    expect(dc.service.stats().registered).toBe(100)
    expect(nodes.map(addressOf)).toEqual(before)
    expect(new Set(before).size).toBe(100)
  })

  test('has them again within 30 s also when it does not know where they were, from their own keepalives', async () => {
    const world = new SignallingWorld(3)
    const dc = await world.dc()
    await many(world, dc, 100)
    dc.kill()
    for (const key of dc.keyspace.keys('endpoint/')) dc.keyspace.plant(key, Uint8Array.of(0))
    await dc.start()
    expect(dc.service.stats().toRecall).toBe(0)
    await world.run(30_000)
    expect(dc.service.stats().registered).toBe(100)
  })

  test('calls nobody back for ever', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const nodes = await many(world, dc, 5)
    dc.kill()
    for (const node of nodes) node.off()
    await dc.start()
    expect(dc.service.stats().toRecall).toBe(5)
    await world.run(60_000)
    expect(dc.service.stats().toRecall).toBe(0)
    expect(dc.keyspace.keys('endpoint/')).toEqual([])
  })

  test('keeps names, tokens and rules, and a name keeps its person', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await many(world, dc, 3)
    await done(world, call(dc, 'dc.access.deny', { pattern: 'evil.example' }))
    await done(world, call(dc, 'dc.token.new'))
    dc.kill()
    await dc.start()
    expect(await call(dc, 'dc.access.show')).toEqual({ mode: 'open', allow: [], deny: ['evil.example'] })
    expect(dc.service.stats()).toMatchObject({ names: 3, tokens: 1, addresses: 3, damaged: 0 })
    const rival = world.node(dc, namedPerson('rival', 'n0.example'))
    rival.register()
    await world.run(1000)
    expect(rival.of('refused')).toEqual([{ kind: 'refused', code: 'name-taken' }])
  })

  test('leaves alone and counts what it cannot read, and rules that it cannot read let nobody in', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await many(world, dc, 2)
    dc.kill()
    for (const key of ['name/n0.example', 'ip4/x', 'token/x', 'endpoint/x', 'access'])
      dc.keyspace.plant(key, Uint8Array.of(0xc1))
    await dc.start()
    expect(dc.service.stats()).toMatchObject({ names: 1, damaged: 5 })
    const carol = world.node(dc, 'carol')
    carol.register()
    await world.run(1000)
    expect(carol.of('refused')).toMatchObject([{ code: 'access-refused' }])
    expect(dc.keyspace.keys('name/')).toEqual(['name/n0.example', 'name/n1.example'])
  })
})

describe('a full disk', () => {
  test('refuses new names, says so, and takes them when there is room again', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [old] = await many(world, dc, 1)
    dc.keyspace.isFull = true
    const alice = world.node(dc, 'alice')
    alice.register()
    old!.register()
    await world.run(5000)
    expect([alice.machine.state, old!.machine.state]).toEqual(['down', 'up'])
    expect(dc.service.stats().names).toBe(1)
    dc.keyspace.isFull = false
    await world.run(30_000)
    expect(alice.machine.state).toBe('up')
  })

  test('fails an operator with the reason and changes nothing', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await many(world, dc, 1)
    dc.keyspace.isFull = true
    const released = await done(world, call(dc, 'dc.name.release', { name: 'n0.example' }))
    expect(released).toMatchObject({ error: { code: 'DISK_FULL' } })
    expect(dc.service.listNames()).toHaveLength(1)
  })
})

describe('an operator', () => {
  test('sees the names, and releases one: its holder cannot take it back, somebody else can', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [alice] = await many(world, dc, 2)
    expect(await call(dc, 'dc.name.ls')).toMatchObject({
      names: [
        { name: 'n0.example', person: alice!.owner.person, state: 'up' },
        { name: 'n1.example', state: 'up' },
      ],
    })
    await done(world, call(dc, 'dc.name.release', { name: 'n0.example' }))
    await world.run(200_000)
    expect(alice!.of('refused').at(-1)).toEqual({ kind: 'refused', code: 'token-invalid' })
    expect(dc.service.listNames()).toHaveLength(1)
    const heir = world.node(dc, namedPerson('heir', 'n0.example'))
    heir.register()
    await world.run(1000)
    expect(heir.machine.state).toBe('up')
    await world.run(200_000)
    expect(alice!.of('refused').at(-1)).toEqual({ kind: 'refused', code: 'name-taken' })
  })

  test('gives the former holder its name back with a token', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [alice] = await many(world, dc, 1)
    await done(world, call(dc, 'dc.name.release', { name: 'n0.example' }))
    const { token } = (await done(world, call(dc, 'dc.token.new', { lifetimeMs: 60_000 }))) as {
      token: string
    }
    alice!.register({ token })
    await world.run(1000)
    expect(alice!.machine.state).toBe('up')
  })

  test('issues tokens that expire', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await done(world, call(dc, 'dc.access.set', { mode: 'tokens' }))
    const { token } = (await done(world, call(dc, 'dc.token.new', { lifetimeMs: 5000 }))) as { token: string }
    await world.run(6000)
    const alice = world.node(dc, 'alice')
    alice.register({ token })
    await world.run(1000)
    expect(alice.of('refused')).toMatchObject([{ code: 'token-invalid' }])
  })

  test('shuts a member out at once, also from directions, and lets it in again', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [alice, bob] = await many(world, dc, 2)
    await done(world, call(dc, 'dc.access.deny', { pattern: 'n1.example' }))
    alice!.step({ kind: 'direct', name: 'n1.example', device: undefined })
    bob!.step({ kind: 'direct', name: 'n0.example', device: undefined })
    await world.run(10_000)
    expect(alice!.of('failed')).toMatchObject([{ why: 'unreachable' }])
    expect(bob!.of('directed')).toEqual([])
    expect(bob!.of('refused')).toMatchObject([{ code: 'access-refused' }])
    await done(world, call(dc, 'dc.access.allow', { pattern: 'n1.example' }))
    await world.run(120_000)
    expect(bob!.machine.state).toBe('up')
  })

  test('forgets a rule: what was denied or allowed is judged as anybody is', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [near, far] = ['near', 'far'].map(name => testDevice(name).tunnelKey)
    await done(world, call(dc, 'dc.access.deny', { pattern: near }))
    await done(world, call(dc, 'dc.access.allow', { pattern: far }))
    const none = { mode: 'open', allow: [], deny: [] }
    expect(await done(world, call(dc, 'dc.access.forget', { pattern: near }))).toEqual({
      ...none,
      allow: [far],
    })
    expect(await done(world, call(dc, 'dc.access.forget', { pattern: far }))).toEqual(none)
    expect(await done(world, call(dc, 'dc.access.forget', { pattern: far }))).toEqual(none)
  })

  test('publishes where the domain is to be found, and names a successor that is then believed', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const next = testDevice('next')
    const records = (await call(dc, 'dc.dns', { host: 'dc.example', port: 4500 })) as Record<string, string>
    expect(records).toMatchObject({ service: '_ntm._udp.example', srv: '0 0 4500 dc.example.' })
    const server = { host: 'dc.example', port: 4500, priority: 0, weight: 0 }
    const found = async (txt: string) => {
      const result = await discoverDc({ srv: async () => [server], txt: async () => [txt] }, 'example', 0)
      if (!result.ok) throw new Error(result.why)
      return result.value
    }
    const first = await found(records.txt!)
    const pin = { tunnelKey: first.key, identity: first.identity }
    expect(pin).toEqual({ tunnelKey: dc.identity.tunnelKey, identity: dc.identity.device })
    const keys = { key: keyText(next.tunnelKey), identity: keyText(next.device) }
    const { txt } = (await call(dc, 'dc.succession', keys)) as { txt: string }
    expect(judgeDcKey('example', pin, await found(txt))).toBe('changed-with-proof')
  })

  test.each([
    ['dc.dns', { host: 'dc.example', port: 0 }, 'USAGE'],
    ['dc.succession', { key: 'short' }, 'USAGE'],
    ['dc.name.release', { name: 'Not a name' }, 'NAME_INVALID'],
    ['dc.name.release', { name: 'nobody.example' }, 'NOT_FOUND'],
    ['dc.name.release', undefined, 'NAME_INVALID'],
    ['dc.token.new', { lifetimeMs: -1 }, 'USAGE'],
    ['dc.access.set', { mode: 'shut' }, 'USAGE'],
    ['dc.access.allow', { pattern: 'a*' }, 'USAGE'],
    ['dc.access.deny', null, 'USAGE'],
    ['dc.access.forget', { pattern: 'a*' }, 'USAGE'],
  ])('calling %s with %j hears %s', async (name, params, code) => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await expect(async () => call(dc, name, params)).rejects.toMatchObject({ code })
  })
})

test('two domains: a guest is directed by the other coordinator, and both learn whom they speak to', async () => {
  const world = new SignallingWorld()
  const home = await world.dc('example')
  const away = await world.dc('elsewhere')
  const alice = world.node(home, 'alice')
  const bob = world.node(away, 'bob')
  alice.register()
  bob.register()
  await world.run(1000)
  const guest = world.node(away, alice.owner)
  guest.register({ isGuest: true, record: alice.of('registered')[0]!.registered.record })
  guest.step({ kind: 'direct', name: 'bob.elsewhere', device: undefined })
  await world.run(3000)
  expect(guest.of('registered')).toMatchObject([{ registered: { virtualIpv4: undefined } }])
  expect(guest.of('directed')).toMatchObject([
    { directed: { observed: bob.endpoint, candidates: bob.candidates } },
  ])
  expect(bob.of('directed')).toMatchObject([
    { directed: { role: 'responder', record: { name: 'alice.example', person: alice.owner.person } } },
  ])
  expect(away.service.stats()).toMatchObject({ registered: 1, guests: 1, names: 1 })
  expect(home.service.stats().received['direction-request']).toBe(0)
})

test('nodes that are already directed to each other cause nothing but keepalives', async () => {
  const world = new SignallingWorld()
  const dc = await world.dc()
  const [alice] = await many(world, dc, 2)
  alice!.step({ kind: 'direct', name: 'n1.example', device: undefined })
  await world.run(1000)
  const before = dc.service.stats().received
  await world.run(3_600_000)
  expect({ ...dc.service.stats().received, 'keep-alive': 0 }).toEqual({ ...before, 'keep-alive': 0 })
})

pluginContract(() => dcPlugin, {
  config: { domain: 'example' },
  services: () => {
    const { device, sign, tunnelKey } = testDevice('dc')
    const link = { send: () => {}, onReceive: () => () => {} }
    const keys = {
      device,
      sign,
      tunnelKey,
      agree: () => new Uint8Array(32),
      agreeTunnel: () => new Uint8Array(32),
    }
    return [
      [DcLink, link],
      [Keyspace, new MemoryKeyspace(systemClock)],
      [Random, new SeededRandom(1)],
      [Keys, keys],
    ]
  },
})
