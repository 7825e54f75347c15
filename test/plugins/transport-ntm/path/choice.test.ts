/** Which path carries: direct before a relay, near before far, and no taking turns. */
import { describe, expect, test } from 'vitest'
import { choosePath, compareWith } from '../../../../src/plugins/transport-ntm/path/choice.ts'
import { VALID_MS } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Path, type PathOrigin } from '../../../../src/plugins/transport-ntm/path/path.ts'

const NOW_MS = 100_000
let ports = 0

const path = (rttMs: number | undefined, origin: PathOrigin = 'announced', address = '192.0.2.1'): Path => {
  ports += 1
  const made = new Path({ address, port: ports }, origin)
  if (rttMs !== undefined) made.proved(rttMs, NOW_MS)
  return made
}
const relay = (rttMs: number): Path => path(rttMs, 'relay')
const direct = (rttMs: number): Path => path(rttMs)
const ipv6 = (rttMs: number): Path => path(rttMs, 'announced', '2001:db8::1')

describe('without a path in use', () => {
  const [far, near, viaRelay, viaIpv6] = [direct(80), direct(20), relay(5), ipv6(22)]
  const old = direct(1)
  old.provenMs = NOW_MS - VALID_MS
  const silent = direct(1)
  silent.pinged(Buffer.alloc(8), NOW_MS - 60_000)
  const shaken = path(undefined)
  shaken.established(NOW_MS)
  const rows: readonly (readonly [what: string, paths: readonly Path[], best: Path | undefined])[] = [
    ['nothing is proved', [path(undefined)], undefined],
    ['the nearest', [far, near], near],
    ['a far direct one rather than a near relay', [viaRelay, far], far],
    ['IPv6, unless it is clearly farther', [near, viaIpv6], viaIpv6],
    ['IPv4, if it is', [near, ipv6(24)], near],
    ['not one that was proved too long ago', [old, far], far],
    ['not one that has missed an answer', [silent, viaRelay], viaRelay],
    ['one that was measured rather than one that a handshake went through', [shaken, far], far],
    ['the latter, if there is nothing else', [shaken, viaRelay], shaken],
  ]
  test.each(rows)('%s', (_, paths, best) => {
    for (const order of [paths, paths.toReversed()]) expect(choosePath(order, undefined, NOW_MS)).toBe(best)
  })
})

describe('with one in use', () => {
  /** What is in use after so many measurements of the others. */
  const usedAfter = (times: number, inUse: Path, ...others: readonly Path[]): Path => {
    let used = inUse
    for (let at = 0; at < times; at += 1) {
      for (const other of others) compareWith(inUse, other)
      used = choosePath([inUse, ...others], used, NOW_MS)!
    }
    return used
  }

  test('a direct path takes over from a relay at once', () => {
    const better = direct(300)
    expect(usedAfter(1, relay(5), better)).toBe(better)
  })

  test('a relay never does from a direct one', () => {
    const used = direct(300)
    expect(usedAfter(100, used, relay(1))).toBe(used)
  })

  const rows: readonly (readonly [what: string, inUse: Path, other: Path, moves: boolean])[] = [
    ['one that is clearly nearer takes over', direct(50), direct(40), true],
    ['one that is 5 ms nearer, but not a tenth, does not', direct(100), direct(94), false],
    ['one that is a tenth nearer, but not 5 ms, does not', direct(20), direct(16), false],
    ['IPv6 does with 3 ms less', direct(20), ipv6(18), true],
    ['a nearer relay takes over from a relay', relay(50), relay(20), true],
  ]
  test.each(rows)('%s, at the third time in a row', (_, inUse, other, moves) => {
    expect(usedAfter(2, inUse, other)).toBe(inUse)
    expect(usedAfter(1, inUse, other)).toBe(moves ? other : inUse)
  })

  test('two good paths do not take turns', () => {
    const [one, other] = [direct(40), direct(38)]
    let changes = 0
    let used = one
    for (let at = 0; at < 1_000; at += 1) {
      compareWith(used, used === one ? other : one)
      const next = choosePath([one, other], used, NOW_MS)!
      if (next !== used) changes += 1
      used = next
      const shaky = at % 2 === 0 ? one : other
      shaky.proved(at % 4 < 2 ? 36 : 42, NOW_MS)
    }
    expect(changes).toBe(0)
  })

  test('what is better only now and then is not taken', () => {
    const [used, other] = [direct(50), direct(20)]
    for (let at = 0; at < 100; at += 1) {
      other.srttMs = at % 3 === 2 ? 60 : 20
      compareWith(used, other)
      expect(choosePath([used, other], used, NOW_MS)).toBe(used)
    }
  })

  test('what was measured once does not count twice, however often is chosen', () => {
    const [used, other] = [direct(50), direct(20)]
    compareWith(used, other)
    for (let at = 0; at < 10; at += 1) expect(choosePath([used, other], used, NOW_MS)).toBe(used)
  })
})
