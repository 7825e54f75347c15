/** One socket, two tenants: what the relay's is never reaches the tunnel, and the other way round. */
import { expect, test } from 'vitest'
import type { DeviceId, UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { RelayDoor } from '../../../src/plugins/transport-ntm/relay-door.ts'
import { Street } from './nodes.ts'

const somewhere: UdpEndpoint = { address: '192.0.2.1', port: 1 }
const identity = 'ab'.repeat(32) as DeviceId

test('frames are told by their first byte, while a relay works here', () => {
  const working: boolean[] = []
  const sent: UdpEndpoint[] = []
  const door = new RelayDoor({
    send: (_, to) => sent.push(to),
    issuer: () => identity,
    onWorking: isWorking => working.push(isWorking),
  })
  const taken = () =>
    Array.from({ length: 256 }, (_, first) => first).filter(first =>
      door.take(Uint8Array.of(first), somewhere),
    )
  expect(taken()).toEqual([])
  const heard: number[] = []
  const stop = door.onFrame(bytes => heard.push(bytes[0]!))
  const frames = Array.from({ length: 16 }, (_, low) => 0x60 + low)
  expect([taken(), heard]).toEqual([frames, frames])
  expect(door.take(new Uint8Array(0), somewhere)).toBe(false)
  door.send(Uint8Array.of(1), somewhere)
  expect([sent, door.issuer()]).toEqual([[somewhere], identity])
  stop()
  expect([taken(), door.isWorking, working]).toEqual([[], false, [true, false]])
})

test('a carrier shows each datagram to the relay first, and the tunnel goes on beside it', async () => {
  const street = new Street()
  const frames: string[] = []
  const [one, other] = await Promise.all([
    street.node('10.0.0.1', {
      onFrame: bytes => bytes[0] === 0x66 && frames.push(Buffer.from(bytes).toString('hex')) > 0,
    }),
    street.node('10.0.0.2'),
  ])
  one.carrier.meet(other.key, { endpoints: [other.at] })
  const toOne = other.carrier.meet(one.key, { endpoints: [one.at] })
  const heard: string[] = []
  one.carrier.bind(7, payload => heard.push(Buffer.from(payload).toString()))
  other.carrier.send(7, toOne, 7, Buffer.from('hello'))
  other.carrier.transmit(Uint8Array.of(0x66, 1, 2), one.at)
  street.run(2_000)
  expect(heard).toEqual(['hello'])
  expect(frames).toEqual(['660102'])
  expect([...one.carrier.dropped]).toEqual([])
})
