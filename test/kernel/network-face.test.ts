/** A TUN device as a plugin has it: its receiver is fenced, and the device goes when the plugin has left. */
import { expect, test } from 'vitest'
import { ChatError, type Network, type TunDevice } from '../../src/kernel/api/index.ts'
import { Fence } from '../../src/kernel/fence.ts'
import { NetworkFace } from '../../src/kernel/network-face.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'

const ASKED = { name: 'ntm%d', mtuBytes: 1_440 }
const gone = (): ChatError => new ChatError('BUG', 'the plugin has left')

const stage = (hasTun = true) => {
  const made = { closed: 0, hear: (_packet: Uint8Array): void => undefined }
  const device = { name: 'ntm0', close: async () => void made.closed++ } as unknown as TunDevice
  const tun: NonNullable<Network['tun']> = async (_asked, receive) => {
    made.hear = receive
    return device
  }
  const fence = new Fence(new VirtualClock(), () => undefined)
  const face = new NetworkFace((hasTun ? { tun } : {}) as Network, fence, gone)
  return { made, fence, face }
}

test('a packet that a plugin throws at is counted and stays inside', async () => {
  const { made, fence, face } = stage()
  await face.network.tun!(ASKED, () => {
    throw new Error('on purpose')
  })
  made.hear(new Uint8Array(1))
  expect(fence.failures).toBe(1)
})

test('a device is closed when its plugin has left, and none is made afterwards', async () => {
  const { made, face } = stage()
  await face.network.tun!(ASKED, () => undefined)
  await face.end()
  expect(made.closed).toBe(1)
  await expect(face.network.tun!(ASKED, () => undefined)).rejects.toThrow('left')
})

test('a device that was closed is not closed again', async () => {
  const { made, face } = stage()
  await (await face.network.tun!(ASKED, () => undefined)).close()
  await face.end()
  expect(made.closed).toBe(1)
})

test('where there is none the face has none', () => {
  expect(stage(false).face.network.tun).toBe(undefined)
})
