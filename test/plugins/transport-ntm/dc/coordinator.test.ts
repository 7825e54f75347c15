/** The coordinator's core: the law of names, and directions that tell a stranger nothing. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import { Addresses } from '../../../../src/plugins/transport-ntm/dc/addresses.ts'
import { Coordinator } from '../../../../src/plugins/transport-ntm/dc/coordinator.ts'
import { Names } from '../../../../src/plugins/transport-ntm/dc/names.ts'
import { Tokens } from '../../../../src/plugins/transport-ntm/dc/tokens.ts'
import { decodeMessage, encodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import { type NamedPerson, NOW, namedPerson } from '../../../support/named-person.ts'
import { alice, bob, Desk, direct, endpoint, identity, stranger } from './desk.ts'

describe('a name', () => {
  test('never silently changes its person, whatever claims come in whatever order', () => {
    const people = ['p0', 'p1', 'p2'].map(who => namedPerson(who, 'shared.example'))
    const claim = fc.record({ who: fc.nat(2), serial: fc.nat(3), mailbox: fc.nat(1) })
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 12 }), claims => {
        const desk = new Desk()
        let holder: string | undefined
        let serial = -1
        for (const { who, serial: next, mailbox } of claims) {
          const record = people[who]!.record({
            serial: next,
            mailboxes: mailbox === 0 ? [] : [Uint8Array.of(1)],
          })
          desk.nowMs += 1_000
          const answer = desk.register(people[who]!, { record })
          holder ??= people[who]!.person
          const held = desk.names.held('shared.example')!
          expect(held.person).toBe(holder)
          expect(held.serial).toBeGreaterThanOrEqual(serial)
          serial = held.serial
          if (people[who]!.person !== holder) expect(answer).toMatchObject({ code: 'name-taken' })
        }
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['name-foreign', { record: alice.record({ name: 'alice.elsewhere' }) }],
    ['record-refused', { record: alice.record({ expires: NOW + 1, issued: NOW - 1 }) }],
    ['record-refused', { record: bob.record() }],
    ['record-refused', { record: alice.record({ proof: bob.proof }) }],
    ['record-refused', { record: new Uint8Array(100) }],
    ['name-foreign', { isGuest: true }],
  ] as const)('is refused with %s', (code, more) => {
    const desk = new Desk()
    desk.nowMs = 10
    expect(desk.register(alice, more)).toMatchObject({ type: 'error', code })
    expect(desk.coordinator.registrations.size).toBe(0)
  })

  test('is written once, however often its holder registers', () => {
    const desk = new Desk()
    const request = {
      record: alice.record(),
      isGuest: false,
      token: undefined,
      keepAliveMs: 0,
      capabilities: 0,
    }
    const writes = () =>
      desk
        .raw(
          alice.devices[0]!.tunnelKey,
          encodeMessage({ type: 'registration-request', transaction: desk.transaction(), ...request }),
        )
        .filter(({ kind }) => kind === 'write').length
    expect([writes(), writes(), writes()]).toEqual([1, 0, 0])
  })

  test('waits for the disk: a repeated claim says nothing meanwhile, a failed one leaves nothing', () => {
    const desk = new Desk()
    const request = {
      record: alice.record(),
      isGuest: false,
      token: undefined,
      keepAliveMs: 0,
      capabilities: 0,
    }
    const ask = (who: NamedPerson, record: Uint8Array) =>
      desk.coordinator.receive(
        who.devices[0]!.tunnelKey,
        endpoint,
        encodeMessage({ type: 'registration-request', transaction: desk.transaction(), ...request, record }),
        desk.turn,
      )
    const first = ask(alice, alice.record())
    expect(first).toMatchObject([{ kind: 'write' }])
    expect(ask(alice, alice.record())).toEqual([])
    const rival = namedPerson('rival', alice.name)
    expect(ask(rival, rival.record())).toEqual([])
    const ticket = first[0]!.kind === 'write' ? first[0]!.ticket : 0
    const [answer] = desk.sends(desk.coordinator.written(ticket, false, desk.turn))
    expect(decodeMessage(answer!.bytes)).toMatchObject({ value: { code: 'failed' } })
    expect(desk.names.size).toBe(0)
    expect(desk.register(rival)).toMatchObject({ type: 'registration-response' })
  })

  test('needs a token for its first claim only, and each token brings in one name', () => {
    const names = new Names()
    const tokens = new Tokens()
    tokens.add('secret', NOW + 1000)
    const desk = new Desk()
    const guarded = new Coordinator({
      domain: 'example',
      keys: identity,
      names,
      addresses: new Addresses(),
      tokens,
      access: () => ({ mode: 'tokens', allow: [], deny: [] }),
    })
    Object.assign(desk, { coordinator: guarded })
    expect(desk.register(alice)).toMatchObject({ code: 'token-invalid' })
    expect(desk.register(alice, { token: 'wrong' })).toMatchObject({ code: 'token-invalid' })
    expect(desk.register(alice, { token: 'secret' })).toMatchObject({ type: 'registration-response' })
    expect(desk.register(alice)).toMatchObject({ type: 'registration-response' })
    expect(desk.register(bob, { token: 'secret' })).toMatchObject({ code: 'token-invalid' })
    expect(tokens.size).toBe(0)
  })

  test('whose next record leaves a device out is not reached at that device any more', () => {
    const two = namedPerson('carol', 'carol.example', true)
    const desk = new Desk()
    const [first, second] = two.devices.map(({ tunnelKey }) => tunnelKey) as [TunnelKey, TunnelKey]
    const request = { isGuest: false, token: undefined, keepAliveMs: 25_000, capabilities: 0 }
    const register = (from: TunnelKey, record: Uint8Array) =>
      desk.raw(
        from,
        encodeMessage({ type: 'registration-request', transaction: desk.transaction(), ...request, record }),
      )
    register(first, two.record())
    register(second, two.record())
    expect(desk.coordinator.registrations.under(two.name)).toEqual([second, first])
    register(first, two.record({ serial: 2, devices: [two.fields().devices[0]!] }))
    expect(desk.coordinator.registrations.under(two.name)).toEqual([first])
  })
})

describe('a direction', () => {
  /** Everything that the initiator hears after one request, with the time of it. */
  const heard = (desk: Desk, answer: 'refuse' | 'silent' | 'accept') => {
    const story: { atMs: number; bytes: string }[] = []
    const note = (sends: ReturnType<Desk['sends']>) => {
      for (const { to, bytes } of sends)
        if (to === alice.devices[0]!.tunnelKey)
          story.push({ atMs: desk.nowMs, bytes: Buffer.from(bytes).toString('hex') })
    }
    const sends = desk.sends(desk.raw(alice.devices[0]!.tunnelKey, encodeMessage(direct('ab'.repeat(8)))))
    note(sends)
    desk.nowMs += 40
    for (const { to, bytes } of sends) {
      const question = decodeMessage(bytes)
      if (!question.ok || to !== bob.devices[0]!.tunnelKey || answer === 'silent') continue
      const { transaction } = question.value
      const accepts = answer === 'accept'
      const reply = { type: 'route-direction-confirmation', transaction, accepts } as const
      note(
        desk.sends(
          desk.raw(
            to,
            encodeMessage({ ...reply, authorises: false, candidates: undefined, relayOnly: false }),
          ),
        ),
      )
    }
    for (let step = 0; step < 100; step += 1) {
      desk.nowMs += 50
      note(desk.woke())
    }
    return story
  }
  const deskWith = (...people: NamedPerson[]) => {
    const desk = new Desk()
    desk.register(alice)
    desk.register(bob)
    if (!people.includes(bob)) desk.coordinator.drop([bob.devices[0]!.tunnelKey])
    return desk
  }

  test('to someone who refuses, is silent, or is away: the same bytes at the same time', () => {
    const refused = heard(deskWith(alice, bob), 'refuse')
    const silent = heard(deskWith(alice, bob), 'silent')
    const away = heard(deskWith(alice), 'silent')
    expect(refused).toEqual(away)
    expect(silent).toEqual(away)
    expect(away).toHaveLength(1)
    expect(heard(deskWith(alice, bob), 'accept')).not.toEqual(away)
  })

  test('releases no address before the responder has spoken', () => {
    const desk = deskWith(alice, bob)
    const sent = desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction()))
    expect(sent.map(({ to, message }) => [to, message.type])).toEqual([
      [bob.devices[0]!.tunnelKey, 'route-direction'],
    ])
  })

  test('to somebody who comes while it is asked for is put to them then, with what is left of the time', () => {
    const [from, sought] = [alice.devices[0]!.tunnelKey, bob.devices[0]!.tunnelKey]
    const desk = deskWith(alice)
    expect(desk.tell(from, direct(desk.transaction()))).toEqual([])
    desk.nowMs += 2_000
    const request = { record: bob.record(), isGuest: false, token: undefined, keepAliveMs: 25_000 }
    const told = desk.tell(sought, {
      ...{ type: 'registration-request', transaction: desk.transaction(), capabilities: 0 },
      ...request,
    })
    expect(told.map(({ to, message }) => [to, message.type])).toEqual([
      [sought, 'registration-response'],
      [sought, 'route-direction'],
    ])
    desk.nowMs += 999
    expect(desk.woke().filter(({ to }) => to === from)).toEqual([])
    desk.nowMs += 1
    expect(desk.woke().filter(({ to }) => to === from)).toHaveLength(1)
    expect(desk.coordinator.directionsPending).toBe(0)
  })

  /** Bob has accepted Alice before. */
  const authorised = () => {
    const [from, sought] = [alice.devices[0]!.tunnelKey, bob.devices[0]!.tunnelKey]
    const desk = deskWith(alice, bob)
    const [question] = desk.tell(from, direct(desk.transaction()))
    const reply = {
      type: 'route-direction-confirmation',
      transaction: question!.message.transaction,
    } as const
    desk.tell(sought, { ...reply, accepts: true, authorises: true, candidates: undefined, relayOnly: false })
    return { desk, from, sought }
  }
  const registers = (desk: Desk, who: NamedPerson, at = endpoint) =>
    desk.tell(
      who.devices[0]!.tunnelKey,
      {
        ...{ type: 'registration-request', transaction: desk.transaction(), capabilities: 0 },
        ...{ record: who.record(), isGuest: false, token: undefined, keepAliveMs: 25_000 },
      },
      at,
    )

  test('of who is authorised waits for somebody who is away, too, and is answered when they come', () => {
    const { desk, from, sought } = authorised()
    desk.coordinator.drop([sought])
    expect(desk.tell(from, direct(desk.transaction()))).toEqual([])
    desk.nowMs += 1_000
    expect(registers(desk, bob).map(({ to, message }) => [to, message.type])).toEqual([
      [sought, 'registration-response'],
      [sought, 'route-direction'],
      [from, 'route-direction'],
    ])
  })

  test('of who is authorised, to somebody who stays away, is unreachable after the same time', () => {
    const { desk, from, sought } = authorised()
    desk.coordinator.drop([sought])
    desk.tell(from, direct(desk.transaction()))
    desk.nowMs += 2_999
    expect(desk.woke()).toEqual([])
    desk.nowMs += 1
    expect(desk.woke().map(({ to }) => to)).toEqual([from])
  })

  test('is put again at once to who has started anew elsewhere since', () => {
    const desk = deskWith(alice, bob)
    const [asked] = desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction()))
    desk.nowMs += 100
    const told = registers(desk, bob, { address: '192.0.2.9', port: 9 })
    expect(told.map(({ message }) => message.type)).toEqual(['registration-response', 'route-direction'])
    expect(told[1]!.message).toEqual(asked!.message)
  })

  test('leads nobody to themselves, also when they register while they ask', () => {
    const desk = deskWith(alice)
    expect(desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction(), alice.name))).toEqual([])
    desk.nowMs += 100
    expect(registers(desk, alice).map(({ message }) => message.type)).toEqual(['registration-response'])
  })

  test('is for the name that was asked for, not for another of the same person', () => {
    const desk = deskWith(alice)
    desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction()))
    desk.nowMs += 100
    const other = { ...bob, record: () => bob.record({ name: 'robert.example' }) }
    expect(registers(desk, other).map(({ message }) => message.type)).toEqual(['registration-response'])
  })

  test('is confirmed by the responder only', () => {
    const desk = deskWith(alice, bob)
    const [question] = desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction()))
    const confirmation = {
      type: 'route-direction-confirmation',
      transaction: question!.message.transaction,
      accepts: true,
      authorises: true,
      candidates: undefined,
      relayOnly: false,
    } as const
    expect(desk.tell(alice.devices[0]!.tunnelKey, confirmation)).toEqual([])
    expect(desk.tell(stranger, confirmation)).toEqual([])
    expect(desk.tell(bob.devices[0]!.tunnelKey, confirmation)).toMatchObject([
      { to: alice.devices[0]!.tunnelKey, message: { type: 'route-direction', role: 'initiator' } },
    ])
    expect(desk.tell(bob.devices[0]!.tunnelKey, confirmation)).toEqual([])
  })

  test('asked for twice is done once, and the second answer is the first again', () => {
    const desk = deskWith(alice, bob)
    const request = direct(desk.transaction())
    const from = alice.devices[0]!.tunnelKey
    const [question] = desk.tell(from, request)
    expect(desk.tell(from, request)).toEqual([])
    const { transaction } = question!.message
    const reply = { type: 'route-direction-confirmation', transaction, accepts: true } as const
    const [answer] = desk.tell(bob.devices[0]!.tunnelKey, {
      ...reply,
      authorises: false,
      candidates: undefined,
      relayOnly: false,
    })
    expect(desk.tell(from, request)).toEqual([answer])
    expect(desk.coordinator.directionsPending).toBe(0)
  })

  test('asked for too often is answered with busy, and holds a bounded number of them', () => {
    const desk = deskWith(alice)
    const codes = Array.from({ length: 100 }, () =>
      desk.tell(alice.devices[0]!.tunnelKey, direct(desk.transaction())),
    )
    expect(codes.flat().every(({ message }) => message.type === 'error' && message.code === 'busy')).toBe(
      true,
    )
    expect(desk.coordinator.directionsPending).toBe(32)
    desk.nowMs += 3000
    desk.woke()
    expect(desk.coordinator.directionsPending).toBe(0)
  })
})
