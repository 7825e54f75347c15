/** What a NAT does over time and to whom: timeouts, rebinding, hairpins, poisoning, and a table that is full. */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { NAT_KINDS, type NatBehaviour, type NatKind } from '../../../src/kernel/testing/nat-kinds.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { SimNat } from '../../../src/kernel/testing/sim-nat.ts'

const WAN = '198.51.100.1'
const ALICE = { address: '192.168.1.2', port: 5000 }
const SISTER = { address: '192.168.1.3', port: 5000 }
const SERVER = { address: '203.0.113.1', port: 3478 }
const PEER = { address: '203.0.113.9', port: 6000 }
const BYTES = new Uint8Array(1)

/** A NAT in the reader's hand: what goes out and comes in at which second. */
class Bench {
  readonly nat: SimNat
  seconds = 0

  constructor(kind: NatKind, more: Partial<NatBehaviour> = {}) {
    this.nat = new SimNat(WAN, { ...NAT_KINDS[kind], ...more }, new SeededRandom(5))
  }

  get nowMs(): number {
    return this.seconds * 1_000
  }

  /** Where it comes from, seen from outside. */
  out(from: UdpEndpoint, to: UdpEndpoint): UdpEndpoint | undefined {
    return this.nat.outbound({ from, to, bytes: BYTES }, this.nowMs)?.from
  }

  /** Who gets it. */
  in(from: UdpEndpoint, port: number): UdpEndpoint | undefined {
    return this.nat.inbound({ from, to: { address: this.nat.address, port }, bytes: BYTES }, this.nowMs)?.to
  }
}

describe('a mapping', () => {
  test.each([
    [29.9, ALICE],
    [30, undefined],
  ])('that nobody answers ends after thirty seconds: at %d', (seconds, hearing) => {
    const bench = new Bench('home')
    bench.out(ALICE, SERVER)
    bench.seconds = seconds
    expect(bench.in(SERVER, 5000)).toEqual(hearing)
  })

  test('that was answered lives two minutes longer each time that something comes in', () => {
    const bench = new Bench('home')
    bench.out(ALICE, SERVER)
    for (const seconds of [29, 148, 267]) {
      bench.seconds = seconds
      expect(bench.in(SERVER, 5000)).toEqual(ALICE)
    }
    bench.seconds = 267 + 120
    expect(bench.in(SERVER, 5000)).toBeUndefined()
  })

  test('lives by what goes out alone, where the NAT says so', () => {
    const bench = new Bench('home', { isRefreshedByInbound: false })
    bench.out(ALICE, SERVER)
    expect(bench.in(SERVER, 5000)).toEqual(ALICE)
    bench.seconds = 20
    bench.out(ALICE, SERVER)
    bench.seconds = 139
    expect(bench.in(SERVER, 5000)).toEqual(ALICE)
    bench.seconds = 140
    expect(bench.in(SERVER, 5000)).toBeUndefined()
  })

  test('stays for one peer while another keeps it, but the filter forgets who fell silent', () => {
    const bench = new Bench('home')
    bench.out(ALICE, PEER)
    for (const seconds of [20, 40]) {
      bench.seconds = seconds
      bench.out(ALICE, SERVER)
    }
    expect(bench.in(PEER, 5000)).toBeUndefined()
    expect(bench.in(SERVER, 5000)).toEqual(ALICE)
  })

  test('is of one inside alone: a second host with the same port gets another', () => {
    const bench = new Bench('home')
    expect(bench.out(ALICE, SERVER)?.port).toBe(5000)
    const port = bench.out(SISTER, SERVER)!.port
    expect(port).not.toBe(5000)
    expect(bench.out(SISTER, PEER)?.port).toBe(port)
  })

  test('is shared by a masquerading router as long as the targets differ', () => {
    const bench = new Bench('masquerade')
    bench.out(ALICE, SERVER)
    expect(bench.out(SISTER, SERVER)?.port).not.toBe(5000)
    expect(bench.out(SISTER, PEER)?.port).toBe(5000)
    expect(bench.in(PEER, 5000)).toEqual(SISTER)
    expect(bench.in(SERVER, 5000)).toEqual(ALICE)
  })
})

