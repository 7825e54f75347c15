/** What a relay passes on, to where, and how much of it: addresses, moves, rates, coalesced buffers. */
import { describe, expect, test } from 'vitest'
import { LEAVING_MS, UNPROVEN_MAX_MS, WAITING_MAX_MS } from '../../../../src/plugins/relay/server/limits.ts'
import { RELAY_FRAMES } from '../../../../src/wire/relay-frame.ts'
import { at, FrontDesk, texts } from './front-desk.ts'

const [HOME, AWAY, PEER] = ['198.51.100.1:5000', '198.51.100.66:5000', '198.51.100.2:5000']

describe('data', () => {
  test('reaches the other side under its own token, in the buffer that it came in', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const [answer] = desk.hand(alice.data('hello'), at(1))
    expect(Buffer.from(answer!.bytes)).toEqual(Buffer.from(bob.data('hello')))
    expect(`${answer!.to.address}:${answer!.to.port}`).toBe(PEER)
    expect(desk.server.stats()).toMatchObject({ packets: 1, bytes: bob.data('hello').length })
  })

  test('of a buffer of several is all passed on, whosever it is', () => {
    const desk = new FrontDesk()
    const [alice] = desk.pair()
    const carol = desk.party(3, 0, { pair: 'ffffffffffffffff' })
    const dave = desk.party(4, 1, { pair: 'ffffffffffffffff' })
    desk.hand(carol.bind(at(1)), at(1))
    desk.hand(dave.bind(at(4)), at(4))
    const buffer = Buffer.concat([alice.data('one'), alice.data('two'), carol.data('three'), alice.data('4')])
    expect(texts(desk.hand(buffer, at(1)))).toEqual([
      ...[
        [PEER, 'one'],
        [PEER, 'two'],
      ],
      ...[
        ['198.51.100.4:5000', 'three'],
        [PEER, '4'],
      ],
    ])
    expect(
      texts(desk.hand(Buffer.concat([alice.data('whole'), alice.data('cut').subarray(0, 13)]), at(1))),
    ).toEqual([[PEER, 'whole']])
    expect(desk.drops('malformed')).toBe(1)
  })

  test('from elsewhere is dropped and moves nobody; who sent it is asked to claim the slot', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const [answer, ...more] = desk.hand(alice.data('from somewhere else'), at(66))
    expect([answer!.bytes[0], more]).toEqual([RELAY_FRAMES.challenge, []])
    expect(desk.hand(alice.data('from here'), at(1, 5_001))).toEqual([])
    expect(desk.drops('source-foreign')).toBe(2)
    expect(texts(desk.hand(bob.data('home'), at(2)))).toEqual([[HOME, 'home']])
  })

  test('goes back by the connection that its holder came by, and from another way the slot is not spoken for', () => {
    const desk = new FrontDesk()
    const [alice, bob] = [desk.party(1, 0), desk.party(2, 1)]
    const [tcp, another] = [{ send: () => undefined }, { send: () => undefined }]
    const [hers, his] = [{ ...at(1), via: tcp }, at(2)]
    desk.hand(alice.bind(hers), hers)
    desk.hand(bob.bind(his), his)
    expect(texts(desk.hand(alice.data('from TCP to UDP'), hers))).toEqual([[PEER, 'from TCP to UDP']])
    const [answer] = desk.hand(bob.data('and back'), his)
    expect(answer!.to).toEqual(hers)
    expect(answer!.to.via).toBe(tcp)
    for (const elsewhere of [at(1), { ...at(1), via: another }]) {
      const [asked] = desk.hand(alice.data('the same place by another way'), elsewhere)
      expect([asked!.bytes[0], asked!.to.via]).toEqual([RELAY_FRAMES.challenge, elsewhere.via])
    }
    expect(desk.drops('source-foreign')).toBe(2)
  })

  test('without a slot is asked for a claim, if that is no more than it brought', () => {
    const desk = new FrontDesk()
    const nobody = desk.party(9, 0)
    expect(desk.ask(nobody.data('sixteen or more!'), at(66)).kind).toBe('challenge')
    expect(desk.hand(nobody.data('less'), at(66))).toEqual([])
  })

  test('waits a moment for the other side, a few packets of it', () => {
    const desk = new FrontDesk()
    const [alice, bob] = [desk.party(1, 0), desk.party(2, 1)]
    desk.hand(alice.bind(at(1)), at(1))
    for (const text of ['a', 'b', 'c', 'd', 'e']) desk.hand(alice.data(text), at(1))
    expect(desk.drops('other-side-absent')).toBe(1)
    const got = desk.hand(bob.bind(at(2), desk.cookie(at(2))), at(2))
    expect(texts(got)).toEqual(['a', 'b', 'c', 'd'].map(text => [PEER, text]))
    expect(texts(desk.hand(bob.rebind(), at(2)))).toEqual([])
  })

  test('does not wait for long', () => {
    const desk = new FrontDesk()
    const [alice, bob] = [desk.party(1, 0), desk.party(2, 1)]
    desk.hand(alice.bind(at(1)), at(1))
    desk.hand(alice.data('stale'), at(1))
    desk.wait(WAITING_MAX_MS)
    expect(texts(desk.hand(bob.bind(at(2), desk.cookie(at(2))), at(2)))).toEqual([])
  })

  test('keeps to the rate of its ticket', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair({ bytesPerSecond: 100_000 })
    const flood = (packets: number) => {
      let passed = 0
      for (let n = 0; n < packets; n += 1) passed += desk.hand(alice.data('x'.repeat(988)), at(1)).length
      return passed
    }
    expect(flood(1_000)).toBe(65)
    desk.wait(500)
    expect(flood(1_000)).toBe(50)
    expect(desk.drops('rate-exceeded')).toBe(1_885)
    expect(desk.hand(bob.data('the other side has its own'), at(2))).toHaveLength(1)
  })
})

