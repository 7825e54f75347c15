/** What a coordinator does about relays: who may be one, and which tickets two nodes get. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import {
  RELAY_UNPROVED_STAYS_MS,
  RELAYS_REGISTERED_MAX,
} from '../../../../src/plugins/transport-ntm/dc/limits.ts'
import type { Message, RouteDirection } from '../../../../src/plugins/transport-ntm/signalling/messages.ts'
import { readRelayGrant, readRelayTicket, verifyRelayTicket } from '../../../../src/wire/relay-ticket.ts'
import { NOW, testDevice } from '../../../support/named-person.ts'
import { alice, bob, Desk, direct, endpoint, identity } from './desk.ts'

const [near, far] = [testDevice('near').tunnelKey, testDevice('far').tunnelKey]
const [aliceKey, bobKey] = [alice, bob].map(({ devices }) => devices[0]!.tunnelKey) as [TunnelKey, TunnelKey]
const placeOf = (relay: TunnelKey) => ({ address: '198.51.100.1', port: relay === near ? 1 : 2 })

const offer = (desk: Desk, relay: TunnelKey, token?: string): Message => {
  const request = { transaction: desk.transaction(), endpoints: [placeOf(relay)], token, keepAliveMs: 15_000 }
  return desk.tell(relay, { type: 'relay-registration', ...request })[0]!.message
}

const report = (desk: Desk, who: TunnelKey, rtts: readonly (readonly [TunnelKey, number])[]) => {
  const measured = rtts.map(([relay, rttMs]) => ({ relay, rttMs }))
  return desk.tell(who, { type: 'relay-report', transaction: desk.transaction(), measured })[0]!.message
}

/** Directs Alice to Bob, who accepts; what each of them is told. */
const directed = (
  desk: Desk,
  more: { relayOnly?: boolean; isBobHidden?: boolean; authorises?: boolean } = {},
) => {
  const { relayOnly = false, isBobHidden = false, authorises = false } = more
  const request = { ...direct(desk.transaction()), relayOnly } as Message
  const told = desk.tell(aliceKey, request)
  const { transaction } = told[0]!.message
  const confirmation = { type: 'route-direction-confirmation', transaction, accepts: true } as const
  told.push(
    ...desk.tell(bobKey, { ...confirmation, authorises, candidates: undefined, relayOnly: isBobHidden }),
  )
  const to = (key: TunnelKey) =>
    told.filter(each => each.to === key).map(({ message }) => message as RouteDirection)
  return { alice: to(aliceKey), bob: to(bobKey) }
}

const ticketIn = ({ relay }: RouteDirection) => {
  const grant = readRelayGrant(relay!)
  if (!grant.ok) throw new Error(grant.why)
  const ticket = readRelayTicket(grant.value.ticket)
  if (!ticket.ok) throw new Error(ticket.why)
  const holds = verifyRelayTicket(grant.value.ticket, identity.device)
  return { ...ticket.value, endpoints: grant.value.endpoints, holds }
}

const deskWith = (...relays: readonly TunnelKey[]): Desk => {
  const desk = new Desk()
  for (const who of [alice, bob]) desk.register(who)
  for (const relay of relays) offer(desk, relay)
  return desk
}

describe('two nodes that are directed to each other', () => {
  test('get a ticket each for one slot pair: their own key, the two sides, the coordinator’s word', () => {
    const { alice: toAlice, bob: toBob } = directed(deskWith(near))
    const [hers, his] = [ticketIn(toAlice[0]!), ticketIn(toBob[0]!)]
    const both = { relay: near, endpoints: [placeOf(near)], holds: true, bytesPerSecond: 12_500_000 }
    expect(hers).toMatchObject({ ...both, side: 0, holder: aliceKey })
    expect(his).toMatchObject({ ...both, side: 1, holder: bobKey, pair: hers.pair })
    expect(hers.expires).toBe(NOW + 24 * 60 * 60_000)
  })

  test('get another slot pair each time they ask', () => {
    const desk = deskWith(near)
    const pairs = [directed(desk), directed(desk)].map(({ alice: told }) => ticketIn(told[0]!).pair)
    expect(new Set(pairs).size).toBe(2)
  })

  test('get the same ticket with what is told at once and with what comes after it', () => {
    const desk = deskWith(near)
    directed(desk, { authorises: true })
    const request = direct(desk.transaction())
    const atOnce = desk.tell(aliceKey, request)
    const { transaction } = atOnce.find(({ to }) => to === bobKey)!.message
    const confirmation = { type: 'route-direction-confirmation', transaction, accepts: true } as const
    const candidates = new Uint8Array(59)
    const after = desk.tell(bobKey, { ...confirmation, authorises: true, candidates, relayOnly: false })
    const hers = [...atOnce, ...after].filter(({ to }) => to === aliceKey).map(({ message }) => message)
    expect(hers).toHaveLength(2)
    expect((hers[0] as RouteDirection).relay).toEqual((hers[1] as RouteDirection).relay)
  })

  test('get none while there is no relay', () => {
    const { alice: toAlice, bob: toBob } = directed(deskWith())
    expect([toAlice[0]!.relay, toBob[0]!.relay]).toEqual([undefined, undefined])
  })

  test('are sent to the relay that is nearer to both, and not to one that a side has lost', () => {
    const desk = deskWith(near, far)
    const relay = () => ticketIn(directed(desk).alice[0]!).relay
    report(desk, aliceKey, [
      [near, 10],
      [far, 60],
    ])
    report(desk, bobKey, [
      [near, 40],
      [far, 30],
    ])
    expect(relay()).toBe(near)
    report(desk, bobKey, [[far, 30]])
    expect(relay()).toBe(far)
    desk.nowMs += 54_000
    offer(desk, near)
    desk.nowMs += 2_000
    desk.woke()
    for (const who of [alice, bob]) desk.register(who)
    expect(relay()).toBe(near)
  })

  test('go by the relay of the coordinator’s own process where there is no other', () => {
    const desk = deskWith()
    desk.ownRelay = { relay: identity.tunnelKey, endpoints: [endpoint] }
    expect(ticketIn(directed(desk).bob[0]!)).toMatchObject({ relay: identity.tunnelKey, holds: true })
  })
})

