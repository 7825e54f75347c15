/** Who gets a slot at a relay, and who does not: cookies, tickets, proofs, replays. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CHECKS_BURST,
  COOKIE_LIFETIME_MS,
  MOMENT_MS,
  SLOT_LIFETIME_MS,
} from '../../../../src/plugins/relay/server/limits.ts'
import {
  decodeRelayFrame,
  encodeRelayProbe,
  RELAY_FRAMES,
  type RelayRefusal,
} from '../../../../src/wire/relay-frame.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { mutated } from '../../../support/mutations.ts'
import { HOUR_MS, keysOf } from '../relay-world.ts'
import { at, FrontDesk, texts } from './front-desk.ts'

describe('a probe', () => {
  test('is answered with a cookie and the address that it came from, and with no more bytes', () => {
    const desk = new FrontDesk()
    const from = { address: '2001:db8::17', port: 40_000 }
    const [answer] = desk.hand(encodeRelayProbe('0102030405060708'), from)
    expect(answer!.bytes.length).toBeLessThanOrEqual(encodeRelayProbe('0102030405060708').length)
    expect(desk.ask(encodeRelayProbe('0102030405060708'), from)).toMatchObject({
      ...{ kind: 'probe-ack', nonce: '0102030405060708', observed: from },
    })
  })

  test('from an address that cannot be told is counted', () => {
    const desk = new FrontDesk()
    const from = { address: 'fe80::1%eth0', port: 4_000 }
    expect(desk.hand(encodeRelayProbe('0102030405060708'), from)).toEqual([])
    expect(desk.drops('source-unnameable')).toBe(1)
  })
})

describe('a cookie', () => {
  test('holds for two minutes at least, at its address only', () => {
    const desk = new FrontDesk()
    const [alice, bob] = [desk.party(1, 0), desk.party(2, 1)]
    const cookie = desk.cookie(at(1))
    desk.wait(COOKIE_LIFETIME_MS - 1)
    expect(desk.ask(alice.bind(at(1), cookie), at(1)).kind).toBe('bound')
    expect(desk.ask(bob.bind(at(2), cookie), at(2)).kind).toBe('challenge')
    expect(desk.ask(bob.bind(at(1), cookie), at(1, 5_001)).kind).toBe('challenge')
    desk.wait(1)
    expect(desk.ask(alice.bind(at(1), cookie), at(1)).kind).toBe('bound')
    desk.wait(COOKIE_LIFETIME_MS)
    expect(desk.ask(alice.bind(at(1), cookie), at(1)).kind).toBe('challenge')
  })

  test('is worth nothing after a long silence of everybody', () => {
    const desk = new FrontDesk()
    const cookie = desk.cookie(at(1))
    desk.wait(5 * COOKIE_LIFETIME_MS)
    expect(desk.ask(desk.party(1, 0).bind(at(1), cookie), at(1)).kind).toBe('challenge')
  })

  test('comes first: without it no ticket is looked at', () => {
    const desk = new FrontDesk()
    const nobody = desk.party(1, 0, {}, keysOf(66).sign)
    const bind = nobody.bind(at(1), new Uint8Array(16))
    const [answer] = desk.hand(bind, at(1))
    expect(answer!.bytes[0]).toBe(RELAY_FRAMES.challenge)
    expect(answer!.bytes.length).toBeLessThan(bind.length)
    expect(desk.drops('ticket-forged')).toBe(0)
  })
})

describe('a slot is bound', () => {
  test('by the holder of a ticket, and told so', () => {
    const desk = new FrontDesk()
    const alice = desk.party(1, 0)
    const cookie = desk.cookie(at(1))
    const bound = desk.ask(alice.bind(at(1), cookie), at(1))
    expect(bound).toMatchObject({ kind: 'bound', counter: alice.counter })
    expect(bound.kind === 'bound' && [Buffer.from(bound.token), Buffer.from(bound.cookie)]).toEqual(
      [alice.token, cookie].map(each => Buffer.from(each)),
    )
  })

  test('again with the same ticket after its end, as long as it lives', () => {
    const desk = new FrontDesk()
    const alice = desk.party(1, 0)
    desk.hand(alice.bind(at(1)), at(1))
    desk.wait(2 * HOUR_MS)
    expect(desk.ask(alice.bind(at(9)), at(9)).kind).toBe('bound')
    expect(desk.server.stats()).toMatchObject({ slots: 1, binds: 1, moves: 1 })
    desk.wait(SLOT_LIFETIME_MS)
    desk.server.sweep()
    expect(desk.server.stats().slots).toBe(0)
    expect(desk.ask(alice.bind(at(9), desk.cookie(at(9))), at(9))).toMatchObject({ why: 'expired' })
    expect(desk.drops('ticket-expired')).toBe(1)
  })

  test('with a newer ticket of the same side, under the same token', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const renewed = desk.party(1, 0, { expires: desk.clock.now() + 2 * HOUR_MS })
    expect(renewed.token).toEqual(alice.token)
    expect(desk.ask(renewed.bind(at(1), desk.cookie(at(1)), 5), at(1)).kind).toBe('bound')
    expect(desk.server.stats()).toMatchObject({ slots: 2, pairs: 1, binds: 3 })
    expect(texts(desk.hand(bob.data('to the renewed'), at(2)))).toEqual([
      ['198.51.100.1:5000', 'to the renewed'],
    ])
    expect(texts(desk.hand(renewed.data('back'), at(1)))).toEqual([['198.51.100.2:5000', 'back']])
  })

  test('with an older ticket only by a newer claim', () => {
    const desk = new FrontDesk()
    const older = desk.party(1, 0)
    const newer = desk.party(1, 0, { expires: desk.clock.now() + 2 * HOUR_MS })
    desk.hand(newer.bind(at(1)), at(1))
    expect(desk.hand(older.bind(at(1), desk.cookie(at(1)), newer.counter), at(1))).toEqual([])
    expect(desk.drops('claim-replayed')).toBe(1)
    expect(desk.ask(older.bind(at(1), desk.cookie(at(1)), newer.counter + 1), at(1)).kind).toBe('bound')
  })
})

describe('no slot is bound', () => {
  /** Counted under `drop`, and answered with a refusal or not at all. */
  const refused = (
    drop: Parameters<FrontDesk['drops']>[0],
    make: (desk: FrontDesk) => Uint8Array,
    why?: RelayRefusal,
  ) => {
    const desk = new FrontDesk()
    const bind = make(desk)
    desk.wait(MOMENT_MS)
    const answers = desk.hand(bind, at(1))
    const read = answers.map(({ bytes }) => decodeRelayFrame(bytes))
    expect(read.map(each => each.ok && each.value)).toMatchObject(
      why === undefined ? [] : [{ kind: 'refusal', why }],
    )
    for (const { bytes } of answers) expect(bytes.length).toBeLessThan(bind.length)
    expect([desk.drops(drop), desk.server.stats().slots]).toEqual([1, 0])
    expect(desk.server.stats().refusals).toBe(answers.length)
  }

  test('with a ticket that somebody else signed', () => {
    refused('ticket-forged', desk => desk.party(1, 0, {}, keysOf(66).sign).bind(at(1)), 'foreign')
  })

  test('by somebody who holds the ticket and not the key', () => {
    refused('claim-forged', desk => desk.party(3, 0, { holder: keysOf(1).tunnelKey }).bind(at(1)))
  })

  test('by somebody who has seen the token, too', () => {
    refused('claim-forged', desk => {
      const thief = desk.party(3, 0, { holder: keysOf(1).tunnelKey })
      thief.token.set(desk.party(1, 0).token)
      return thief.bind(at(1))
    })
  })

  test('at another relay than the ticket names', () => {
    refused('ticket-foreign', desk => desk.party(1, 0, { relay: keysOf(6).tunnelKey }).bind(at(1)), 'foreign')
  })

  test('after the end of the ticket', () => {
    refused('ticket-expired', desk => desk.party(1, 0, { expires: desk.clock.now() }).bind(at(1)), 'expired')
  })

  test('while the coordinator is not known', () => {
    refused(
      'issuer-unknown',
      desk => {
        desk.issuer = undefined
        return desk.party(1, 0).bind(at(1))
      },
      'foreign',
    )
  })

  test('with a token that is not the ticket’s', () => {
    refused('claim-forged', desk => {
      const alice = desk.party(1, 0)
      alice.token[0]! ^= 1
      return alice.bind(at(1))
    })
  })

  test('with a ticket of another version', () => {
    refused(
      'ticket-malformed',
      desk => {
        const alice = desk.party(1, 0)
        alice.ticket[0] = 2
        return alice.bind(at(1))
      },
      'foreign',
    )
  })

  test('when all are taken by those who were heard lately', () => {
    const desk = new FrontDesk(2)
    const [alice] = desk.pair()
    const carol = desk.party(3, 0, { pair: 'ffffffffffffffff' })
    expect(desk.ask(carol.bind(at(3), desk.cookie(at(3))), at(3))).toMatchObject({
      kind: 'refusal',
      why: 'full',
    })
    expect(desk.drops('slots-full')).toBe(1)
    desk.wait(9 * 60_000)
    desk.hand(alice.rebind(), at(1))
    desk.wait(2 * 60_000)
    expect(desk.ask(carol.bind(at(3), desk.cookie(at(3))), at(3)).kind).toBe('bound')
    const last = desk.party(4, 1, { pair: 'ffffffffffffffff' })
    expect(desk.ask(last.bind(at(4), desk.cookie(at(4))), at(4))).toMatchObject({
      kind: 'refusal',
      why: 'full',
    })
    expect(texts(desk.hand(alice.data('nobody there now'), at(1)))).toEqual([])
  })

  test('too often from one address', () => {
    const desk = new FrontDesk(10_000)
    const cookie = desk.cookie(at(1))
    for (let pair = 0; pair <= CHECKS_BURST; pair += 1) {
      const party = desk.party(1, 0, { pair: pair.toString(16).padStart(16, '0') }, keysOf(66).sign)
      desk.hand(party.bind(at(1), cookie), at(1))
    }
    expect([desk.drops('ticket-forged'), desk.drops('too-many-checks')]).toEqual([CHECKS_BURST, 1])
    expect(desk.ask(desk.party(2, 0).bind(at(2)), at(2)).kind).toBe('bound')
  })
})

