/**
 * One end of a tunnel between two processes: the carrier that nodes use, on real sockets. One end sends inner
 * packets as fast as the other says that they arrive, so that what is measured is what came out of the tunnel.
 */
import type { TunnelKey } from '../../../src/events/ids.ts'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { deviceKeys, newSeed } from '../../../src/kernel/keys.ts'
import { systemNetwork } from '../../../src/kernel/network-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { Carrier } from '../../../src/plugins/transport-ntm/carrier.ts'
import type { Neighbour } from '../../../src/plugins/transport-ntm/neighbour.ts'
import { serve } from '../child.ts'
import { noTimestamps } from '../no-timestamps.ts'

const PORT = 40_000
/** An inner packet of 1,200 bytes less its IPv6 and UDP headers. */
const PAYLOAD_BYTES = 1200 - 40 - 8
const CREDIT_EVERY = 128
const WINDOW = 1024
/** After so long without a credit what was under way is taken for lost. */
const STALL_MS = 500

const { keys } = deviceKeys(newSeed(systemRandom))
let established = () => {}
const isEstablished = new Promise<void>(done => {
  established = done
})
const carrier = new Carrier({
  ...{
    network: systemNetwork({ offload: process.env.NTM_OFFLOAD !== 'off' }),
    clock: systemClock,
    random: systemRandom,
    keys,
  },
  ...{ timestamps: noTimestamps(), role: 'node' },
  admit: () => ({ endpoints: [] }),
  onEstablished: () => established(),
  onFailed: () => undefined,
})
let received = 0
/** Packets are numbered from 1: what overtook nothing and is not the newest has arrived or is lost. */
let newest = 0
let credited = 0
let onCredit = () => {}

const numberOf = (payload: Uint8Array): number =>
  payload[0]! + payload[1]! * 2 ** 8 + payload[2]! * 2 ** 16 + payload[3]! * 2 ** 24

const port = carrier.bind(PORT, (payload, from) => {
  const number = numberOf(payload)
  if (payload.length < PAYLOAD_BYTES) {
    if (number > credited) credited = number
    onCredit()
    return
  }
  received += 1
  if (number > newest) newest = number
  if (received % CREDIT_EVERY === 0) credit(from)
})

const credit = (to: Neighbour): void => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(newest)
  port.send(to, PORT, bytes)
}

const creditOrStall = (): Promise<'credit' | 'stall'> =>
  new Promise(done => {
    const stall = setTimeout(() => done('stall'), STALL_MS)
    onCredit = () => {
      clearTimeout(stall)
      onCredit = () => {}
      done('credit')
    }
  })

let other: Neighbour | undefined

let sent = 0

const send = async ({ seconds }: { seconds: number }) => {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 1)
  const startedMs = performance.now()
  const before = sent
  while (performance.now() - startedMs < seconds * 1000) {
    while (sent - credited < WINDOW) {
      sent += 1
      payload.writeUInt32LE(sent)
      port.send(other!, PORT, payload)
    }
    if ((await creditOrStall()) === 'stall') credited = sent
  }
  return { sent: sent - before, elapsedMs: performance.now() - startedMs }
}

serve(
  {
    listen: async ({ address = '127.0.0.1' }: { address?: string }) => {
      const at = await carrier.listen({ address, port: 0 })
      return { key: keys.tunnelKey, at }
    },
    meet: async ({ key, at }: { key: TunnelKey; at: UdpEndpoint }) => {
      other = carrier.meet(key, { endpoints: [at] })
      // The first packet opens the tunnel.
      credit(other)
      await isEstablished
    },
    send,
    received: () => received,
    cpu: () => process.cpuUsage(),
  },
  () => carrier.close(),
)