describe('a node that must not be found', () => {
  const observedBy = (told: ReturnType<typeof directed>) => ({
    alice: told.alice.map(({ observed }) => observed),
    bob: told.bob.map(({ observed }) => observed),
  })

  test('hides by what it says in each message', () => {
    expect(observedBy(directed(deskWith(near)))).toEqual({ alice: [endpoint], bob: [endpoint] })
    const asker = directed(deskWith(near), { relayOnly: true })
    expect(observedBy(asker)).toEqual({ alice: [endpoint], bob: [undefined] })
    const asked = directed(deskWith(near), { isBobHidden: true })
    expect(observedBy(asked)).toEqual({ alice: [undefined], bob: [endpoint] })
    expect(ticketIn(asked.alice[0]!).holds).toBe(true)
  })

  test('hides by what it registered with, also from those whom it authorised before', () => {
    const desk = deskWith(near)
    directed(desk, { authorises: true })
    desk.register(bob, { capabilities: 1 })
    expect(observedBy(directed(desk, { authorises: true })).alice).toEqual([undefined])
    desk.register(alice, { capabilities: 1 })
    expect(observedBy(directed(desk)).bob).toEqual([undefined])
  })
})

describe('where a relay says that it is', () => {
  const places = (desk: Desk) => desk.coordinator.relayDesk.relays.places
  const offerAt = (desk: Desk, relay: TunnelKey, ports: readonly number[]): void => {
    const endpoints = ports.map(port => ({ address: '198.51.100.1', port }))
    const request = { transaction: desk.transaction(), endpoints, token: undefined, keepAliveMs: 15_000 }
    desk.tell(relay, { type: 'relay-registration', ...request })
  }
  const run = (desk: Desk, minutes: number, ports: readonly number[]): void => {
    for (let offers = 0; offers < minutes * 4; offers += 1) {
      desk.nowMs += 15_000
      offerAt(desk, near, ports)
      desk.woke()
    }
  }

  test('is told to nobody, and no ticket leads there, until it was found there', () => {
    const desk = new Desk()
    desk.isFound = () => false
    for (const who of [alice, bob]) desk.register(who)
    offerAt(desk, near, [1])
    expect([places(desk), desk.coordinator.relayDesk.relays.number]).toEqual([[], 0])
    expect(directed(desk).alice[0]!.relay).toBeUndefined()
    desk.isFound = () => true
    run(desk, 1, [1])
    expect(ticketIn(directed(desk).alice[0]!).relay).toBe(near)
  })

  test('is told as far as it was found there, though it says more', () => {
    const desk = new Desk()
    desk.isFound = ({ port }) => port === 2
    offerAt(desk, near, [1, 2])
    run(desk, 60, [1, 2])
    expect(places(desk)).toEqual([{ relay: near, endpoints: [{ address: '198.51.100.1', port: 2 }] }])
  })

  test('is challenged a few times a minute, however often and whatever it says', () => {
    const desk = new Desk()
    desk.isFound = () => false
    for (let n = 0; n < 600; n += 1) {
      desk.nowMs += 100
      offerAt(
        desk,
        near,
        [1, 2, 3, 4].map(port => port + 4 * n),
      )
    }
    expect(desk.challenged.length).toBeLessThanOrEqual(2 + 4)
  })

  test('counts no more when it is not found there any more', () => {
    const desk = new Desk()
    offerAt(desk, near, [1])
    expect(places(desk)).toHaveLength(1)
    desk.isFound = () => false
    run(desk, 9, [1])
    expect(places(desk)).toHaveLength(1)
    run(desk, 2, [1])
    expect(places(desk)).toEqual([])
  })

  test('is believed of whom the operator has listed by its key', () => {
    const desk = new Desk('list')
    desk.isFound = () => false
    desk.access = { mode: 'list', allow: [near], deny: [] }
    offerAt(desk, near, [1])
    expect([places(desk).length, desk.challenged]).toEqual([1, []])
    desk.access = { mode: 'list', allow: ['*'], deny: [] }
    offerAt(desk, far, [2])
    expect(places(desk).map(({ relay }) => relay)).toEqual([near])
  })

  test('makes no room for others that were not found', () => {
    const desk = new Desk()
    desk.isFound = ({ port }) => port > 100
    for (let n = 0; n < 20; n += 1) offerAt(desk, testDevice(`liar ${n}`).tunnelKey, [n + 1])
    offerAt(desk, near, [101])
    expect(places(desk).map(({ relay }) => relay)).toEqual([near])
  })
})

