/** A node that names its peers, with a coordinator that says whatever the test says: who is led where, and who not. */
import type { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Contact, ContactState, PeerCard, People } from '../../../src/kernel/api/index.ts'
import { Links } from '../../../src/plugins/transport-ntm/path/links.ts'
import type { Directed, RequestFailure } from '../../../src/plugins/transport-ntm/signalling/outputs.ts'
import { INTRODUCTIONS_MAX, NtmTransport } from '../../../src/plugins/transport-ntm/transport.ts'
import { readNameRecord } from '../../../src/wire/name-record.ts'
import { type NamedPerson, namedPerson, testDevice } from '../../support/named-person.ts'
import { Street } from './nodes.ts'

const BOB = namedPerson('bob')
const BOBS_PLACE = { address: '10.0.0.2', port: 4_500 }

const cardOf = ({ person, name, devices }: NamedPerson): PeerCard => {
  const { device, tunnelKey } = devices[0]!
  return { person, name, device, tunnelKey }
}

function directedTo(who: NamedPerson, role: Directed['role'] = 'responder'): Directed {
  const record = readNameRecord(who.record())
  if (!record.ok) throw new Error(record.why)
  return {
    ...{ role, record: record.value, device: who.devices[0]!.tunnelKey },
    ...{ observed: BOBS_PLACE, candidates: [], relay: undefined },
  }
}

/** Alice, who has Bob's keys and stands to him in some way that may change. */
async function aliceWith(stands: { state: ContactState | undefined }) {
  const street = new Street()
  const alice = await street.node('10.0.0.1')
  let [atBobs, asked, learning] = [0, 0, 0]
  const doubted: string[] = []
  await street.network.host(BOBS_PLACE.address).udp(BOBS_PLACE, () => void (atBobs += 1))
  const contact = (): Contact | undefined => {
    const { person, name } = BOB
    const { state } = stands
    return state === undefined ? undefined : { person, name, state, verified: false, disputed: false }
  }
  const learn: { next: People['learn'] } = { next: async () => 'known' }
  const says: { way: Directed | RequestFailure; ofName: Awaited<ReturnType<People['learn']>> | undefined } = {
    way: directedTo(BOB, 'initiator'),
    ofName: undefined,
  }
  const bobs = { card: cardOf(BOB) }
  const { person } = namedPerson('alice')
  const identity = { name: 'alice.example', person, proof: [], device: testDevice('alice.1').device }
  const transport = new NtmTransport({
    clock: street.clock,
    carrier: alice.carrier,
    paths: {
      open: (neighbour, { endpoints = [], attested }) => {
        alice.carrier.hint(neighbour, attested === undefined ? endpoints : [attested, ...endpoints])
        alice.carrier.renew(neighbour)
      },
      forget: () => {},
    },
    identity: { ...identity, tunnelKey: alice.key },
    people: {
      contact,
      card: () => cardOf(BOB),
      cards: () => [bobs.card],
      cardOfTunnelKey: key => (key === cardOf(BOB).tunnelKey ? cardOf(BOB) : undefined),
      learn: record => {
        learning += 1
        return learn.next(record)
      },
    },
    links: new Links(street.clock, () => undefined),
    known: () => ({ nearby: [], remembered: [] }),
    forget: () => {},
    coordinators: {
      direct: async () => {
        asked += 1
        return says.way
      },
    },
    namesInDoubt: {
      doubt: async name => {
        doubted.push(name)
        return says.ofName
      },
    },
  })
  const seen = () => ({ atBobs, asked, learning, doubted })
  return { street, alice, transport, learn, says, seen, bobs }
}

describe('somebody blocked', () => {
  test('is not looked for, and the coordinator is not asked', async () => {
    const { street, transport, seen } = await aliceWith({ state: 'blocked' })
    const reached = transport.reach(cardOf(BOB))
    street.run(60_000)
    expect(await reached).toEqual({ up: false, reason: 'bob.example is blocked' })
    expect(seen()).toMatchObject({ asked: 0, atBobs: 0 })
  })

  test('is not met where the coordinator says, and what was begun with him is forgotten', async () => {
    const stands: { state: ContactState } = { state: 'accepted' }
    const { street, alice, transport, seen } = await aliceWith(stands)
    alice.carrier.meet(cardOf(BOB).tunnelKey, { endpoints: [] })
    stands.state = 'blocked'
    expect(await transport.follow(directedTo(BOB))).toBe('bob.example is blocked')
    street.run(60_000)
    expect(seen().atBobs).toBe(0)
    expect(alice.carrier.neighbour(cardOf(BOB).tunnelKey)).toBeUndefined()
  })

  test('while the coordinator was being asked is not met either', async () => {
    const stands: { state: ContactState } = { state: 'accepted' }
    const { street, transport, learn, seen } = await aliceWith(stands)
    learn.next = async () => {
      stands.state = 'blocked'
      return 'known'
    }
    const reached = transport.reach(cardOf(BOB))
    await new Promise(setImmediate)
    street.run(60_000)
    expect(await reached).toEqual({ up: false, reason: 'no path to bob.example: bob.example is blocked' })
    expect(seen()).toMatchObject({ asked: 1, atBobs: 0 })
  })
})