describe('what happens to routers', () => {
  test.each(['home', 'masquerade', 'symmetric', 'sequential', 'block'] as const)(
    'a rebound %s knows nobody, and gives another port from then on',
    kind => {
      const bench = new Bench(kind)
      const before = bench.out(ALICE, SERVER)!
      bench.nat.rebind()
      expect(bench.in(SERVER, before.port)).toBeUndefined()
      const after = bench.out(ALICE, SERVER)!
      expect(after.port).not.toBe(before.port)
      expect(bench.in(SERVER, after.port)).toEqual(ALICE)
      if (kind === 'home') expect(bench.out(ALICE, PEER)).toEqual(after)
    },
  )

  test('another address: old mappings are gone, the port is as before', () => {
    const bench = new Bench('home')
    bench.out(ALICE, SERVER)
    bench.nat.readdress('198.51.100.77')
    expect(bench.in(SERVER, 5000)).toBeUndefined()
    expect(bench.out(ALICE, SERVER)).toEqual({ address: '198.51.100.77', port: 5000 })
  })

  test('blocked: nothing passes until it is opened again', () => {
    const bench = new Bench('fullCone')
    bench.out(ALICE, SERVER)
    bench.nat.block()
    expect(bench.out(ALICE, SERVER)).toBeUndefined()
    expect(bench.in(PEER, 5000)).toBeUndefined()
    bench.nat.block(false)
    expect(bench.in(PEER, 5000)).toEqual(ALICE)
  })

  test('a full table drops what is new, keeps what is there, and counts', () => {
    const bench = new Bench('symmetric', { capacity: 3 })
    const peers = [1, 2, 3, 4].map(port => ({ ...PEER, port }))
    const seen = peers.map(peer => bench.out(ALICE, peer))
    expect(seen.map(from => from === undefined)).toEqual([false, false, false, true])
    expect(bench.out(ALICE, peers[0]!)).toEqual(seen[0])
    expect([bench.nat.flowsAt(0), bench.nat.mappingsAt(0), bench.nat.peak]).toEqual([3, 3, 3])
    bench.seconds = 31
    expect(bench.out(ALICE, peers[3]!)).toBeDefined()
    expect([bench.nat.flowsAt(31_000), bench.nat.mappingsAt(31_000), bench.nat.peak]).toEqual([1, 1, 3])
  })

  test('one port to many is one mapping of many sessions', () => {
    const bench = new Bench('home')
    for (let port = 1; port <= 100; port += 1) bench.out(ALICE, { ...PEER, port })
    expect([bench.nat.flowsAt(0), bench.nat.mappingsAt(0)]).toEqual([100, 1])
  })

  test('a full table has no room for one more peer of a mapping either', () => {
    const bench = new Bench('fullCone', { capacity: 2 })
    bench.out(ALICE, SERVER)
    expect(bench.in(PEER, 5000)).toEqual(ALICE)
    expect(bench.out(ALICE, { ...PEER, port: 1 })).toBeUndefined()
    expect(bench.out(SISTER, SERVER)).toBeUndefined()
    expect([bench.nat.flowsAt(0), bench.nat.mappingsAt(0)]).toEqual([2, 1])
  })

  test('no port is left: nothing leaves', () => {
    const ports = { how: 'random', within: [50_000, 50_001] } as const
    const bench = new Bench('symmetric', { ports, isOverloading: false })
    expect([1, 2, 3].map(port => bench.out(ALICE, { ...PEER, port }) !== undefined)).toEqual([
      ...[true, true, false],
    ])
  })
})

describe('a packet that comes too early', () => {
  const early = (kind: NatKind) => {
    const bench = new Bench(kind)
    bench.out(ALICE, SERVER)
    expect(bench.in(PEER, 5000)).toBeUndefined()
    return bench
  }

  test('takes the port away, on a router that lets it in to itself, for that peer alone', () => {
    const bench = early('poisonable')
    const towardsPeer = bench.out(ALICE, PEER)!
    expect(towardsPeer.port).not.toBe(5000)
    expect(bench.in(PEER, 5000)).toBeUndefined()
    expect(bench.in(PEER, towardsPeer.port)).toEqual(ALICE)
    expect(bench.out(ALICE, SERVER)?.port).toBe(5000)
  })

  test.each(['home', 'masquerade'] as const)('does nothing to a %s', kind => {
    const bench = early(kind)
    expect(bench.out(ALICE, PEER)?.port).toBe(5000)
    expect(bench.in(PEER, 5000)).toEqual(ALICE)
  })

  test('is harmless if something went out before it, and after half a minute', () => {
    const opened = new Bench('poisonable')
    opened.out(ALICE, PEER)
    expect(opened.in(PEER, 5000)).toEqual(ALICE)
    const late = early('poisonable')
    late.seconds = 31
    expect(late.out(ALICE, PEER)?.port).toBe(5000)
  })
})

describe('two behind one NAT, by their outer endpoints', () => {
  test('meet if it hairpins, each seen from outside', () => {
    const bench = new Bench('fullCone', { isHairpinning: true })
    bench.out(ALICE, SERVER)
    const sisters = bench.out(SISTER, { address: WAN, port: 5000 })!
    expect(sisters.address).toBe(WAN)
    expect(bench.in(sisters, 5000)).toEqual(ALICE)
  })

  test('do not if it does not', () => {
    const bench = new Bench('fullCone')
    bench.out(ALICE, SERVER)
    expect(bench.out(SISTER, { address: WAN, port: 5000 })).toBeUndefined()
  })
})