describe('a claim from elsewhere', () => {
  test('moves the slot at once, and for good when it has echoed the cookie', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const bound = desk.ask(alice.rebind(), at(66))
    expect(texts(desk.hand(bob.data('small'), at(2)))).toEqual([[AWAY, 'small']])
    if (bound.kind !== 'bound') throw new Error(bound.kind)
    desk.hand(alice.rebind(bound.cookie), at(66))
    desk.wait(UNPROVEN_MAX_MS)
    expect(texts(desk.hand(bob.data('x'.repeat(1_000)), at(2)))[0]![0]).toBe(AWAY)
    expect(desk.server.stats().moves).toBe(1)
  })

  test('draws at most three times its bytes until then; the rest stays where it was', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const claim = alice.rebind()
    const answered = desk.hand(claim, at(66)).reduce((sum, { bytes }) => sum + bytes.length, 0)
    const went = { [HOME]: 0, [AWAY]: 0 }
    for (let n = 0; n < 100; n += 1)
      for (const { to, bytes } of desk.hand(bob.data('x'.repeat(20)), at(2)))
        went[`${to.address}:${to.port}`]! += bytes.length
    expect(answered + went[AWAY]!).toBeGreaterThan(2 * claim.length)
    expect(answered + went[AWAY]!).toBeLessThanOrEqual(3 * claim.length)
    expect(went[HOME]! + went[AWAY]!).toBe(3_200)
    desk.hand(alice.data('y'.repeat(500)), at(66))
    expect(texts(desk.hand(bob.data('x'.repeat(1_400)), at(2)))[0]![0]).toBe(AWAY)
    expect(texts(desk.hand(bob.data('x'.repeat(1_400)), at(2)))[0]![0]).toBe(HOME)
  })

  test('goes back when no echo comes', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    desk.hand(alice.rebind(), at(66))
    desk.wait(UNPROVEN_MAX_MS)
    expect(texts(desk.hand(alice.data('not from here'), at(66)))).toEqual([])
    expect(texts(desk.hand(bob.data('home again'), at(2)))).toEqual([[HOME, 'home again']])
    expect(texts(desk.hand(alice.data('from home'), at(1)))).toEqual([[PEER, 'from home']])
  })

  test('goes back also when only the other side sends', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    desk.hand(alice.rebind(), at(66))
    desk.wait(UNPROVEN_MAX_MS)
    expect(texts(desk.hand(bob.data('home again'), at(2)))).toEqual([[HOME, 'home again']])
  })

  test('is undone by one from home', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    desk.hand(alice.rebind(), at(66))
    desk.hand(alice.rebind(), at(1))
    expect(texts(desk.hand(bob.data('home'), at(2)))).toEqual([[HOME, 'home']])
  })

  test('is nothing without the secret', () => {
    const desk = new FrontDesk()
    const [alice, bob] = desk.pair()
    const thief = desk.party(3, 0)
    thief.token.set(alice.token)
    thief.counter = 1_000_000
    expect(desk.hand(thief.rebind(), at(66))).toEqual([])
    expect(desk.drops('claim-forged')).toBe(1)
    expect(texts(desk.hand(bob.data('home'), at(2)))).toEqual([[HOME, 'home']])
  })

  test('loses nothing that was under way from the old place', () => {
    const desk = new FrontDesk()
    const [alice] = desk.pair()
    desk.hand(alice.rebind(desk.cookie(at(66))), at(66))
    expect(texts(desk.hand(alice.data('overtaken'), at(1)))).toEqual([[PEER, 'overtaken']])
    desk.wait(LEAVING_MS)
    expect(texts(desk.hand(alice.data('too late'), at(1)))).toEqual([])
  })

  test('of a slot that is not there is asked for a ticket', () => {
    const desk = new FrontDesk()
    const nobody = desk.party(9, 0)
    expect(desk.ask(nobody.rebind(), at(66)).kind).toBe('challenge')
  })
})
