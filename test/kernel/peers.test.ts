/** All transports as one: who carries, whose links count, and transports that fail or leave. */
import { Subject } from 'rxjs'
import { beforeEach, expect, test } from 'vitest'
import type { DeviceId, PersonId, TunnelKey } from '../../src/events/ids.ts'
import type { Link, PeerCard, Transport } from '../../src/kernel/api/index.ts'
import { PeerSwitch } from '../../src/kernel/peers.ts'
import { House } from './support/house.ts'

const bob = 'b'.repeat(64) as DeviceId
const card: PeerCard = {
  device: bob,
  tunnelKey: 'c'.repeat(64) as TunnelKey,
  person: 'd'.repeat(64) as PersonId,
  name: 'bob.example',
}
const linkTo = (up: boolean, path: 'direct' | 'relay' = 'direct'): Link => ({
  device: bob,
  up,
  path: up ? path : undefined,
  address: undefined,
  rttMs: undefined,
  mtu: 1200,
  lastSeenMs: undefined,
})

class FakeTransport implements Transport {
  readonly id = 'fake'
  readonly link$ = new Subject<Link>()
  readonly bound = new Map<number, (from: DeviceId, bytes: Uint8Array) => void>()
  sent = 0
  up = false
  throws = false
  readonly datagram = {
    maxBytes: 1200,
    bind: (port: number, receive: (from: DeviceId, bytes: Uint8Array) => void) => {
      this.bound.set(port, receive)
      return () => void this.bound.delete(port)
    },
    send: () => {
      if (this.throws) throw new Error('broken')
      if (this.up) this.sent += 1
      return this.up
    },
  }
  readonly stream = { connect: () => Promise.reject(new Error('none')), listen: () => () => undefined }
  reach = async () => (this.up ? { up: true } : { up: false, reason: 'no path' })
  links = () => (this.up ? [linkTo(true)] : [])
  ping = async () => 7
}

let house: House
let peers: PeerSwitch
let one: FakeTransport
let two: FakeTransport
const heard: Link[] = []

beforeEach(() => {
  house = new House()
  peers = new PeerSwitch(house.book, device => (device === bob ? card : undefined))
  one = new FakeTransport()
  two = new FakeTransport()
  heard.length = 0
  peers.link$.subscribe(link => heard.push(link))
})
const install = () => {
  house.install('one', { transport: [one] })
  house.install('two', { transport: [two] })
}

test('a port is bound on transports that are there and on those that come later', () => {
  house.install('one', { transport: [one] })
  const unbind = peers.bind(61003, () => undefined)
  house.install('two', { transport: [two] })
  expect([one.bound.has(61003), two.bound.has(61003)]).toEqual([true, true])
  unbind()
  expect([one.bound.size, two.bound.size]).toEqual([0, 0])
})

test('the first transport that has a path carries; a broken one is passed over and counted', () => {
  install()
  const bytes = new Uint8Array(1)
  expect(peers.send(bob, 1, bytes)).toBe(false)
  two.up = true
  expect(peers.send(bob, 1, bytes)).toBe(true)
  one.throws = true
  expect(peers.send(bob, 1, bytes)).toBe(true)
  expect([one.sent, two.sent]).toEqual([0, 2])
  expect(house.fences.get('one')?.failures).toBe(1)
})

test('reach asks until one transport has a path, and says why when none has', async () => {
  expect(await peers.reach(bob)).toEqual({ up: false, reason: 'no transport is running' })
  install()
  expect(await peers.reach(bob)).toEqual({ up: false, reason: 'no path' })
  two.up = true
  expect(await peers.reach(bob)).toEqual({ up: true })
  expect(await peers.reach('e'.repeat(64) as DeviceId)).toMatchObject({ up: false })
})

test('a device that lost one of two paths is still up', () => {
  install()
  one.link$.next(linkTo(true))
  two.link$.next(linkTo(true, 'relay'))
  one.link$.next(linkTo(false))
  expect(heard.map(({ up, path }) => [up, path])).toEqual([
    [true, 'direct'],
    [true, 'relay'],
    [true, 'relay'],
  ])
  two.link$.next(linkTo(false))
  expect(heard.at(-1)?.up).toBe(false)
})

test('a withdrawn transport takes its links down and is asked nothing more', async () => {
  install()
  peers.bind(5, () => undefined)
  one.up = true
  one.link$.next(linkTo(true))
  expect(await peers.ping(bob, 100)).toBe(7)
  house.remove('one')
  expect(heard.at(-1)).toMatchObject({ device: bob, up: false, path: undefined })
  expect(one.link$.observed).toBe(false)
  expect(peers.send(bob, 5, new Uint8Array(1))).toBe(false)
  expect(await peers.ping(bob, 100)).toBeUndefined()
  expect(peers.links()).toEqual([])
})

test('a transport whose promise rejects is a failed answer, not an exception', async () => {
  install()
  one.reach = () => Promise.reject(new Error('exploded'))
  two.up = true
  expect(await peers.reach(bob)).toEqual({ up: true })
  expect(house.fences.get('one')?.failures).toBe(1)
})
