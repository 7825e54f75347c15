/** Cookies and budgets: what a flood costs us, and what it costs an honest peer meanwhile. */

import { describe, expect, it } from 'vitest'
import { staticKeyOf } from '../../../../src/plugins/transport-ntm/tunnel/aead.ts'
import { DEFAULT_LIMITS, SOURCES_REMEMBERED } from '../../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { CookieJar, cookieKey, openCookieReply } from '../../../../src/plugins/transport-ntm/tunnel/cookie.ts'
import { sourceNetwork } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { Acquainted, LoadMeter, SourceLimiter } from '../../../../src/plugins/transport-ntm/tunnel/load.ts'
import { mac1Key, mac1Of, stampMacs } from '../../../../src/plugins/transport-ntm/tunnel/mac.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

/** First messages of nobody: the macs fit, the rest is noise. */
function flood(
  world: World,
  target: WorldNode,
  perSecond: number,
  seconds: number,
  forged?: WorldNode['endpoint'],
): void {
  const key = mac1Key(target.staticKey.publicKey)
  for (let n = 0; n < perSecond * seconds; n++) {
    const message = world.randomBytes(148)
    message.set([1, 0, 0, 0])
    stampMacs(message, key, undefined)
    const source = { address: `172.16.${n >> 8}.${n & 255}`, port: 9 }
    world.inject(message, forged ?? source, target.endpoint, (n * 1_000) / perSecond)
  }
}

describe('under a flood of first messages', () => {
  it('an honest peer gets through in one more round trip, by a cookie', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 20 } } })
    flood(world, b, 100, 3)
    world.run(1_000)
    a.tunnel.send(toB, ipPacket('let me in'))
    world.run(50)
    expect(b.delivered).toEqual(['let me in'])
    expect(a.sent.map(({ bytes }) => bytes[0])).toEqual([1, 1, 4])
    const [first, again] = a.sent.map(({ bytes }) => bytes)
    expect(again!.subarray(0, 132)).toEqual(first!.subarray(0, 132))
    expect(again!.subarray(132)).not.toEqual(first!.subarray(132))
  })

  it('whoever was there before gets through as fast as ever', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 20 } } })
    a.tunnel.renew(toB)
    world.run(6_000)
    flood(world, b, 100, 3)
    world.run(1_000)
    a.tunnel.renew(toB)
    world.run(50)
    expect(a.sent.map(({ bytes }) => bytes[0])).toEqual([1, 4, 1, 4])
  })

  it('a forged source that is known gains a few handshakes, and costs the real one nothing', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 20 } } })
    a.tunnel.renew(toB)
    world.run(6_000)
    flood(world, b, 100, 3, a.endpoint)
    world.run(2_000)
    expect(b.tunnel.counters.dropped.forged).toBeLessThanOrEqual(20 + 5 + 2 * 5)
    a.tunnel.renew(toB)
    world.run(50)
    expect(a.sent.map(({ bytes }) => bytes[0])).toEqual([1, 4, 1, 1, 4])
  })

  it('the flood is answered with cookies only, fewer bytes than it brings, and ends in no state', () => {
    const world = new World()
    const target = world.node({ name: 'target', admit: () => ({}), limits: { handshakesPerSecond: 20 } })
    flood(world, target, 100, 3)
    world.run(5_000)
    expect(target.sent.length).toBeGreaterThan(200)
    expect(target.sent.every(({ bytes }) => bytes[0] === 3 && bytes.length === 64)).toBe(true)
    expect(target.tunnel.counters.dropped.forged).toBeLessThanOrEqual(20)
    expect(target.tunnel.nextWakeAt()).toBeUndefined()
  })

  it('the demand ends a second after the flood', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 20 } } })
    flood(world, b, 100, 1)
    world.run(2_100)
    a.tunnel.renew(toB)
    world.run(50)
    expect(a.sent.map(({ bytes }) => bytes[0])).toEqual([1, 4])
  })

  it('a cookie serves for later handshakes, and is given up after two minutes', () => {
    const world = new World()
    const limits = { handshakesPerSecond: 0 }
    const { a, b, toB } = pair(world, { b: { limits } })
    // What is known of the source from before is used up.
    const spend = (): void => flood(world, b, 1_000, 0.005, a.endpoint)
    a.tunnel.renew(toB)
    world.run(100)
    expect(b.tunnel.counters.cookieRepliesSent).toBe(1)
    b.tunnel.removePeer(a.staticKey.publicKey)
    b.tunnel.addPeer({ publicKey: a.staticKey.publicKey })
    a.tunnel.removePeer(b.staticKey.publicKey)
    const renewed = a.tunnel.addPeer({ publicKey: b.staticKey.publicKey, endpoints: [b.endpoint] })
    world.run(120_000)
    spend()
    a.tunnel.renew(renewed)
    world.run(100)
    expect(b.tunnel.counters.cookieRepliesSent).toBe(2)
    world.run(20_000)
    spend()
    a.tunnel.renew(renewed)
    world.run(175_000)
    spend()
    a.tunnel.send(renewed, ipPacket('x'))
    world.run(100)
    expect(b.delivered).toEqual(['x'])
    expect(b.tunnel.counters.cookieRepliesSent).toBe(3)
  })

  it('a cookie is answered once for each message', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 0 } } })
    a.tunnel.renew(toB)
    world.run(15)
    const reply = b.sent[0]!.bytes
    a.tunnel.receive(reply, b.endpoint)
    a.tunnel.receive(reply, b.endpoint)
    expect(a.sent).toHaveLength(2)
  })

  it('a cookie is good at its source alone and for as long as the secret behind it, two minutes', () => {
    const keys = staticKeyOf(new Uint8Array(32).fill(5))
    const world = new World()
    const jar = new CookieJar(keys.publicKey, count => world.randomBytes(count))
    const source = { address: '192.0.2.1', port: 1 }
    const message = world.randomBytes(148)
    stampMacs(message, mac1Key(keys.publicKey), undefined)
    const reply = jar.reply(message, source, 1_000)
    expect(openCookieReply(reply, cookieKey(keys.publicKey), new Uint8Array(16))).toBeUndefined()
    const cookie = openCookieReply(reply, cookieKey(keys.publicKey), mac1Of(message))
    expect(jar.vouches(message, source, 1_000)).toBe(false)
    stampMacs(message, mac1Key(keys.publicKey), cookie)
    expect(jar.vouches(message, source, 120_999)).toBe(true)
    expect(jar.vouches(message, { ...source, port: 2 }, 1_000)).toBe(false)
    expect(jar.vouches(message, source, 121_000)).toBe(false)
    jar.reply(message, source, 121_000)
    expect(jar.vouches(message, source, 121_000)).toBe(false)
  })

  it('a cookie that came from elsewhere is kept but not answered, so that it cannot aim us at others', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { b: { limits: { handshakesPerSecond: 0 } } })
    a.tunnel.renew(toB)
    world.run(15)
    const reply = b.sent[0]!.bytes
    expect(reply).toHaveLength(64)
    const victim = { address: '10.6.6.6', port: 6 }
    a.tunnel.receive(reply, victim)
    world.run(0)
    expect(a.sent.every(({ to }) => to.address !== victim.address)).toBe(true)
  })
})

