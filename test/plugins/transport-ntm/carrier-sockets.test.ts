/** Two carriers on real sockets: bursts arrive whole, however the kernel takes and hands them over. */
import { createHash, randomBytes } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { systemClock } from '../../../src/kernel/clock.ts'
import { deviceKeys, newSeed } from '../../../src/kernel/keys.ts'
import { systemNetwork } from '../../../src/kernel/network-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { Carrier } from '../../../src/plugins/transport-ntm/carrier.ts'

const PORT = 61_500
const PIECE_BYTES = 256 * 1024
const STREAM_PIECES = 256
const BURST = 150
const BURSTS = 8
/** Some equal ones in a row, some not, some that leave no room for two in a piece. */
const LENGTHS = [1_152, 1_152, 1_152, 1_152, 40, 4, 1_152, 700, 700, 16]

const newCarrier = (offload: boolean, counts: { established: number }) => {
  const { keys } = deviceKeys(newSeed(systemRandom))
  const carrier = new Carrier({
    ...{ network: systemNetwork({ offload }), clock: systemClock, random: systemRandom, keys },
    timestamps: {
      loadSent: () => undefined,
      saveSent: () => undefined,
      loadReceived: () => undefined,
      saveReceived: () => undefined,
    },
    role: 'node',
    admit: () => ({ endpoints: [] }),
    onEstablished: () => {
      counts.established += 1
    },
    onFailed: () => undefined,
  })
  return { carrier, key: keys.tunnelKey }
}

test.each([
  [true, true],
  [true, false],
  [false, true],
  [false, false],
])('offload here %s and there %s', async (here, there) => {
  const counts = { established: 0 }
  const [one, other] = [newCarrier(here, counts), newCarrier(there, { established: 0 })]
  try {
    await one.carrier.listen({ address: '127.0.0.1', port: 0 })
    const at = await other.carrier.listen({ address: '127.0.0.1', port: 0 })
    const heard: string[] = []
    other.carrier.bind(PORT, payload => {
      heard.push(`${Buffer.from(payload).readUInt32LE(0)}:${payload.length}`)
    })
    const to = one.carrier.meet(other.key, { endpoints: [at] })
    one.carrier.renew(to)
    await expect.poll(() => counts.established).toBe(1)
    const sent: string[] = []
    for (let burst = 0; burst < BURSTS; burst += 1) {
      for (let count = 0; count < BURST; count += 1) {
        const payload = Buffer.alloc(LENGTHS[(burst + count) % LENGTHS.length]!)
        payload.writeUInt32LE(sent.length)
        expect(one.carrier.send(PORT, to, PORT, payload).ok).toBe(true)
        sent.push(`${sent.length}:${payload.length}`)
      }
      await new Promise(setImmediate)
    }
    await expect.poll(() => heard.length).toBe(sent.length)
    expect(heard).toEqual(sent)
    expect([...one.carrier.dropped, ...other.carrier.dropped]).toEqual([])
  } finally {
    await Promise.all([one.carrier.close(), other.carrier.close()])
  }
})

test.each([true, false])(
  '64 MiB of a stream arrive byte for byte, offload %s',
  async offload => {
    const counts = { established: 0 }
    const [one, other] = [newCarrier(offload, counts), newCarrier(offload, { established: 0 })]
    try {
      await one.carrier.listen({ address: '127.0.0.1', port: 0 })
      const at = await other.carrier.listen({ address: '127.0.0.1', port: 0 })
      const arrived = createHash('sha256')
      let bytes = 0
      const ended = new Promise<void>((resolve, reject) => {
        other.carrier.stack.streams.listen(PORT, stream => {
          stream.on('data', (chunk: Buffer) => {
            bytes += chunk.length
            arrived.update(chunk)
          })
          stream.on('error', reject).on('end', () => {
            stream.end()
            resolve()
          })
        })
      })
      const to = one.carrier.meet(other.key, { endpoints: [at] })
      one.carrier.renew(to)
      await expect.poll(() => counts.established).toBe(1)
      const stream = await one.carrier.stack.streams.connect(to.address, PORT)
      const sent = createHash('sha256')
      async function* pieces() {
        for (let piece = 0; piece < STREAM_PIECES; piece += 1) {
          // As long as packets may be, and in the middle longer ones.
          if (piece === STREAM_PIECES / 4) one.carrier.setMtu(to, 1_440)
          if (piece === STREAM_PIECES / 2) one.carrier.setMtu(to, 1_200)
          const bytes = randomBytes(PIECE_BYTES - (piece % 7))
          sent.update(bytes)
          yield bytes
        }
      }
      await pipeline(pieces, stream, { end: true })
      await ended
      expect(bytes).toBeGreaterThan(63 * 1024 * 1024)
      expect(arrived.digest('hex')).toBe(sent.digest('hex'))
    } finally {
      await Promise.all([one.carrier.close(), other.carrier.close()])
    }
  },
  60_000,
)
