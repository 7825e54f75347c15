/** The table of Relay Servers: who is listed, what number that has, and which relay is best for two nodes. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import { RELAYS_REGISTERED_MAX } from '../../../../src/plugins/transport-ntm/dc/limits.ts'
import { Relays, type Rtts } from '../../../../src/plugins/transport-ntm/dc/relays.ts'

const key = (n: number) => n.toString(16).padStart(64, '0') as TunnelKey
const place = (n: number, port = n) => ({ relay: key(n), endpoints: [{ address: '192.0.2.1', port }] })
const [A, B, C] = [1, 2, 3] as const

const tableOf = (...relays: readonly number[]): Relays => {
  const table = new Relays()
  for (const n of relays) table.enter(place(n), 1_000)
  return table
}
const rtts = (measured: Readonly<Record<number, number>>): Rtts =>
  Object.entries(measured).map(([n, rttMs]) => ({ relay: key(Number(n)), rttMs }))

describe('the relay between two nodes', () => {
  const picks: readonly [what: string, one: Rtts, other: Rtts, expected: number][] = [
    ['is the first by key when nobody has measured', undefined, undefined, A],
    [
      'is the one with the least sum',
      rtts({ [A]: 10, [B]: 40, [C]: 90 }),
      rtts({ [A]: 90, [B]: 40, [C]: 10 }),
      B,
    ],
    [
      'is the first by key of those that are equally far',
      rtts({ [B]: 5, [C]: 10 }),
      rtts({ [B]: 10, [C]: 5 }),
      B,
    ],
    ['is the nearest to the one who has measured', rtts({ [A]: 30, [B]: 20, [C]: 10 }), undefined, C],
    [
      'is none that one side does not reach, however near to the other',
      rtts({ [A]: 1, [B]: 300 }),
      rtts({ [B]: 300 }),
      B,
    ],
    ['is one that one side reaches rather than none', rtts({ [A]: 10 }), rtts({ [B]: 20 }), A],
    ['is none of those that neither reaches', rtts({ [C]: 500 }), rtts({ [C]: 500 }), C],
    ['counts an empty report as no report', rtts({}), rtts({ [A]: 30, [B]: 20, [C]: 10 }), C],
  ]
  test.each(picks)('%s', (_, one, other, expected) => {
    const table = tableOf(C, B, A)
    expect(table.pick(one, other, 0)?.relay).toBe(key(expected))
    expect(table.pick(other, one, 0)?.relay).toBe(key(expected))
  })

  test('is none that the coordinator has not heard of for too long, swept away or not', () => {
    const table = tableOf(A)
    table.enter(place(B), 2_000)
    expect(table.pick(rtts({ [A]: 1, [B]: 9 }), undefined, 999)?.relay).toBe(key(A))
    expect(table.pick(rtts({ [A]: 1, [B]: 9 }), undefined, 1_000)?.relay).toBe(key(B))
    expect(table.pick(undefined, undefined, 2_000)).toBeUndefined()
    table.sweep(1_000)
    expect(table.registered.map(({ relay }) => relay)).toEqual([key(B)])
    table.sweep(2_000)
    expect(table.number).toBe(0)
  })

  test('may be the one in the coordinator’s own process, which never ends', () => {
    const own = place(9)
    const table = new Relays(() => own)
    expect(table.pick(undefined, undefined, 1e12)).toBe(own)
    table.enter(place(A), 1_000)
    expect(table.pick(rtts({ [A]: 1, 9: 2 }), undefined, 0)?.relay).toBe(key(A))
  })
})

describe('the list of relays', () => {
  test('has a number that changes with it and only with it, and is the same for the same list', () => {
    const table = tableOf(A)
    const first = table.number
    expect(first).toBeGreaterThan(0)
    table.enter(place(A), 5_000)
    expect(table.number).toBe(first)
    table.enter(place(A, 77), 5_000)
    const moved = table.number
    table.enter(place(B), 5_000)
    const grown = table.number
    expect(new Set([first, moved, grown]).size).toBe(3)
    table.drop(key(B))
    expect(table.number).toBe(moved)
    expect(tableOf(A).number).toBe(first)
    expect(new Relays().number).toBe(0)
  })

  test('follows the coordinator’s own relay at once', () => {
    let own: ReturnType<typeof place> | undefined
    const table = new Relays(() => own)
    expect(table.number).toBe(0)
    own = place(9)
    expect(table.places).toEqual([own])
    expect(table.number).toBeGreaterThan(0)
    own = undefined
    expect(table.number).toBe(0)
  })

  test('is of those who are there longest, and the table has room for so many', () => {
    const table = new Relays(() => place(999))
    for (let n = 1; table.makeRoomFor(key(n), false, 0); n += 1) table.enter(place(n), n === 1 ? 10 : 1_000)
    expect(table.registered).toHaveLength(RELAYS_REGISTERED_MAX)
    expect(table.makeRoomFor(key(1), false, 0)).toBe(true)
    expect(table.places.map(({ relay }) => relay)).toEqual([999, 1, 2, 3, 4, 5, 6, 7].map(key))
    table.sweep(10)
    expect(table.places.map(({ relay }) => relay)).toEqual([999, 2, 3, 4, 5, 6, 7, 8].map(key))
  })
})