describe('somebody who is shut out', () => {
  /** Both have what the other sent. */
  const settle = async (street: Street) => {
    for (let turns = 0; turns < 20; turns += 1) {
      street.run(5)
      await new Promise(setImmediate)
    }
  }
  const endOf = (stream: Duplex): Promise<string> =>
    new Promise(done => stream.once('error', error => done(error.message)))

  test('has no stream any more, and hears of it when there is a tunnel again, not before', async () => {
    const { street, alice, transport, bobs } = await aliceWith({ state: 'accepted' })
    const bob = await street.node('10.0.0.3')
    bobs.card = { ...bobs.card, tunnelKey: bob.key }
    alice.carrier.meet(bob.key, { endpoints: [bob.at] })
    bob.carrier.meet(alice.key, { endpoints: [alice.at] })
    const accepted = new Promise<Duplex>(done => bob.carrier.stack.streams.listen(7, done))
    const connected = alice.carrier.stack.streams.connect(bob.carrier.address, 7)
    await settle(street)
    const [hers, his] = [await connected, await accepted]
    const [atAlice, atBob] = [endOf(hers), endOf(his)]
    transport.shutOut(BOB.person)
    expect(alice.carrier.neighbour(bob.key)).toBeUndefined()
    expect(await atAlice).toMatch('was broken off here')
    his.write('still there?')
    await settle(street)
    expect(his.destroyed).toBe(false)
    alice.carrier.renew(alice.carrier.meet(bob.key, { endpoints: [bob.at] }))
    street.run(60_000)
    await settle(street)
    expect(await atBob).toMatch(/broke off$/)
    for (const { stack } of [alice.carrier, bob.carrier]) expect(stack.tcp.facts()).toEqual([])
  })
})

describe('the name of somebody whom the coordinator', () => {
  test.each([
    { way: 'unreachable', isDoubted: true },
    { way: 'unknown-name', isDoubted: true },
    { way: 'timeout', isDoubted: false },
    { way: 'busy', isDoubted: false },
    { way: directedTo(BOB, 'initiator'), isDoubted: false },
  ] as const)('answers with $way', async ({ way, isDoubted }) => {
    const { street, transport, says, seen } = await aliceWith({ state: 'accepted' })
    says.way = way
    const reached = transport.reach(cardOf(BOB))
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate)
    street.run(60_000)
    expect(await reached).toMatchObject({ up: false })
    expect(seen().doubted).toEqual(isDoubted ? ['bob.example'] : [])
  })

  test.each([undefined, 'request'] as const)('does not find is not doubted of who is %s', async state => {
    const { street, transport, says, seen } = await aliceWith({ state })
    says.way = 'unreachable'
    const reached = transport.reach(cardOf(BOB))
    await new Promise(setImmediate)
    street.run(60_000)
    expect(await reached).toMatchObject({ up: false })
    expect(seen().doubted).toEqual([])
  })

  test('does not find tells of its new holder', async () => {
    const { street, transport, says } = await aliceWith({ state: 'accepted' })
    Object.assign(says, { way: 'unreachable', ofName: 'keys-changed' })
    const reached = transport.reach(cardOf(BOB))
    await new Promise(setImmediate)
    street.run(60_000)
    const reason = 'no path to bob.example: bob.example belongs to another person now'
    expect(await reached).toEqual({ up: false, reason })
  })
})

test.each([undefined, 'request', 'accepted'] as const)('who is %s is met where he is', async state => {
  const { street, transport, seen } = await aliceWith({ state })
  expect(await transport.follow(directedTo(BOB))).toBeUndefined()
  street.run(10_000)
  expect(seen().atBobs).toBeGreaterThan(0)
})

test('only so many are being introduced at a time, and the next one as soon as there is room', async () => {
  const { transport, learn, seen } = await aliceWith({ state: undefined })
  let done = (_: 'invalid'): void => undefined
  learn.next = () => new Promise(resolve => (done = resolve))
  const led = Array.from({ length: INTRODUCTIONS_MAX + 1 }, (_, index) =>
    transport.follow({ ...directedTo(BOB), device: testDevice(`stranger ${index}`).tunnelKey }),
  )
  const soon = new Promise(done => setImmediate(done, 'introduced like the others'))
  expect(await Promise.race([led.at(-1), soon])).toBe('too many are being introduced')
  expect(seen().learning).toBe(INTRODUCTIONS_MAX)
  done('invalid')
  await led.at(-2)
  void transport.follow(directedTo(BOB))
  expect(seen().learning).toBe(INTRODUCTIONS_MAX + 1)
})

describe('who is looked for, or introduced, once more while that is being done', () => {
  /** Lets promises settle that take no time. */
  const settle = async () => {
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate)
  }

  test('is looked for once, also when one of those who wait asks again at once', async () => {
    const { street, transport, seen } = await aliceWith({ state: 'accepted' })
    const again = transport.reach(cardOf(BOB)).then(() => transport.reach(cardOf(BOB)))
    const other = transport.reach(cardOf(BOB))
    await settle()
    street.run(10_000)
    await other
    await settle()
    expect(seen().asked).toBe(2)
    const third = transport.reach(cardOf(BOB))
    await settle()
    expect(seen().asked).toBe(2)
    street.run(60_000)
    expect(await Promise.all([again, third])).toMatchObject([{ up: false }, { up: false }])
  })

  test('is being introduced until the last of those who do so is ready', async () => {
    const { transport, learn } = await aliceWith({ state: undefined })
    const done: (() => void)[] = []
    learn.next = () => new Promise(resolve => done.push(() => resolve('known')))
    const { tunnelKey } = BOB.devices[0]!
    const [first, second] = [transport.follow(directedTo(BOB)), transport.follow(directedTo(BOB))]
    done[0]!()
    await first
    expect(transport.introduction(tunnelKey)).toBeDefined()
    done[1]!()
    await second
    expect(transport.introduction(tunnelKey)).toBeUndefined()
  })
})
