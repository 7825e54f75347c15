/** Connections that nobody holds any more, of peers that would keep them: there are only so many, and the oldest goes. */
import { beforeEach, expect, it } from 'vitest'
import {
  ORPHAN_BYTES_MAX,
  ORPHANS_MAX,
  ORPHANS_PER_PEER,
} from '../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { FLAG } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { ALICE } from '../packets.ts'
import { House } from './house.ts'

const MIB = 2 ** 20
const peer = (number: number): Uint8Array => ALICE.map((octet, at) => (at === 15 ? 16 + number : octet))

let house: House

beforeEach(() => {
  house = new House()
})

/** Comes in, is written to, and is left with what it does not acknowledge. */
const forsake = (from: Uint8Array, port: number, bytes = 10): void => {
  house.enter({ from, port }, house.knock({ from, port }))
  const { connection } = house.accepted.at(-1)!
  connection!.write(new Uint8Array(bytes), house.nowMs)
  house.sent.length = 0
  connection!.forsake(house.nowMs)
  house.tcp.flush()
}
const orphans = (): number => house.tcp.counters().orphans!
const resets = (): readonly number[] =>
  house.sent.filter(segment => segment.has(FLAG.rst)).map(segment => segment.destinationPort)

it('one peer has so many, and loses the oldest for one more', () => {
  forsake(peer(1), 999)
  for (let port = 1; port <= ORPHANS_PER_PEER; port++) forsake(peer(0), port)
  expect([orphans(), resets()]).toEqual([ORPHANS_PER_PEER + 1, []])
  forsake(peer(0), 5_000)
  expect([orphans(), resets()]).toEqual([ORPHANS_PER_PEER + 1, [1]])
  forsake(peer(0), 5_001)
  expect([orphans(), resets()]).toEqual([ORPHANS_PER_PEER + 1, [2]])
  expect(house.tcp.counters().connections).toBe(ORPHANS_PER_PEER + 1)
})

it('all peers together have so many', () => {
  for (let count = 0; count < ORPHANS_MAX; count++) forsake(peer(count >>> 5), 1 + (count & 31))
  expect([orphans(), resets()]).toEqual([ORPHANS_MAX, []])
  forsake(peer(99), 7_000)
  expect([orphans(), resets()]).toEqual([ORPHANS_MAX, [1]])
})

it('what is held for them all has a bound', () => {
  const each = 8 * MIB
  for (let number = 0; number < ORPHAN_BYTES_MAX / each; number++) forsake(peer(number), 100 + number, each)
  expect(resets()).toEqual([])
  forsake(peer(99), 7_000, each + 1)
  expect([orphans(), resets()]).toEqual([ORPHAN_BYTES_MAX / each - 1, [100, 101]])
})

it('those that come to an end make room', () => {
  for (let port = 1; port <= ORPHANS_PER_PEER; port++) forsake(peer(0), port)
  for (const { connection } of house.accepted.splice(0)) connection!.abort()
  expect(orphans()).toBe(0)
  for (let port = 1; port <= ORPHANS_PER_PEER; port++) forsake(peer(0), 2_000 + port)
  expect([orphans(), resets()]).toEqual([ORPHANS_PER_PEER, []])
})
