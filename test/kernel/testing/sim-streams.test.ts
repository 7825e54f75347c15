/** Connections of a simulated network: through gateways, in order, and what happens to them when the network fails. */
import { expect, test } from 'vitest'
import type { DatagramStream, UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { NAT_KINDS } from '../../../src/kernel/testing/nat-kinds.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { SimNat } from '../../../src/kernel/testing/sim-nat.ts'
import { HARSH, SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

const SERVER = { address: '203.0.113.1', port: 443 }
const WAN = '198.51.100.1'

const stage = async () => {
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  const network = new SimNetwork(clock, random.fork(), HARSH)
  const nat = new SimNat(WAN, NAT_KINDS.home, random.fork())
  const client = network.host([
    { address: '192.168.1.2', on: network.core.behind(nat, { latencyMs: 20 }), latencyMs: 1 },
  ])
  const server = network.host([{ address: SERVER.address, latencyMs: 5 }])
  const heard: string[] = []
  const from: UdpEndpoint[] = []
  await server.listenStreams(SERVER, (bytes, source) => {
    heard.push(Buffer.from(bytes).toString())
    from.push(source)
  })
  const run = async (ms: number): Promise<void> => {
    const untilMs = clock.monotonicMs() + ms
    do await new Promise(resolve => setImmediate(resolve))
    while (clock.step(untilMs))
  }
  const answers: string[] = []
  const end = { isClosed: false }
  const dial = async (to = SERVER): Promise<DatagramStream> => {
    let settled: DatagramStream | Error | undefined
    client
      .dial(
        { ...to, isTls: false },
        {
          onDatagram: bytes => void answers.push(Buffer.from(bytes).toString()),
          onClosed: () => void (end.isClosed = true),
        },
      )
      .then(
        stream => void (settled = stream),
        error => void (settled = error),
      )
    while (settled === undefined) await run(10)
    if (settled instanceof Error) throw settled
    return settled
  }
  return { clock, network, nat, client, server, heard, from, run, answers, end, dial }
}

test('all arrives, in order, both ways, although no datagram would', async () => {
  const { nat, heard, from, run, answers, dial, clock } = await stage()
  nat.block()
  const stream = await dial()
  const texts = Array.from({ length: 200 }, (_, at) => String(at))
  const startMs = clock.monotonicMs()
  for (const text of texts) stream.send(Buffer.from(text), SERVER)
  await run(26)
  expect(clock.monotonicMs() - startMs).toBe(26)
  expect(heard).toEqual(texts)
  expect(from[0]).toMatchObject({ address: WAN })
  for (const text of heard) from[0]!.via!.send(Buffer.from(text), from[0]!)
  await run(30)
  expect(answers).toEqual(texts)
})

test('nobody answers where nobody listens', async () => {
  const { dial } = await stage()
  await expect(dial({ ...SERVER, port: 444 })).rejects.toThrow('nobody answers at 203.0.113.1:444')
})

test.each([
  ['a cut', ({ network, nat, server }: Stage) => void network.cut(nat, server)],
  ['a move', ({ client }: Stage) => client.move([{ address: '198.51.100.9' }])],
  ['a server without power', ({ server }: Stage) => server.silence()],
])('%s ends a connection, and the client is told in the end', async (_what, happen) => {
  const made = await stage()
  const stream = await made.dial()
  happen(made)
  stream.send(Buffer.from('lost'), SERVER)
  await made.run(20_000)
  expect(made.heard).toEqual([])
  expect(made.end.isClosed).toBe(true)
})

type Stage = Awaited<ReturnType<typeof stage>>