describe('budgets', () => {
  it('of those who are known are theirs each, and bounded in all', () => {
    const known = new Acquainted()
    for (let n = 0; n < 100; n += 1) known.note(`10.0.0.${n}`)
    const vouched = (address: string): number =>
      Array.from({ length: 50 }, () => known.vouchFor(address, 0)).filter(Boolean).length
    expect(['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.0.3', '10.0.0.4', '10.0.0.5'].map(vouched)).toEqual([
      5, 5, 0, 5, 5, 0,
    ])
    for (let n = 0; n < SOURCES_REMEMBERED; n += 1) known.note(`${n}`)
    expect(known.vouchFor('10.0.0.9', 10_000)).toBe(false)
  })

  it('give each source five at once and twenty a second', () => {
    const limiter = new SourceLimiter(DEFAULT_LIMITS)
    const allowed = (now: number, tries: number): number =>
      Array.from({ length: tries }, () => limiter.allows('10.0.0.1', now)).filter(Boolean).length
    expect(allowed(0, 50)).toBe(5)
    expect(allowed(100, 50)).toBe(2)
    expect(allowed(10_000, 50)).toBe(5)
    expect(limiter.allows('10.0.0.2', 0)).toBe(true)
  })

  it('remember a bounded number of sources', () => {
    const limiter = new SourceLimiter(DEFAULT_LIMITS)
    for (let n = 0; n < SOURCES_REMEMBERED + 100; n++) limiter.allows(`${n}`, 0)
    expect(limiter.size).toBe(SOURCES_REMEMBERED)
  })

  it('count IPv4 by address and IPv6 by its first 64 bits', () => {
    expect(sourceNetwork('192.0.2.7')).toBe('192.0.2.7')
    expect(sourceNetwork('::ffff:192.0.2.7')).toBe('::ffff:192.0.2.7')
    expect(sourceNetwork('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2')
    expect(sourceNetwork('2001:db8:1:2::9')).toBe('2001:db8:1:2')
    expect(sourceNetwork('2001:db8::9')).toBe('2001:db8:0:0')
    expect(sourceNetwork('::1')).toBe('0:0:0:0')
  })

  it('judge the load by the second and stick for one', () => {
    const meter = new LoadMeter(2)
    expect([meter.note(0), meter.note(1), meter.note(2)]).toEqual([false, false, true])
    expect(meter.high(1_001)).toBe(true)
    expect(meter.note(1_002)).toBe(false)
  })
})
