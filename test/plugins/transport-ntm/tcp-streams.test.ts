/** Streams to devices: what needs a path, and whose a stream is that comes. */
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { DeviceId } from '../../../src/events/ids.ts'
import type { OnStream } from '../../../src/plugins/transport-ntm/net/stream.ts'
import { TcpStreams } from '../../../src/plugins/transport-ntm/tcp-streams.ts'

const DEVICE = 'aa'.repeat(32) as DeviceId
const [KNOWN, STRANGE] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)]

const scene = (isUp: boolean) => {
  const neighbour = { address: KNOWN, key: 'bb' }
  let accept: OnStream | undefined
  const connected: unknown[] = []
  const streams = {
    connect: async (...asked: unknown[]) => {
      connected.push(asked)
      return new Duplex()
    },
    listen: (_: number, onStream: OnStream) => {
      accept = onStream
      return () => {
        accept = undefined
      }
    },
  }
  const parts = {
    carrier: {
      stack: { streams },
      neighbourAt: (address: Uint8Array) => (address === KNOWN ? neighbour : undefined),
    },
    links: { open: () => (isUp ? neighbour : undefined) },
    people: { cardOfTunnelKey: (key: string) => (key === 'bb' ? { device: DEVICE } : undefined) },
  }
  const made = new TcpStreams(parts as unknown as ConstructorParameters<typeof TcpStreams>[0])
  return { streams: made, connected, come: (from: Uint8Array, stream: Duplex) => accept?.(stream, from) }
}

test('without a path there is no connection', async () => {
  const { streams, connected } = scene(false)
  await expect(streams.connect(DEVICE, 7)).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  expect(connected).toEqual([])
})

test('with one the device is called at its virtual address', async () => {
  const { streams, connected } = scene(true)
  await streams.connect(DEVICE, 7)
  expect(connected).toEqual([[KNOWN, 7]])
})

test('a stream that comes is the device’s whose address it bears, and nobody’s is broken off', () => {
  const { streams, come } = scene(true)
  const heard: DeviceId[] = []
  const stop = streams.listen(7, from => heard.push(from))
  const [known, strange, late] = [new Duplex(), new Duplex(), new Duplex()]
  come(KNOWN, known)
  come(STRANGE, strange)
  expect(heard).toEqual([DEVICE])
  expect([known.destroyed, strange.destroyed]).toEqual([false, true])
  stop()
  come(KNOWN, late)
  expect(heard).toEqual([DEVICE])
})

test('when the node ends, so does all listening', () => {
  const { streams, come } = scene(true)
  const heard: DeviceId[] = []
  streams.listen(7, from => heard.push(from))
  streams.close()
  come(KNOWN, new Duplex())
  expect(heard).toEqual([])
})
