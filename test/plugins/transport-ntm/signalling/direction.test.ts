/** Two nodes and a coordinator: who hears what, in which order, over good networks and bad. */
import { describe, expect, test } from 'vitest'
import type { PersonId } from '../../../../src/events/ids.ts'
import { readNameRecord, signNameRecord } from '../../../../src/wire/name-record.ts'
import { type NamedPerson, namedPerson } from '../../../support/named-person.ts'
import { SignallingWorld, type TestNode, type Weather } from '../signalling-world.ts'

const pair = async (seed = 1, weather?: Weather) => {
  const world = new SignallingWorld(seed)
  const dc = await world.dc()
  const [alice, bob] = [world.node(dc, 'alice'), world.node(dc, 'bob')]
  alice.register()
  bob.register()
  await world.run(1000)
  if (weather !== undefined) world.weather = weather
  return { world, dc, alice, bob }
}
const ask = (asker: TestNode, peer: TestNode, knowsDevice = false) =>
  asker.step({ kind: 'direct', name: peer.owner.name, device: knowsDevice ? peer.tunnelKey : undefined })
const atOf = (node: TestNode, kind: string): number =>
  node.outputs.find(({ output }) => output.kind === kind)!.atMs

describe('two nodes directed to each other', () => {
  test('the responder hears first, and each learns where the other is', async () => {
    const { world, alice, bob } = await pair()
    ask(alice, bob)
    await world.run(1000)
    expect(bob.of('directed')).toMatchObject([
      { directed: { role: 'responder', device: alice.tunnelKey, observed: alice.endpoint, candidates: [] } },
    ])
    expect(alice.of('directed')).toMatchObject([
      {
        directed: {
          role: 'initiator',
          device: bob.tunnelKey,
          observed: bob.endpoint,
          candidates: bob.candidates,
          record: { person: bob.owner.person },
        },
      },
    ])
    expect(atOf(bob, 'directed')).toBeLessThan(atOf(alice, 'directed'))
  })

  test('an initiator that knows the device seals its own candidates to it', async () => {
    const { world, alice, bob } = await pair()
    ask(alice, bob, true)
    await world.run(1000)
    expect(bob.of('directed')[0]?.directed.candidates).toEqual(alice.candidates)
  })

  test('asking twice at once is asking once, and asking again later works', async () => {
    const { world, alice, bob } = await pair()
    ask(alice, bob)
    ask(alice, bob)
    await world.run(1000)
    expect(bob.of('directed')).toHaveLength(1)
    ask(alice, bob)
    await world.run(1000)
    expect(bob.of('directed')).toHaveLength(2)
  })

  test('once authorised, the initiator is told at once, and then the candidates too', async () => {
    const { world, alice, bob } = await pair()
    ask(alice, bob)
    await world.run(1000)
    bob.off()
    ask(alice, bob, true)
    await world.run(100)
    expect(alice.of('directed')).toHaveLength(2)
    expect(alice.of('directed')[1]?.directed).toMatchObject({ observed: bob.endpoint, candidates: [] })
    bob.isOn = true
    await world.run(3000)
    expect(alice.of('directed')).toHaveLength(3)
    expect(alice.of('directed')[2]?.directed.candidates).toEqual(bob.candidates)
    expect(alice.of('failed')).toEqual([])
  })

  test('a record that has expired leads nobody anywhere, on either side', async () => {
    const { world, alice, bob } = await pair()
    const expires = world.clock.now() + 60_000
    for (const node of [alice, bob]) node.register({ record: node.owner.record({ serial: 2, expires }) })
    await world.run(1000)
    ask(alice, bob)
    alice.step({ kind: 'look-up', name: bob.owner.name })
    await world.run(1000)
    expect(alice.of('directed')).toHaveLength(1)
    expect(alice.of('found')).toHaveLength(1)
    await world.run(60_000)
    ask(alice, bob)
    alice.step({ kind: 'look-up', name: bob.owner.name })
    await world.run(10_000)
    expect(bob.of('dropped')).toContainEqual({ kind: 'dropped', why: 'record-expired' })
    expect(bob.of('directed')).toHaveLength(1)
    expect(alice.of('directed')).toHaveLength(1)
    expect(alice.of('not-found')).toMatchObject([{ why: 'record-expired' }])
  })

  test('many withdrawals go a few at a time, and all get through', async () => {
    const { world, alice, bob } = await pair()
    const persons = Array.from({ length: 100 }, (_, at) => at.toString(16).padStart(64, '0') as PersonId)
    const before = bob.sent
    for (const person of persons) bob.step({ kind: 'withdraw', person })
    expect(bob.sent - before).toBe(16)
    await world.run(5_000)
    expect(
      bob
        .of('withdrawn')
        .map(({ person }) => person)
        .sort(),
    ).toEqual(persons)
    expect(alice.of('withdrawn')).toEqual([])
  })

  test('accepted only this once, the initiator has to wait for the responder the next time too', async () => {
    const { world, alice, bob } = await pair()
    bob.decide = () => 'accept-once'
    ask(alice, bob)
    await world.run(1000)
    bob.off()
    ask(alice, bob)
    await world.run(10_000)
    expect(alice.of('directed')).toHaveLength(1)
    expect(alice.of('failed')).toMatchObject([{ why: 'unreachable' }])
  })

  test('a withdrawal takes the authorisation back, also when the first try is lost', async () => {
    const { world, dc, alice, bob } = await pair()
    ask(alice, bob)
    await world.run(1000)
    dc.sessions.delete(bob.tunnelKey)
    bob.step({ kind: 'withdraw', person: alice.owner.person })
    await world.run(200)
    dc.sessions.add(bob.tunnelKey)
    await world.run(5000)
    expect(bob.of('withdrawn')).toEqual([{ kind: 'withdrawn', person: alice.owner.person }])
    bob.decide = () => 'refuse'
    ask(alice, bob)
    await world.run(5000)
    expect(alice.of('directed')).toHaveLength(1)
  })

  test('a withdrawal that never got through is said again after the next registration', async () => {
    const { world, dc, bob, alice } = await pair()
    dc.kill()
    bob.step({ kind: 'withdraw', person: alice.owner.person })
    await world.run(60_000)
    expect(bob.of('withdrawn')).toEqual([])
    await dc.start()
    await world.run(30_000)
    expect(bob.of('withdrawn')).toHaveLength(1)
  })

  test.each([1, 2, 3, 4, 5])(
    'over a bad network both get there, each request done once (seed %i)',
    async seed => {
      const weather = { lossRate: 0.25, doubleRate: 0.25, latencyMs: [5, 150] as const }
      const { world, dc, alice, bob } = await pair(seed, weather)
      let decisions = 0
      bob.decide = () => {
        decisions += 1
        return 'accept-once'
      }
      for (let round = 0; round < 20 && alice.of('directed').length === 0; round += 1) {
        ask(alice, bob)
        await world.run(8000)
      }
      expect(alice.of('directed').length).toBeGreaterThan(0)
      const requests = alice.of('directed').length + alice.of('failed').length
      expect(decisions).toBeLessThanOrEqual(requests)
      expect(dc.service.stats().directionsPending).toBe(0)
    },
  )
})

