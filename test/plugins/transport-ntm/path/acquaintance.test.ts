/** Hello, round trips, and addresses that are proved before they are used. */
import { describe, expect, test } from 'vitest'
import type { Neighbour } from '../../../../src/plugins/transport-ntm/neighbour.ts'
import { PORTS } from '../../../../src/plugins/transport-ntm/net/ports.ts'
import { Acquaintance } from '../../../../src/plugins/transport-ntm/path/acquaintance.ts'
import { Street, type TestNode } from '../nodes.ts'

const HASH = new Uint8Array(32).fill(5)

const acquainted = (street: Street, { carrier }: TestNode, used?: Uint8Array) => {
  const records: Uint8Array[] = []
  const roundTrips: number[] = []
  const dropped: string[] = []
  const acquaintance = new Acquaintance({
    ...{ clock: street.clock, random: street.random, carrier },
    recordUsedFor: () => used,
    onRecord: (_: Neighbour, hash) => records.push(new Uint8Array(hash)),
    onRoundTrip: (_: Neighbour, rttMs) => roundTrips.push(rttMs),
    onDropped: why => dropped.push(why),
  })
  return { acquaintance, records, roundTrips, dropped }
}

describe('acquaintance', () => {
  test('says by which record the other was found, and measures the way', async () => {
    const street = new Street()
    const [one, other, toOther] = await street.pair()
    const [here, there] = [acquainted(street, one, HASH), acquainted(street, other)]
    one.carrier.renew(toOther)
    street.run(1_000)
    here.acquaintance.greet(toOther)
    street.run(1_000)
    expect(there.records).toEqual([HASH])
    expect(here.roundTrips).toEqual([2])
  })

  test('moves to a new address only after an answer from there', async () => {
    const street = new Street()
    const [one, other, toOther] = await street.pair()
    const here = acquainted(street, one)
    acquainted(street, other)
    one.carrier.renew(toOther)
    street.run(1_000)
    const second = await other.carrier.listen({ address: '10.0.0.2', port: 0 })
    here.acquaintance.prove(toOther, second)
    expect(toOther.peer.endpoint).toEqual(other.at)
    street.run(100)
    expect(toOther.peer.endpoint).toEqual(second)
    here.acquaintance.prove(toOther, { address: '10.9.9.9', port: 9 })
    street.run(5_000)
    expect(toOther.peer.endpoint).toEqual(second)
  })

  test('says when a challenge may not be sent', async () => {
    const street = new Street()
    const [one, other, toOther] = await street.pair()
    const here = acquainted(street, one)
    expect(here.acquaintance.ping(toOther, other.at)).toBeUndefined()
    one.carrier.renew(toOther)
    street.run(1_000)
    expect(here.acquaintance.ping(toOther, other.at)).toHaveLength(8)
  })

  test('has one challenge open at a time', async () => {
    const street = new Street()
    const [one, other, toOther] = await street.pair()
    const here = acquainted(street, one)
    one.carrier.renew(toOther)
    street.run(1_000)
    const before = one.carrier.tunnel.counters.packetsSent
    for (let port = 1; port < 100; port += 1) here.acquaintance.prove(toOther, { ...other.at, port })
    expect(one.carrier.tunnel.counters.packetsSent - before).toBe(1)
  })

  test('counts what it cannot read, and takes no answer that it did not ask for', async () => {
    const street = new Street()
    const [one, other, toOther] = await street.pair()
    const there = acquainted(street, other)
    one.carrier.renew(toOther)
    street.run(1_000)
    one.carrier.send(PORTS.control, toOther, PORTS.control, Uint8Array.of(1))
    street.run(100)
    expect(there.dropped).toEqual(['control-malformed'])
    expect(there.roundTrips).toEqual([])
  })
})
