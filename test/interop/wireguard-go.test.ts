/** Our tunnel against wireguard-go, which knows nothing of us: the judge of wire compatibility. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Lab, newPresharedKey, OURS, THEIRS, whyNot } from './lab.ts'

const reason = whyNot()
if (reason !== undefined) console.log(`wireguard-go interop is skipped: ${reason}`)

const ENDPOINTS = [{ address: THEIRS.outer, port: THEIRS.port }]

describe.skipIf(reason !== undefined)('with wireguard-go', () => {
  let lab: Lab

  beforeEach(() => {
    lab = new Lab()
  })
  afterEach(() => lab.stop())

  it('we initiate, and its kernel answers our echo requests over IPv4 and IPv6', async () => {
    await lab.start()
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS })
    expect(await peer.ping(THEIRS.ipv4, 10)).toBe(10)
    expect(await peer.ping(THEIRS.ipv6, 10, 20, 1_100)).toBe(10)
    expect(peer.count('established')).toBe(1)
    expect(peer.count('dropped')).toBe(0)
  })

  it('it initiates, and we answer echo requests of its kernel over IPv4 and IPv6', async () => {
    await lab.start({ withEndpoint: true })
    const peer = await lab.ourPeer()
    expect(await lab.theyPing(OURS.ipv4, 5)).toBe(5)
    expect(await lab.theyPing(OURS.ipv6, 5)).toBe(5)
    expect((await peer.next('established')).endpoint).toEqual(ENDPOINTS[0])
    expect(peer.count('dropped')).toBe(0)
  })

  it('a pre-shared key is honoured', async () => {
    const presharedKey = newPresharedKey()
    await lab.start({ presharedKey })
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS, presharedKey })
    expect(await peer.ping(THEIRS.ipv4, 3)).toBe(3)
    const other = await lab.ourPeer({
      endpoints: ENDPOINTS,
      presharedKey: newPresharedKey(),
      local: { address: OURS.moved, port: OURS.port },
    })
    expect(await other.ping(THEIRS.ipv4, 3)).toBe(0)
    expect(other.events).toContainEqual({ event: 'dropped', reason: 'forged' })
  })

  it('the answer to what we asked ourselves is read under any load', async () => {
    await lab.start({ withEndpoint: true })
    const opener = await lab.ourPeer({ endpoints: ENDPOINTS, limits: { handshakesPerSecond: 0 } })
    expect(await opener.ping(THEIRS.ipv4, 8, 1_000)).toBe(8)
    expect(opener.count('established')).toBe(1)
    expect(opener.events).not.toContainEqual({ event: 'dropped', reason: 'cookieDemanded' })
  })

  it('it takes the cookie that we demand when it opens', async () => {
    await lab.start({ withEndpoint: true })
    const answerer = await lab.ourPeer({ endpoints: [], limits: { handshakesPerSecond: 0 } })
    expect(await lab.theyPing(OURS.ipv4, 8, 1)).toBeGreaterThanOrEqual(2)
    expect(answerer.count('established')).toBe(1)
    expect(answerer.events).toContainEqual({ event: 'dropped', reason: 'cookieDemanded' })
  })

  it('we take the cookie that it demands under a flood, and get in at once', async () => {
    await lab.start()
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS })
    // A burst is more than wireguard-go counts as load (128 that wait), and less than it drops (1,024).
    peer.tell('flood', { burst: 500, everyMs: 100, burstsMax: 50, to: ENDPOINTS[0] })
    await peer.next('flooded')
    expect(await peer.ping(THEIRS.ipv4, 5, 100)).toBe(5)
    expect(peer.count('cookie')).toBe(1)
    expect(peer.count('established')).toBe(1)
  })

  it('nothing is lost while we rekey again and again', async () => {
    await lab.start()
    const limits = { rekeyAfterMs: 700, rekeyTimeoutMs: 500 }
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS, limits })
    expect(await peer.ping(THEIRS.ipv4, 400, 10)).toBe(400)
    expect(peer.count('established')).toBeGreaterThanOrEqual(5)
    expect(peer.count('dropped')).toBe(0)
  })

  it('it starts over with a new session, and we follow', async () => {
    await lab.start({ withEndpoint: true })
    const peer = await lab.ourPeer()
    expect(await lab.theyPing(OURS.ipv4, 3)).toBe(3)
    for (let n = 2; n <= 4; n++) {
      lab.removeOurs()
      lab.addOurs({ withEndpoint: true })
      expect(await lab.theyPing(OURS.ipv4, 3)).toBe(3)
      expect(peer.count('established')).toBe(n)
    }
    expect(await peer.ping(THEIRS.ipv4, 5)).toBe(5)
  })

  it('we move to another address and port, and the session goes on', async () => {
    await lab.start()
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS })
    expect(await peer.ping(THEIRS.ipv4, 3)).toBe(3)
    peer.tell('move', { address: OURS.moved, port: 40_404 })
    await peer.next('moved')
    expect(await peer.ping(THEIRS.ipv4, 5)).toBe(5)
    expect(lab.show('endpoints')).toContain(`${OURS.moved}:40404`)
    expect(await lab.theyPing(OURS.ipv6, 3)).toBe(3)
    expect(peer.count('established')).toBe(1)
  })

  it('it moves to another address and port, and the session goes on', async () => {
    await lab.start({ withEndpoint: true })
    const peer = await lab.ourPeer({ endpoints: ENDPOINTS })
    expect(await peer.ping(THEIRS.ipv4, 3)).toBe(3)
    lab.theirs('ip', 'addr', 'del', `${THEIRS.outer}/24`, 'dev', 'v0')
    lab.theirs('ip', 'addr', 'add', `${THEIRS.moved}/24`, 'dev', 'v0')
    lab.wg('listen-port', '40405')
    expect(await lab.theyPing(OURS.ipv4, 3)).toBe(3)
    expect(await peer.ping(THEIRS.ipv4, 5)).toBe(5)
    peer.tell('counters')
    expect((await peer.next('counters')).endpoint).toEqual({ address: THEIRS.moved, port: 40_405 })
    expect(peer.count('established')).toBe(1)
  })
})
