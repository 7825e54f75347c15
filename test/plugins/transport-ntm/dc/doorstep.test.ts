/** Words from where a node has not shown to be wait until it has, a few of them, and those from elsewhere are forgotten. */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { Doorstep } from '../../../../src/plugins/transport-ntm/dc/doorstep.ts'
import { Street } from '../nodes.ts'

const ELSEWHERE: UdpEndpoint = { address: '192.0.2.9', port: 9 }
const THERE: UdpEndpoint = { address: '192.0.2.10', port: 9 }
const word = (byte: number): Uint8Array => Uint8Array.of(byte)

const met = async () => {
  const street = new Street()
  const [one, , toOther] = await street.pair()
  one.carrier.renew(toOther)
  street.run(1_000)
  const prove = (at: UdpEndpoint): void => one.carrier.tunnel.setEndpoint(toOther.peer, at)
  return { neighbour: toOther, at: toOther.peer.endpoint!, prove, doorstep: new Doorstep() }
}

test('what comes from where a node is passes', async () => {
  const { doorstep, neighbour, at } = await met()
  expect(doorstep.passes(neighbour, { ...at }, word(1))).toBe(true)
  expect(doorstep.admit(neighbour)).toEqual([])
})

test('what comes from elsewhere waits, as a copy, until the node has shown to be there', async () => {
  const { doorstep, neighbour, prove } = await met()
  const bytes = word(1)
  expect(doorstep.passes(neighbour, ELSEWHERE, bytes)).toBe(false)
  bytes[0] = 7
  for (let count = 2; count < 20; count += 1)
    expect(doorstep.passes(neighbour, ELSEWHERE, word(count))).toBe(false)
  prove(ELSEWHERE)
  expect(doorstep.admit(neighbour)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(word))
  expect(doorstep.admit(neighbour)).toEqual([])
})

test('what came from another place than the one that was proved is forgotten', async () => {
  const { doorstep, neighbour, prove } = await met()
  doorstep.passes(neighbour, ELSEWHERE, word(1))
  prove(THERE)
  expect(doorstep.admit(neighbour)).toEqual([])
  doorstep.passes(neighbour, ELSEWHERE, word(2))
  doorstep.passes(neighbour, { ...ELSEWHERE, port: 10 }, word(3))
  prove(ELSEWHERE)
  expect(doorstep.admit(neighbour)).toEqual([])
})