describe('the places of a full table', () => {
  const keyOf = (n: number): TunnelKey => testDevice(`relay ${n}`).tunnelKey
  const fill = (desk: Desk): void => {
    for (let n = 0; n < RELAYS_REGISTERED_MAX; n += 1) expect(offer(desk, keyOf(n)).type).not.toBe('error')
  }
  const registered = (desk: Desk) => desk.coordinator.relayDesk.relays.registered.map(({ relay }) => relay)
  const places = (desk: Desk) => desk.coordinator.relayDesk.relays.places.map(({ relay }) => relay)

  test('are the operator’s before all others, and stand first in the list', () => {
    const desk = new Desk()
    fill(desk)
    desk.access = { mode: 'open', allow: [near], deny: [] }
    expect(offer(desk, near)).toMatchObject({ type: 'relay-registered' })
    expect(registered(desk)).toHaveLength(RELAYS_REGISTERED_MAX)
    expect(registered(desk)).not.toContain(keyOf(RELAYS_REGISTERED_MAX - 1))
    expect(places(desk).slice(0, 2)).toEqual([near, keyOf(0)])
    desk.access = { mode: 'open', allow: [near, keyOf(9)], deny: [] }
    offer(desk, keyOf(9))
    expect(places(desk).slice(0, 3)).toEqual([keyOf(9), near, keyOf(0)])
  })

  test('are given up by those that were not found, the first of them first, for one that is listed', () => {
    const desk = new Desk()
    desk.isFound = () => false
    fill(desk)
    desk.access = { mode: 'open', allow: [near], deny: [] }
    offer(desk, near)
    expect(registered(desk)).not.toContain(keyOf(0))
    expect(desk.coordinator.relayDesk.claimed(keyOf(0))).toEqual([])
  })

  test('are given up by those that were not found within a minute, for any other', () => {
    const desk = new Desk()
    desk.isFound = () => false
    fill(desk)
    desk.nowMs += RELAY_UNPROVED_STAYS_MS - 1
    desk.isFound = () => true
    offer(desk, keyOf(0))
    expect(offer(desk, near)).toMatchObject({ code: 'busy' })
    desk.nowMs += 1
    expect(offer(desk, near)).toMatchObject({ type: 'relay-registered' })
    expect(registered(desk)).not.toContain(keyOf(1))
    expect(places(desk)).toEqual([keyOf(0), near])
  })

  test('are no stranger’s where all are the operator’s', () => {
    const desk = new Desk()
    const allow = Array.from({ length: RELAYS_REGISTERED_MAX }, (_, n) => keyOf(n))
    desk.access = { mode: 'open', allow: [...allow, near], deny: [] }
    fill(desk)
    expect(offer(desk, near)).toMatchObject({ code: 'busy' })
  })

  test('cost no third party more challenges than before, however many keys somebody has', () => {
    const desk = new Desk()
    desk.isFound = () => false
    for (let n = 0; n < 600; n += 1) {
      desk.nowMs += 100
      offer(desk, keyOf(n))
    }
    expect(desk.challenged.length).toBeLessThanOrEqual(2 * RELAYS_REGISTERED_MAX)
  })
})

