/** The transport in memory keeps the transport contract, and the contract notices transports that do not. */
import { expect, test } from 'vitest'
import type { PersonId } from '../../../src/events/ids.ts'
import type { PeerCard } from '../../../src/kernel/api/index.ts'
import { MemoryHub, type MemoryTransport } from '../../../src/kernel/testing/memory-transport.ts'
import { TRANSPORT_CHECKS, type TransportPair } from '../../../src/kernel/testing/transport-checks.ts'
import { transportContract } from '../../../src/kernel/testing/transport-contract.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { deviceOf, tunnelKeyOf } from '../../support/sealing.ts'
import { settle } from '../support/house.ts'

const cardOf = (number: number): PeerCard => ({
  device: deviceOf(number).device,
  tunnelKey: tunnelKeyOf(number),
  person: 'f'.repeat(64) as PersonId,
  name: `peer${number}.example`,
})

function pairOn(clock = new VirtualClock()): TransportPair & { hub: MemoryHub; one: MemoryTransport } {
  const hub = new MemoryHub(clock)
  const [oneCard, otherCard, strangerCard] = [cardOf(1), cardOf(2), cardOf(3)]
  return {
    hub,
    one: hub.join(oneCard.device),
    other: hub.join(otherCard.device),
    oneCard,
    otherCard,
    strangerCard,
    until: async promise => {
      let isDone = false
      const done = (): void => void (isDone = true)
      promise.then(done, done)
      for (await settle(); !isDone; await settle()) clock.step()
      return promise
    },
    settle: async () => {
      for (await settle(); clock.step(); await settle());
    },
    dispose: async () => undefined,
  }
}

transportContract('the transport in memory', async () => pairOn())

test('a path that is cut is told and carries nothing until it is mended', async () => {
  const pair = pairOn()
  const { one, other, oneCard, otherCard, hub } = pair
  await one.reach(otherCard)
  const told: boolean[] = []
  one.link$.subscribe(({ up }) => told.push(up))
  hub.cut(oneCard.device, otherCard.device)
  expect(one.datagram.send(otherCard.device, 1, new Uint8Array(1))).toBe(false)
  expect(await one.reach(otherCard)).toMatchObject({ up: false })
  hub.mend(oneCard.device, otherCard.device)
  await other.reach(oneCard)
  expect(told).toEqual([false, true])
})

test.each<[string, (transport: MemoryTransport) => void, RegExp]>([
  [
    'bytes that are not copied',
    t => void Object.assign(t.datagram, { send: lazySend(t) }),
    /use its bytes again/,
  ],
  [
    'a send that always claims success',
    t => void Object.assign(t.datagram, { send: () => true }),
    /without a path/,
  ],
  ['a reach without a reason', t => void (t.reach = async () => ({ up: false })), /reason|arrives|path/],
])('the contract notices %s', async (_what, spoil, expected) => {
  const failed: string[] = []
  for (const { name, run } of TRANSPORT_CHECKS) {
    const pair = pairOn()
    spoil(pair.one)
    await run(pair).catch(() => failed.push(name))
  }
  expect(failed.join()).toMatch(expected)
})

/** Sends what the bytes say later, not what they said. */
const lazySend = (transport: MemoryTransport) => {
  const send = transport.datagram.send
  return (...[to, port, bytes]: Parameters<typeof send>): boolean => {
    queueMicrotask(() => send(to, port, bytes))
    return true
  }
}
