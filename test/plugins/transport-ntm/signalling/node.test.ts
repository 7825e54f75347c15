/** A node at its coordinator: registering, staying in touch, losing it and finding it again. */
import { describe, expect, test } from 'vitest'
import type { NodeOutput } from '../../../../src/plugins/transport-ntm/signalling/outputs.ts'
import { readNameRecord, verifyCountersignature } from '../../../../src/wire/name-record.ts'
import { namedPerson } from '../../../support/named-person.ts'
import { SignallingWorld } from '../signalling-world.ts'

const states = (outputs: readonly NodeOutput[]) =>
  outputs.flatMap(output => (output.kind === 'state' ? [output.state] : []))

/** Alice at a coordinator, so long after she has begun to register. */
const registered = async (runMs = 1_000) => {
  const world = new SignallingWorld()
  const dc = await world.dc()
  const alice = world.node(dc, 'alice')
  alice.register()
  await world.run(runMs)
  return { world, dc, alice }
}

describe('a node at its coordinator', () => {
  test('registers and learns its addresses and its countersigned record', async () => {
    const { dc, alice } = await registered()
    expect(alice.of('registered')).toHaveLength(1)
    const { virtualIpv4, observed, record, dcKey } = alice.of('registered')[0]!.registered
    expect(virtualIpv4).toMatch(/^198\.1[89]\./)
    expect(observed).toEqual(alice.endpoint)
    expect(dcKey).toBe(dc.identity.device)
    const read = readNameRecord(record)
    expect(read.ok && verifyCountersignature(read.value, dc.identity.device).ok).toBe(true)
    expect(alice.machine.state).toBe('up')
  })

  test('is told about a person with many devices, whose record needs several datagrams', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const owner = namedPerson('alice', 'alice.example', true)
    const record = owner.record({ mailboxes: [new Uint8Array(500), new Uint8Array(500)] })
    expect(record.length).toBeGreaterThan(2000)
    const alice = world.node(dc, owner)
    const bob = world.node(dc, 'bob')
    world.weather = { lossRate: 0.2, doubleRate: 0.2, latencyMs: [5, 60] }
    alice.register({ record })
    bob.register()
    await world.run(60_000)
    expect([alice.machine.state, bob.machine.state]).toEqual(['up', 'up'])
    bob.step({ kind: 'direct', name: 'alice.example', device: undefined })
    await world.run(10_000)
    expect(bob.of('directed')[0]?.directed.record.devices).toHaveLength(2)
  })

  test('keeps in touch often enough for a NAT or a firewall that forgets after half a minute', async () => {
    const { dc, alice } = await registered(1_800_000)
    expect(dc.service.stats().received['keep-alive']).toBeGreaterThanOrEqual(72)
    expect(alice.of('registered').at(-1)!.registered.leaseMs).toBeLessThanOrEqual(85_000)
  })

  test('says again where it is seen when the coordinator is back, though it is the same place', async () => {
    const { world, dc, alice } = await registered()
    dc.kill()
    await world.run(60_000)
    expect(states(alice.outputs.map(({ output }) => output)).at(-1)).toBe('down')
    await dc.start()
    await world.run(60_000)
    expect(alice.machine.state).toBe('up')
    expect(alice.of('observed')).toHaveLength(2)
  })

  test('is down while the coordinator is, tries again with growing pauses, and comes back by itself', async () => {
    const { world, dc, alice } = await registered()
    dc.kill()
    await world.run(300_000)
    expect(alice.machine.state).toBe('down')
    const before = alice.sent
    await world.run(300_000)
    expect(alice.sent - before).toBeLessThan(120)
    await dc.start()
    await world.run(30_000)
    expect(alice.machine.state).toBe('up')
    const story = states(alice.outputs.map(({ output }) => output))
    expect(story.slice(0, 3)).toEqual(['registering', 'up', 'down'])
    expect(story.at(-1)).toBe('up')
  })

  test('says at once that it has moved, and hears its new address', async () => {
    const { world, alice } = await registered()
    alice.endpoint = { address: '198.51.100.7', port: 7 }
    alice.step({ kind: 'rerouted' })
    await world.run(1000)
    expect(alice.of('observed').at(-1)?.endpoint).toEqual({ address: '198.51.100.7', port: 7 })
  })

  describe('that asks out of turn, for something seems to be wrong', () => {
    const HALF_AN_HOUR_MS = 1_800_000
    const keepAlivesAfter = async (silentMs: number): Promise<number> => {
      const { world, dc, alice } = await registered(silentMs)
      alice.endpoint = { ...alice.endpoint, port: 7 }
      alice.step({ kind: 'ask' })
      await world.run(1_000)
      expect(alice.of('observed').at(-1)?.endpoint).toEqual(alice.endpoint)
      const before = dc.service.stats().received['keep-alive']!
      await world.run(HALF_AN_HOUR_MS)
      return dc.service.stats().received['keep-alive']! - before
    }

    test('learns from another port that so long a silence was too long', async () => {
      expect(await keepAlivesAfter(20_000)).toBeGreaterThanOrEqual(HALF_AN_HOUR_MS / 18_750)
    })

    test('learns nothing from one that changed though nobody was silent', async () => {
      expect(await keepAlivesAfter(5_000)).toBeLessThanOrEqual(HALF_AN_HOUR_MS / 22_500)
    })

    test('gives a coordinator that is away one attempt, and then waits as long as before', async () => {
      const { world, dc, alice } = await registered()
      dc.kill()
      await world.run(300_000)
      const sentIn = async (ms: number): Promise<number> => {
        const before = alice.sent
        await world.run(ms)
        return alice.sent - before
      }
      // Longer than any pause between two sends of one request.
      while ((await sentIn(5_000)) > 0);
      const before = alice.sent
      alice.step({ kind: 'ask' })
      alice.step({ kind: 'ask' })
      expect(alice.sent - before).toBe(1)
      expect(await sentIn(7_500)).toBe(3)
      expect(await sentIn(7_000)).toBe(0)
    })
  })

  test('hears why it is refused, and asks again later in case the rules have changed', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    await Promise.all([dc.service.setAccess({ mode: 'list', allow: [], deny: [] }), world.run(10)])
    const alice = world.node(dc, 'alice')
    alice.register()
    await world.run(1000)
    expect(alice.of('refused')).toEqual([{ kind: 'refused', code: 'access-refused' }])
    expect(alice.machine.state).toBe('down')
    await Promise.all([dc.service.setAccess({ mode: 'open', allow: [], deny: [] }), world.run(90_000)])
    expect(alice.machine.state).toBe('up')
  })

  test('stops when it is told to', async () => {
    const { world, dc, alice } = await registered()
    alice.step({ kind: 'stop' })
    const { sent } = alice
    await world.run(600_000)
    expect(alice.sent).toBe(sent)
    expect(dc.service.listNames()).toMatchObject([{ state: 'down' }])
  })
})

describe('who stands behind a name', () => {
  test('is told although that person is away', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    const [alice, bob] = [world.node(dc, 'alice'), world.node(dc, 'bob')]
    alice.register()
    bob.register()
    await world.run(1000)
    bob.step({ kind: 'stop' })
    bob.off()
    await world.run(400_000)
    alice.step({ kind: 'look-up', name: 'bob.example' })
    alice.step({ kind: 'look-up', name: 'nobody.example' })
    await world.run(1000)
    expect(alice.of('found')).toMatchObject([{ name: 'bob.example', record: { person: bob.owner.person } }])
    expect(alice.of('not-found')).toEqual([
      { kind: 'not-found', name: 'nobody.example', why: 'unknown-name' },
    ])
  })

  test('is not known while the coordinator is silent', async () => {
    const { world, dc, alice } = await registered()
    dc.kill()
    alice.step({ kind: 'look-up', name: 'bob.example' })
    alice.step({ kind: 'direct', name: 'bob.example', device: undefined })
    await world.run(8000)
    expect(alice.of('not-found')).toMatchObject([{ why: 'timeout' }])
    expect(alice.of('failed')).toMatchObject([{ name: 'bob.example', why: 'timeout' }])
  })
})