describe('what a coordinator cannot do to a node', () => {
  /** A coordinator's word with the record of someone else, or a record that does not hold. */
  const withRecord = async (change: (bob: NamedPerson) => Uint8Array) => {
    const { world, dc, alice, bob } = await pair()
    const forged = change(bob.owner)
    const { carry } = world
    const { encodeMessage, decodeMessage } = await import(
      '../../../../src/plugins/transport-ntm/signalling/codec.ts'
    )
    world.carry = (bytes, arrive) => {
      const message = decodeMessage(bytes)
      const isToAlice =
        message.ok && message.value.type === 'route-direction' && message.value.role === 'initiator'
      carry.call(
        world,
        isToAlice ? encodeMessage({ ...message.value, record: forged } as never) : bytes,
        arrive,
      )
    }
    ask(alice, bob)
    await world.run(10_000)
    expect(dc.service.stats().received['direction-request']).toBeGreaterThan(0)
    return alice
  }

  test('put another name in place of the one asked for', async () => {
    const alice = await withRecord(() => namedPerson('mallory').record())
    expect(alice.of('directed')).toEqual([])
    expect(alice.of('failed')).toMatchObject([{ name: 'bob.example', why: 'record-invalid' }])
  })

  test('or a record that it did not countersign, or that nobody signed', async () => {
    const unsigned = await withRecord(bob => bob.record({ serial: 7 }))
    expect(unsigned.of('failed')).toMatchObject([{ why: 'record-invalid' }])
    const forged = await withRecord(bob => {
      const read = readNameRecord(bob.record())
      if (!read.ok) throw new Error(read.why)
      return signNameRecord(read.value.body, read.value.signer, () => new Uint8Array(64))
    })
    expect(forged.of('failed')).toMatchObject([{ why: 'record-invalid' }])
  })

  test('answer what was never asked', async () => {
    const { world, alice, bob } = await pair()
    const { encodeMessage } = await import('../../../../src/plugins/transport-ntm/signalling/codec.ts')
    const bytes = encodeMessage({
      type: 'route-direction',
      transaction: '00'.repeat(8),
      role: 'initiator',
      record: bob.owner.record(),
      device: bob.tunnelKey,
      observed: bob.endpoint,
      candidates: undefined,
      relay: undefined,
    })
    alice.step({ kind: 'datagram', bytes })
    await world.run(100)
    expect(alice.of('directed')).toEqual([])
    expect(alice.of('dropped')).toEqual([{ kind: 'dropped', why: 'direction-unasked' }])
  })
})
