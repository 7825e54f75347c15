/** Sockets, tunnels and the stack as one: who is known, what arrives, and what is forgotten. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../src/events/ids.ts'
import { Street } from './nodes.ts'

const PORT = 61_500
const BYTES = Uint8Array.of(1, 2, 3)

describe('a carrier', () => {
  test('carries a datagram and says whose it was, with no port bound on the sending side', async () => {
    const street = new Street()
    const [one, other, toOther, toOne] = await street.pair()
    const heard: unknown[] = []
    other.carrier.bind(PORT, (bytes, from, fromPort) => heard.push([[...bytes], from, fromPort]))
    expect(one.carrier.send(PORT + 1, toOther, PORT, BYTES)).toMatchObject({ ok: true })
    street.run(1_000)
    expect(heard).toEqual([[[...BYTES], toOne, PORT + 1]])
    expect(toOne.source).toEqual(one.at)
    expect(toOne.heardMs).toBeLessThan(1_000)
  })

  test('takes nobody in whom it was not told of', async () => {
    const street = new Street()
    const [one, other] = [await street.node('10.0.0.1'), await street.node('10.0.0.2')]
    one.carrier.renew(one.carrier.meet(other.key, { endpoints: [other.at] }))
    street.run(1_000)
    expect(other.established).toEqual([])
    expect(other.carrier.dropped.get('stranger')).toBe(1)
  })

  test('counts TCP as something said, also what a timer sends', async () => {
    const street = new Street()
    const [one, other, toOther, toOne] = await street.pair()
    one.carrier.renew(toOther)
    street.run(1_000)
    expect([toOther.talkedMs, toOne.talkedMs]).toEqual([-Infinity, -Infinity])
    const connected = one.carrier.stack.streams.connect(other.carrier.address, PORT)
    const refused = expect(connected).rejects.toThrow('nobody listens')
    await new Promise(setImmediate)
    const openedMs = street.clock.monotonicMs()
    street.run(100)
    for (const { sentMs, receivedMs } of [toOther, toOne])
      for (const at of [sentMs, receivedMs]) expect(at).toBeGreaterThanOrEqual(openedMs)
    await refused
    other.carrier.forget(toOne)
    const unanswered = one.carrier.stack.streams.connect(other.carrier.address, PORT)
    unanswered.catch(() => undefined)
    await new Promise(setImmediate)
    const againMs = street.clock.monotonicMs()
    street.run(5_000)
    expect(toOther.sentMs).toBeGreaterThanOrEqual(againMs + 1_000)
  })

  test('echoes', async () => {
    const street = new Street()
    const [one, , toOther] = await street.pair()
    let replies = 0
    const stop = one.carrier.echo(toOther, 7, () => {
      replies += 1
    })
    street.run(1_000)
    stop()
    expect(replies).toBe(1)
  })

  test('forgets a neighbour with its keys, and hears nothing more from it', async () => {
    const street = new Street()
    const [one, other, toOther, toOne] = await street.pair()
    one.carrier.renew(toOther)
    street.run(1_000)
    const heard: number[] = []
    other.carrier.bind(PORT, bytes => heard.push(bytes.length))
    other.carrier.forget(toOne)
    expect(other.forgotten).toEqual([toOne])
    expect(other.carrier.neighbour(one.key)).toBeUndefined()
    one.carrier.send(PORT, toOther, PORT, BYTES)
    street.run(60_000)
    expect(heard).toEqual([])
  })

  test('says when a whole attempt came to nothing', async () => {
    const street = new Street()
    const one = await street.node('10.0.0.1')
    const nobody = one.carrier.meet('ab'.repeat(32) as never, {
      endpoints: [{ address: '10.9.9.9', port: 9 }],
    })
    one.carrier.renew(nobody)
    street.run(120_000)
    expect(one.failed).toEqual([nobody])
  })

  test('lets who is only here for a while go with its keys, and keeps the others', async () => {
    const street = new Street()
    const [one, other] = [await street.node('10.0.0.1'), await street.node('10.0.0.2')]
    const guest = one.carrier.meet(other.key, { endpoints: [other.at], transient: true })
    other.carrier.meet(one.key, { endpoints: [one.at] })
    one.carrier.renew(guest)
    street.run(1_000)
    expect(one.established).toEqual([guest])
    street.run(11 * 60_000)
    expect(one.forgotten).toEqual([guest])
    expect(one.carrier.neighbour(other.key)).toBeUndefined()
    expect(other.carrier.neighbour(one.key)).toBeDefined()
  })

  test('has room for so many that are only here for a while, and for all the others', async () => {
    const street = new Street()
    const one = await street.node('10.0.0.1')
    const keyOf = (index: number) => index.toString(16).padStart(64, '0') as TunnelKey
    one.carrier.meet(keyOf(1), {})
    for (let index = 2; index <= 8_192; index += 1) one.carrier.meet(keyOf(index), { transient: true })
    expect(one.forgotten).toEqual([])
    one.carrier.meet(keyOf(9_000), { transient: true })
    expect(one.forgotten.map(({ key }) => key)).toEqual([keyOf(2)])
    expect(one.carrier.neighbour(keyOf(1))).toBeDefined()
  })

  test('of a server gives a cookie before it takes a stranger in', async () => {
    const street = new Street()
    const server = await street.node('10.0.0.1', { role: 'server', admit: () => ({}) })
    const node = await street.node('10.0.0.2')
    node.carrier.renew(node.carrier.meet(server.key, { endpoints: [server.at] }))
    street.run(1_000)
    expect(server.carrier.tunnel.counters.cookieRepliesSent).toBe(1)
    expect(server.established.map(({ key }) => key)).toEqual([node.key])
  })
})