describe('a replay', () => {
  test('of a bind does not bring the holder back', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const old = alice.bind(at(1))
    desk.hand(old, at(1))
    desk.hand(alice.bind(at(9)), at(9))
    expect(desk.hand(old, at(1))).toEqual([])
    expect(desk.drops('claim-replayed')).toBe(1)
    expect(desk.ask(old, at(66)).kind).toBe('challenge')
    expect(texts(desk.hand(bob.data('still there'), at(2)))).toEqual([['198.51.100.9:5000', 'still there']])
  })

  test('of a rebind moves nobody', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const claim = alice.rebind(desk.cookie(at(1)))
    desk.hand(claim, at(1))
    expect(desk.hand(claim, at(66))).toEqual([])
    expect(texts(desk.hand(bob.data('home'), at(2)))).toEqual([['198.51.100.1:5000', 'home']])
  })

  test('of an answer is no claim', () => {
    const desk = new FrontDesk()
    const [alice] = desk.pair()
    const [bound] = desk.hand(alice.rebind(), at(1))
    expect(desk.hand(bound!.bytes, at(66))).toEqual([])
    expect(desk.drops('unexpected')).toBe(1)
  })
})

describe('whatever strangers send', () => {
  const desk = new FrontDesk()
  const [alice] = desk.pair()
  const stranger = desk.party(8, 0, { pair: 'eeeeeeeeeeeeeeee' })
  const samples = [
    ...[encodeRelayProbe('0102030405060708'), alice.bind(at(1)), alice.rebind(), alice.data('hello, hello')],
    ...[
      stranger.bind(at(3), new Uint8Array(16)),
      stranger.rebind(),
      stranger.data('a longer text, much longer'),
    ],
    Buffer.concat([alice.data('one'), alice.data('two')]),
  ]

  test('never throws, and an unproven address gets no more than it sent', () => {
    fc.assert(
      fc.property(mutated(samples), fc.integer({ min: 1, max: 250 }), (bytes, last) => {
        const from = at(last, 7_000)
        const got = desk
          .hand(bytes, from)
          .filter(({ to }) => to.address === from.address && to.port === 7_000)
        return got.reduce((sum, answer) => sum + answer.bytes.length, 0) <= bytes.length
      }),
      { numRuns: fuzzRuns(10_000) },
    )
    expect(desk.server.stats().slots).toBe(2)
  })
})
