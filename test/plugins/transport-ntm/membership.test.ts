/** A coordinator whose identity changed is refused loudly, and nothing that it says is used. */
import { describe, expect, test } from 'vitest'
import { idToBytes } from '../../../src/events/ids.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { CoordinatorPins } from '../../../src/plugins/transport-ntm/coordinator-pins.ts'
import { Membership } from '../../../src/plugins/transport-ntm/membership.ts'
import type { Registered } from '../../../src/plugins/transport-ntm/signalling/outputs.ts'
import { testDevice } from '../../support/named-person.ts'
import { MemoryKeyspace } from './memory-keyspace.ts'
import { SignallingWorld } from './signalling-world.ts'

const join = { host: '192.0.2.1', port: 4500, key: testDevice('dc').tunnelKey }
const registered: Registered = {
  virtualIpv4: '198.18.0.7',
  observed: { address: '192.0.2.9', port: 7 },
  dcKey: testDevice('dc').device,
  record: new Uint8Array(),
  leaseMs: 1,
}

function membership() {
  const clock = new VirtualClock()
  const notes: string[] = []
  const addresses: (readonly number[] | undefined)[] = []
  const made = new Membership({
    name: 'alice.example',
    clock,
    journal: { note: what => notes.push(what), async *read() {} },
    setIpv4: address => addresses.push(address && [...address]),
  })
  return { clock, notes, addresses, made }
}

describe('membership', () => {
  test('waits for the registration, and gives the address', async () => {
    const { made, addresses } = membership()
    const waiting = made.registration(1_000)
    made.registered(registered)
    made.changed('up')
    expect(await waiting).toBe('198.18.0.7')
    expect(addresses).toEqual([[198, 18, 0, 7]])
  })

  test('does not wait for ever', async () => {
    const { made, clock } = membership()
    const waiting = made.registration(1_000)
    clock.step()
    await expect(waiting).rejects.toMatchObject({ code: 'DC_UNREACHABLE', exitCode: 3 })
  })

  test.each([
    ['name-taken', 'NAME_TAKEN', 'has given alice.example to another person'],
    ['token-invalid', 'TOKEN_INVALID', 'gives alice.example only for a valid invite token'],
    ['access-refused', 'DC_REFUSED', 'does not let alice.example in'],
    ['name-foreign', 'DC_REFUSED', 'does not give out alice.example, which is outside its domain'],
    ['record-refused', 'DC_REFUSED', 'does not take what this device says about alice.example'],
    ['failed', 'DC_REFUSED', 'refuses to register alice.example'],
    ['identity-changed', 'DC_KEY_CHANGED', 'shows another identity than the one pinned'],
  ] as const)('%s is %s in plain words, noted once, and the address is given up', async (why, code, does) => {
    const { made, notes, addresses } = membership()
    made.registered(registered)
    made.refused(join, why)
    made.refused(join, why)
    const message = `the DC at 192.0.2.1:4500 ${does}`
    await expect(made.registration(1_000)).rejects.toMatchObject({ code, message })
    expect(notes).toEqual([message])
    expect(addresses.at(-1)).toBeUndefined()
  })
})

describe('the identity of a coordinator', () => {
  test('is kept for good', async () => {
    const clock = new VirtualClock()
    const keyspace = new MemoryKeyspace(clock)
    const pins = new CoordinatorPins(keyspace)
    expect(await pins.identityOf(join.key)).toBeUndefined()
    for (const pinning of [pins.pinIdentity(join.key, registered.dcKey), pins.pinPlace('example', join)]) {
      clock.step()
      await pinning
    }
    keyspace.losePower()
    const again = new CoordinatorPins(keyspace)
    expect(await again.identityOf(join.key)).toBe(registered.dcKey)
    expect(await again.placeOf('example')).toEqual(join)
    keyspace.plant(`dc-identity/${join.key}`, idToBytes(registered.dcKey).subarray(1))
    expect(await again.identityOf(join.key)).toBeUndefined()
  })

  test('that is another one ends the registration before anything of it is used', async () => {
    const world = new SignallingWorld(1)
    const dc = await world.dc()
    const node = world.node(dc, 'alice')
    const pinned = testDevice('somebody else').device
    node.step({
      kind: 'start',
      claim: { record: node.owner.record(), token: undefined, isGuest: false, pinned },
    })
    await world.run(5_000)
    expect(node.of('registered')).toEqual([])
    expect(node.of('refused')).toEqual([{ kind: 'refused', code: 'identity-changed' }])
    expect(node.machine.state).toBe('down')
  })

  test('that changes while the node runs is refused too', async () => {
    const world = new SignallingWorld(1)
    const dc = await world.dc()
    const node = world.node(dc, 'alice')
    node.register()
    await world.run(1_000)
    expect(node.machine.state).toBe('up')
    dc.kill()
    Object.assign(dc, { identity: testDevice('an impostor with the same tunnel key') })
    await dc.start()
    await world.run(30_000)
    expect(node.of('registered')).toHaveLength(1)
    expect(node.of('refused').at(0)).toEqual({ kind: 'refused', code: 'identity-changed' })
  })
})
