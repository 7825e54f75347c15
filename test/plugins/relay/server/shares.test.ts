/** Nobody takes all slots of a relay: not by one key, not from one network; who is idle goes first. */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import {
  HOLDER_SHARE,
  NETWORK_SHARE,
  SHARE_LEAST,
  SLOT_SPARE_OF_SHARE_MS,
} from '../../../../src/plugins/relay/server/limits.ts'
import { at, FrontDesk, type Party } from './front-desk.ts'

const MAX = 400
const pairOf = (number: number): string => number.toString(16).padStart(16, '0')

/** One more pair's first side, by the key of this byte, from there. */
const bind = (desk: FrontDesk, key: number, pair: number, from: UdpEndpoint): Party => {
  const party = desk.party(key, 0, { pair: pairOf(pair) })
  desk.hand(party.bind(from), from)
  return party
}

const isBound = (desk: FrontDesk, party: Party, from: UdpEndpoint): boolean =>
  desk.ask(party.rebind(), from).kind === 'bound'

describe('one holder', () => {
  test('has its share at most, from however many networks; beyond it its own longest unheard slot goes', () => {
    const desk = new FrontDesk(MAX)
    const share = MAX * HOLDER_SHARE
    const honest = bind(desk, 9, 0, at(250))
    const parties = Array.from({ length: share + 3 }, (_, n) => bind(desk, 1, n + 1, at(1 + (n % 100))))
    expect(desk.server.stats().slots).toBe(share + 1)
    expect(parties.slice(0, 4).map((party, n) => isBound(desk, party, at(n + 1)))).toEqual([
      ...[false, false, false, true],
    ])
    expect(isBound(desk, honest, at(250))).toBe(true)
  })

  test('has a few at the smallest relay', () => {
    const desk = new FrontDesk(2 * SHARE_LEAST)
    for (let n = 0; n < 2 * SHARE_LEAST; n += 1) bind(desk, 1, n, at(n + 1))
    expect(desk.server.stats().slots).toBe(SHARE_LEAST)
  })

  test('does not lose a slot to a newer ticket for it', () => {
    const desk = new FrontDesk(2 * SHARE_LEAST)
    for (let n = 0; n < SHARE_LEAST; n += 1) bind(desk, 1, n, at(n + 1))
    const expires = desk.clock.now() + 99 * 60 * 60_000
    desk.hand(desk.party(1, 0, { pair: pairOf(0), expires }).bind(at(1)), at(1))
    expect(desk.server.stats().slots).toBe(SHARE_LEAST)
  })
})

describe('a holder', () => {
  test('that has its share loses nothing where its network has no room for another', () => {
    const desk = new FrontDesk(MAX)
    const share = MAX * HOLDER_SHARE
    const own = Array.from({ length: share }, (_, n) => bind(desk, 1, n, at(2)))
    for (let n = 0; n < MAX * NETWORK_SHARE; n += 1) bind(desk, 10 + (n % 200), 1_000 + n, at(1, 5_000 + n))
    const late = desk.party(1, 0, { pair: pairOf(9_999) })
    expect(desk.ask(late.bind(at(1)), at(1))).toMatchObject({ kind: 'refusal', why: 'full' })
    expect(own.every(party => isBound(desk, party, at(2)))).toBe(true)
    // Where it is at home what it gives up makes the room.
    expect(desk.ask(late.bind(at(2)), at(2)).kind).toBe('bound')
    expect(own.map(party => isBound(desk, party, at(2)))).toEqual([false, ...own.slice(1).map(() => true)])
  })
})

describe('one network', () => {
  const fill = (desk: FrontDesk, from: (n: number) => UdpEndpoint): void => {
    for (let n = 0; n < 2 * MAX * NETWORK_SHARE; n += 1) bind(desk, 10 + (n % 200), n, from(n))
  }

  test.each([
    ['an IPv4 address', (n: number) => at(1, 5_000 + n)],
    ['a site of IPv6', (n: number) => ({ address: `2001:db8:0:${n.toString(16)}::1`, port: 5_000 })],
  ])('has its share at most, by however many keys: %s', (_, from) => {
    const desk = new FrontDesk(MAX)
    fill(desk, from)
    expect(desk.server.stats()).toMatchObject({ slots: MAX * NETWORK_SHARE })
    expect(desk.drops('share-full')).toBe(MAX * NETWORK_SHARE)
    const late = desk.party(250, 0, { pair: pairOf(9_999) })
    expect(desk.ask(late.bind(from(0)), from(0))).toMatchObject({ kind: 'refusal', why: 'full' })
    expect(desk.ask(late.bind(at(77)), at(77)).kind).toBe('bound')
  })

  test('gives up what is idle for one more', () => {
    const desk = new FrontDesk(MAX)
    fill(desk, n => at(1, 5_000 + n))
    desk.wait(SLOT_SPARE_OF_SHARE_MS)
    const late = desk.party(250, 0, { pair: pairOf(9_999) })
    expect(desk.ask(late.bind(at(1)), at(1)).kind).toBe('bound')
    expect(desk.server.stats().slots).toBe(MAX * NETWORK_SHARE)
  })
})
