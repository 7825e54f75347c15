/**
 * One end of a tunnel between two processes: the carrier that nodes use, on real sockets. One end sends inner
 * packets as fast as the other says that they arrive, so that what is measured is what came out of the tunnel.
 */
import type { TunnelKey } from '../../../src/events/ids.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { deviceKeys, newSeed } from '../../../src/kernel/keys.ts'
import { systemNetwork } from '../../../src/kernel/network-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { Carrier, type Neighbour } from '../../../src/plugins/transport-ntm/carrier.ts'
import { serve } from '../child.ts'
import { noTimestamps } from '../no-timestamps.ts'

const PORT = 40_000
/** An inner packet of 1,200 bytes less its IPv6 and UDP headers. */
const PAYLOAD_BYTES = 1200 - 40 - 8
const CREDIT_EVERY = 32
const WINDOW = 512
/** After so long without a credit what was under way is taken for lost. */
const STALL_MS = 500

const { keys } = deviceKeys(newSeed(systemRandom))
let established = () => {}
const isEstablished = new Promise<void>(done => {
  established = done
})
const carrier = new Carrier({
  ...{ network: systemNetwork(), clock: systemClock, random: systemRandom, keys },
  ...{ timestamps: noTimestamps(), role: 'node' },
  admit: () => ({ endpoints: [] }),
  onEstablished: () => established(),
  onFailed: () => undefined,
})
let received = 0
let credited = 0
let onCredit = () => {}
const port = carrier.bind(PORT, (payload, from) => {
  if (payload.length < PAYLOAD_BYTES) {
    credited = Buffer.from(payload).readUInt32LE(0)
    onCredit()
    return
  }
  received += 1
  if (received % CREDIT_EVERY === 0) credit(from)
})

const credit = (to: Neighbour): void => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(received)
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

const send = async ({ seconds }: { seconds: number }) => {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 1)
  const startedMs = performance.now()
  let [sent, lost] = [0, 0]
  while (performance.now() - startedMs < seconds * 1000) {
    while (sent - lost - credited < WINDOW) {
      port.send(other!, PORT, payload)
      sent += 1
    }
    if ((await creditOrStall()) === 'stall') lost = sent - credited
  }
  return { sent, elapsedMs: performance.now() - startedMs }
}

serve(
  {
    listen: async () => {
      const { port: at } = await carrier.listen({ address: '127.0.0.1', port: 0 })
      return { key: keys.tunnelKey, port: at }
    },
    meet: async ({ key, port: at }: { key: TunnelKey; port: number }) => {
      other = carrier.meet(key, { endpoints: [{ address: '127.0.0.1', port: at }] })
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