describe('a relay', () => {
  test('hears whose tickets it takes, and for how long that holds', () => {
    const desk = new Desk()
    expect(offer(desk, near)).toMatchObject({
      ...{ type: 'relay-registered', dcKey: identity.device, observed: endpoint, leaseMs: 55_000 },
    })
  })

  test('is known by the key of its tunnel and by nothing that it says', () => {
    const desk = deskWith(near)
    const request = { endpoints: [placeOf(near)], token: undefined, keepAliveMs: 15_000 }
    desk.tell(far, { type: 'relay-registration', transaction: desk.transaction(), ...request })
    const { places } = desk.coordinator.relayDesk.relays
    expect(places).toEqual([near, far].map(relay => ({ relay, endpoints: [placeOf(near)] })))
  })

  test('is listed for nodes, with a number that acks and answers name', () => {
    const desk = deskWith()
    const keepAlive = () =>
      desk.tell(aliceKey, { type: 'keep-alive', transaction: desk.transaction(), keepAliveMs: 0 })[0]!.message
    expect(keepAlive()).toMatchObject({ relays: 0 })
    offer(desk, near)
    const { number } = desk.coordinator.relayDesk.relays
    expect(number).toBeGreaterThan(0)
    expect(keepAlive()).toMatchObject({ relays: number })
    expect(desk.register(alice)).toMatchObject({ relays: number })
    const places = [{ relay: near, endpoints: [placeOf(near)] }]
    expect(report(desk, aliceKey, [])).toMatchObject({ type: 'relay-list', relays: number, places })
  })

  test('of a domain with invite tokens needs one, once, and is written down before it is welcome', () => {
    const desk = new Desk('tokens')
    desk.tokens.add('secret', NOW + 60_000)
    expect(offer(desk, near)).toMatchObject({ type: 'error', code: 'token-invalid' })
    expect(offer(desk, near, 'wrong')).toMatchObject({ code: 'token-invalid' })
    expect(offer(desk, near, 'secret')).toMatchObject({ type: 'relay-registered' })
    expect(desk.tokens.size).toBe(0)
    expect(offer(desk, near, 'secret')).toMatchObject({ type: 'relay-registered' })
    expect(offer(desk, far, 'secret')).toMatchObject({ code: 'token-invalid' })
  })

  test('whose token did not reach the disk is not one, and the token is good again', () => {
    const desk = new Desk('tokens')
    desk.tokens.add('secret', NOW + 60_000)
    const { coordinator } = desk
    const { written } = coordinator
    coordinator.written = (ticket, _, turn) => written.call(coordinator, ticket, false, turn)
    expect(offer(desk, near, 'secret')).toMatchObject({ code: 'failed' })
    expect(coordinator.relayDesk.places).toEqual([])
    coordinator.written = written
    expect(offer(desk, near, 'secret')).toMatchObject({ type: 'relay-registered' })
  })

  test('of a closed domain is refused unless its key is on the list, and one that is denied always', () => {
    const desk = new Desk('list')
    expect(offer(desk, near)).toMatchObject({ code: 'access-refused' })
    desk.access = { mode: 'list', allow: [near], deny: [] }
    expect(offer(desk, near)).toMatchObject({ type: 'relay-registered' })
    expect(offer(desk, far)).toMatchObject({ code: 'access-refused' })
    desk.access = { mode: 'open', allow: [], deny: [near] }
    expect(offer(desk, near)).toMatchObject({ code: 'access-refused' })
    desk.coordinator.relayDesk.judge()
    expect(desk.coordinator.relayDesk.places).toEqual([])
  })

  test('is told to come later when there are enough of them, and nothing of it is kept; who is in renews', () => {
    const desk = deskWith()
    const many = Array.from({ length: RELAYS_REGISTERED_MAX }, (_, n) => testDevice(`relay ${n}`).tunnelKey)
    for (const relay of many) expect(offer(desk, relay)).toMatchObject({ type: 'relay-registered' })
    expect(offer(desk, near)).toMatchObject({ code: 'busy' })
    expect(desk.coordinator.relayDesk.claimed(near)).toEqual([])
    expect(offer(desk, many[0]!)).toMatchObject({ type: 'relay-registered' })
  })

  test('is none of the nodes: strangers who report hear to register, and relays ask for no directions', () => {
    const desk = deskWith(near)
    expect(report(desk, far, [])).toMatchObject({ code: 'unknown-registration' })
    expect(desk.tell(near, direct(desk.transaction()))[0]?.message).toMatchObject({
      code: 'unknown-registration',
    })
  })

  test('that nobody listed is not remembered for a node, and too many reports are put off', () => {
    const desk = deskWith(near)
    report(desk, aliceKey, [
      [far, 1],
      [near, 9],
    ])
    const { measured } = desk.coordinator.registrations.find(aliceKey)!
    expect(measured).toEqual([{ relay: near, rttMs: 9 }])
    const answers = Array.from({ length: 100 }, () => report(desk, aliceKey, []))
    expect(answers.at(-1)).toMatchObject({ type: 'error', code: 'busy' })
  })
})
