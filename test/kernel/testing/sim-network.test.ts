/** The simulated network: latency, loss, partitions, gateways and names. */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { type Faults, HARSH, QUIET, SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
import type { Gateway } from '../../../src/kernel/testing/sim-segment.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

async function pair(faults: Faults = QUIET, seed = 1) {
  const clock = new VirtualClock()
  const network = new SimNetwork(clock, new SeededRandom(seed), faults)
  const heard: { at: number; text: string; from: UdpEndpoint }[] = []
  const [a, b] = [network.host('10.0.0.1'), network.host('10.0.0.2')]
  const sender = await a.udp({ address: a.address, port: 0 }, () => undefined)
  const receiver = await b.udp({ address: b.address, port: 0 }, (bytes, from) => {
    heard.push({ at: clock.monotonicMs(), text: Buffer.from(bytes).toString(), from })
  })
  const say = (text: string) => sender.send(Buffer.from(text), receiver.local)
  const run = () => {
    while (clock.step());
  }
  return { clock, network, heard, a, b, sender, receiver, say, run }
}

test('a datagram arrives after the latency, from where it was sent', async () => {
  const { heard, say, run, sender } = await pair()
  say('hi')
  run()
  expect(heard).toEqual([{ at: 1, text: 'hi', from: sender.local }])
})

test('bytes are copied when they are sent', async () => {
  const { heard, sender, receiver, run } = await pair()
  const bytes = Buffer.from('one')
  sender.send(bytes, receiver.local)
  bytes.write('two')
  run()
  expect(heard[0]?.text).toBe('one')
})

test('loss, duplication and reordering come in about the asked shares, the same for one seed', async () => {
  const story = async (seed: number) => {
    const { heard, say, run } = await pair(HARSH, seed)
    for (let at = 0; at < 2000; at += 1) say(String(at))
    run()
    return heard.map(({ text }) => Number(text))
  }
  const heard = await story(5)
  expect(heard).toEqual(await story(5))
  expect(heard).not.toEqual(await story(6))
  const distinct = new Set(heard).size
  expect(distinct).toBeGreaterThan(1300)
  expect(distinct).toBeLessThan(1500)
  expect(heard.length - distinct).toBeGreaterThan(90)
  expect(heard).not.toEqual([...heard].sort((x, y) => x - y))
})

test('a partition cuts both ways until it heals', async () => {
  const { heard, say, run, network } = await pair()
  network.partition(['10.0.0.1'], ['10.0.0.2'])
  say('lost')
  run()
  network.heal()
  say('heard')
  run()
  expect(heard.map(({ text }) => text)).toEqual(['heard'])
})

test('a port in use is refused, a silent host neither hears nor speaks', async () => {
  const { b, receiver, heard, say, run, a } = await pair()
  await expect(b.udp(receiver.local, () => undefined)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  b.silence()
  say('into the void')
  run()
  expect(heard).toEqual([])
  a.silence()
  await expect(b.udp(receiver.local, () => undefined)).resolves.toBeDefined()
})

test('a gateway stands for its host and may refuse what comes in', async () => {
  const { network, receiver, heard, run } = await pair()
  const inner = { address: '192.168.0.5', port: 4000 }
  const outer = { address: '203.0.113.9', port: 777 }
  let opened = false
  const gateway: Gateway = {
    address: outer.address,
    outbound: packet => {
      opened = true
      return { ...packet, from: outer }
    },
    inbound: packet => (opened ? { ...packet, to: inner } : undefined),
  }
  const answers: string[] = []
  const inside = await network
    .host(inner.address, gateway)
    .udp({ address: '0.0.0.0', port: inner.port }, bytes => void answers.push(Buffer.from(bytes).toString()))
  receiver.send(Buffer.from('too early'), outer)
  run()
  inside.send(Buffer.from('hello'), receiver.local)
  run()
  expect(heard.map(({ from }) => from)).toEqual([outer])
  receiver.send(Buffer.from('welcome'), outer)
  run()
  expect(answers).toEqual(['welcome'])
})

test('names are looked up in the tables of the world', async () => {
  const { network, a } = await pair()
  network.names.set('dc.example', ['10.0.0.2'])
  network.txtRecords.set('_ntm.example', ['key=abc'])
  network.srvRecords.set('_ntm._udp.example', [{ host: 'dc.example', port: 1, priority: 0, weight: 0 }])
  expect(await a.addresses('dc.example')).toEqual(['10.0.0.2'])
  expect(await a.addresses('10.0.0.7')).toEqual(['10.0.0.7'])
  expect(await a.addresses('nobody.example')).toEqual([])
  expect(await a.txt('_ntm.example')).toEqual(['key=abc'])
  expect(await a.srv('_ntm._udp.example')).toHaveLength(1)
})
