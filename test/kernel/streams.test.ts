/** Streams of all transports as one, and as one plugin sees them: who listens, who is found, and what ends when it leaves. */
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { DeviceId, PersonId, TunnelKey } from '../../src/events/ids.ts'
import { Streams } from '../../src/kernel/api/index.ts'
import { StreamSwitch } from '../../src/kernel/stream-switch.ts'
import { MemoryHub } from '../../src/kernel/testing/memory-transport.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { houseOf, plugin, settle, shared } from '../support/house.ts'

const [ALICE, BOB] = ['a'.repeat(64), 'b'.repeat(64)] as DeviceId[] as [DeviceId, DeviceId]
const PORT = 61_005
const cardOf = (device: DeviceId) => ({
  device,
  ...{ tunnelKey: device as string as TunnelKey, person: device as string as PersonId, name: 'x.example' },
})

/** A house whose transport meets others at the hub, with a plugin that was given the streams. */
async function houseAt(hub: MemoryHub, device: DeviceId) {
  let given: Streams | undefined
  const transport = hub.join(device)
  const user = plugin('com.example.user', {
    needs: { streams: Streams },
    setup: ({ streams }) => {
      given = streams as Streams
      return { contributes: {} }
    },
  })
  const house = await houseOf(
    [user, plugin('com.example.transport', { contributes: { transport: [transport] } })],
    {
      services: live => [shared(Streams, new StreamSwitch(live))],
    },
  )
  return { house, transport, streams: given! }
}

async function pair() {
  const hub = new MemoryHub(new VirtualClock())
  const [alice, bob] = [await houseAt(hub, ALICE), await houseAt(hub, BOB)]
  return { hub, alice, bob }
}

describe('streams', () => {
  it('reach whoever listens, by the transport that has a path', async () => {
    const { alice, bob } = await pair()
    const heard: [DeviceId, string][] = []
    bob.streams.listen(PORT, (from, stream) => stream.on('data', bytes => heard.push([from, String(bytes)])))
    await expect(alice.streams.connect(BOB, PORT)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    await alice.transport.reach(cardOf(BOB))
    const stream = await alice.streams.connect(BOB, PORT)
    stream.write('hello')
    await settle()
    expect(heard).toEqual([[ALICE, 'hello']])
    await expect(alice.streams.connect(BOB, PORT + 1)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    expect(alice.house.health.plugins().every(({ state }) => state === 'running')).toBe(true)
    await Promise.all([alice.house.stop(), bob.house.stop()])
  })

  it('have one listener a port', async () => {
    const { alice, bob } = await pair()
    const stop = alice.streams.listen(PORT, () => {})
    expect(() => alice.streams.listen(PORT, () => {})).toThrow('has a listener')
    stop()
    stop()
    alice.streams.listen(PORT, () => {})
    await Promise.all([alice.house.stop(), bob.house.stop()])
  })

  it('end with the plugin that has them', async () => {
    const { alice, bob } = await pair()
    const accepted: Duplex[] = []
    bob.streams.listen(PORT, (_, stream) => void accepted.push(stream))
    await alice.transport.reach(cardOf(BOB))
    const stream = await alice.streams.connect(BOB, PORT)
    stream.on('error', () => undefined)
    await bob.house.stop()
    await settle()
    expect([stream.destroyed, accepted[0]?.destroyed]).toEqual([true, true])
    await expect(alice.streams.connect(BOB, PORT)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
    await expect(bob.streams.connect(ALICE, PORT)).rejects.toMatchObject({ code: 'PLUGIN_FAILED' })
    expect(() => bob.streams.listen(PORT, () => {})).toThrow('withdrawn')
    await alice.house.stop()
  })

  it('count what a listener throws against its plugin', async () => {
    const { alice, bob } = await pair()
    bob.streams.listen(PORT, () => {
      throw new Error('no')
    })
    await alice.transport.reach(cardOf(BOB))
    for (let times = 0; times < 5; times += 1)
      (await alice.streams.connect(BOB, PORT)).on('error', () => undefined)
    await settle()
    const { state, reason } = bob.house.health.plugins().find(({ id }) => id === 'com.example.user')!
    expect(state).toBe('quarantined')
    expect(reason).toContain('Streams.listen')
    await Promise.all([alice.house.stop(), bob.house.stop()])
  })
})
