/** Both plugins in one house: a relay on somebody's socket, a client on somebody else's, and nothing left behind. */
import { describe, expect, test } from 'vitest'
import { type Outlet, provide, RelayHost, Relays, type UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { ClientLine } from '../../../src/kernel/client-line.ts'
import { standIns } from '../../../src/kernel/testing/stand-ins.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { relay } from '../../../src/plugins/relay/plugin.ts'
import { relayServer } from '../../../src/plugins/relay/server/plugin.ts'
import { houseOf, plugin, shared, statesOf } from '../../support/house.ts'
import { relayKeys } from './relay-world.ts'

const HERE: UdpEndpoint = { address: '192.0.2.1', port: 3_478 }

/** Sockets without a network: what one sends the other has received. */
const wired = () => {
  let serve: ((bytes: Uint8Array, from: UdpEndpoint) => void) | undefined
  let receive: (bytes: Uint8Array, from: UdpEndpoint) => void = () => undefined
  const host: RelayHost = {
    send: bytes => receive(new Uint8Array(bytes), HERE),
    onFrame: taken => {
      serve = taken
      return () => {
        serve = undefined
      }
    },
    issuer: () => undefined,
  }
  const outlet: Outlet = {
    send: bytes => serve?.(new Uint8Array(bytes), { address: '198.51.100.1', port: 4_000 }),
  }
  const hear = (taken: typeof receive): void => {
    receive = taken
  }
  return { host, outlet, hear, isServing: () => serve !== undefined }
}

const houseWith = async (wires: ReturnType<typeof wired>, config: unknown = {}) => {
  const clock = new VirtualClock()
  let relays: Relays | undefined
  const given = standIns().filter(([{ id }]) => ['ntm.keys', 'ntm.random'].includes(id))
  const house = await houseOf(
    [
      plugin('test.host', {
        provides: [RelayHost.id],
        contributes: { service: [provide(RelayHost, wires.host)] },
      }),
      relay,
      relayServer,
      plugin('test.user', {
        needs: { relays: Relays },
        setup: given => {
          relays = given.relays as Relays
          return { contributes: {} }
        },
      }),
    ],
    {
      clock,
      services: () => given.map(([token, value]) => shared(token, value)),
      config: { plugins: { 'ntm.relay-server': { config } } },
    },
  )
  return { house, clock, relays: relays! }
}

describe('the plugins of relays', () => {
  test('meet over what their hosts send', async () => {
    const wires = wired()
    const { house, clock, relays } = await houseWith(wires)
    const client = relays.client(wires.outlet)
    wires.hear((bytes, from) => client.receive(bytes, from))
    client.follow([{ relay: relayKeys.tunnelKey, endpoints: [HERE] }])
    expect(client.measurements()[0]!.rttMs).toBe(0)
    expect(await house.call('relay.stats', {}, new ClientLine())).toMatchObject({
      slots: 0,
      pairs: 0,
      probes: 1,
    })
    expect(await house.stop()).toEqual([])
    expect([wires.isServing(), clock.nextAtMs()]).toEqual([false, undefined])
  })

  test('take no config that is not theirs', async () => {
    const { house } = await houseWith(wired(), { slotsMax: 1 })
    expect(statesOf(house)).toMatchObject({ 'ntm.relay': 'running', 'ntm.relay-server': 'refused' })
    await house.stop()
  })
})
