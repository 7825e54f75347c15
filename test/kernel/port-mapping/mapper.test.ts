/** A port is kept open: asked for in every way, again before it ends, and given back. */
import { expect, test } from 'vitest'
import type { Result } from '../../../src/events/result.ts'
import { ok, refuse } from '../../../src/events/result.ts'
import type { PortMappingState } from '../../../src/kernel/api/index.ts'
import { type MappingWay, PortMapper } from '../../../src/kernel/port-mapping/mapper.ts'
import type { Grant } from '../../../src/kernel/port-mapping/pcp.ts'
import { natPmpWay, pcpWay, type RouterLine, upnpWay } from '../../../src/kernel/port-mapping/ways.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

const grant = (port: number, lifetimeS = 3_600): Grant => ({
  endpoint: { address: '203.0.113.7', port },
  lifetimeS,
})

const settle = () => new Promise(done => setImmediate(done))

const houseWith = (answers: Partial<Record<MappingWay['kind'], () => Result<Grant, string>>>) => {
  const clock = new VirtualClock()
  const told: PortMappingState[] = []
  const log: string[] = []
  const ways = (['pcp', 'nat-pmp', 'upnp'] as const).map(
    (kind): MappingWay => ({
      kind,
      ask: async (port, before) => {
        log.push(`${kind} ${port} ${before?.endpoint.port ?? '-'}`)
        return answers[kind]?.() ?? refuse('nobody answered')
      },
      giveBack: async (port, granted) => void log.push(`${kind} back ${port} ${granted.endpoint.port}`),
    }),
  )
  const mapper = new PortMapper(clock, ways, 4_000, state => told.push(state))
  const pass = async (ms: number) => {
    const untilMs = clock.monotonicMs() + ms
    do await settle()
    while (clock.step(untilMs))
  }
  return { mapper, told, log, pass, answers }
}

test('one way after the other, and the good one again before the grant ends', async () => {
  const house = houseWith({ upnp: () => ok(grant(5_000)) })
  house.mapper.start()
  await house.pass(0)
  expect(house.log).toEqual(['pcp 4000 -', 'nat-pmp 4000 -', 'upnp 4000 -'])
  expect(house.told).toEqual([{ kind: 'upnp', endpoint: grant(5_000).endpoint }])
  await house.pass(10 * 60_000)
  expect(house.log.slice(3)).toEqual(['upnp 4000 5000'])
  await house.mapper.stop()
  expect(house.log.at(-1)).toBe('upnp back 4000 5000')
  await house.pass(24 * 60 * 60_000)
  expect(house.log).toHaveLength(5)
})

test.each([
  ['a second', 1, 30_000],
  ['136 years', 0xffff_ffff, 600_000],
])('a router that grants %s is asked again in bounds', async (_, lifetimeS, againMs) => {
  const house = houseWith({ pcp: () => ok(grant(5_000, lifetimeS)) })
  house.mapper.start()
  await house.pass(againMs - 1)
  expect(house.log).toHaveLength(1)
  await house.pass(1)
  expect(house.log).toHaveLength(2)
  await house.mapper.stop()
})

test('a router that forgets is told to be gone, and found again when it comes back', async () => {
  const house = houseWith({ pcp: () => ok(grant(5_000)) })
  house.mapper.start()
  await house.pass(0)
  house.answers.pcp = () => refuse('network failure')
  await house.pass(10 * 60_000)
  expect(house.told.at(-1)).toEqual({
    reason: 'pcp: network failure; nat-pmp: nobody answered; upnp: nobody answered',
  })
  house.answers.pcp = () => ok(grant(6_000))
  await house.pass(15 * 60_000)
  expect(house.told.at(-1)).toEqual({ kind: 'pcp', endpoint: grant(6_000).endpoint })
  await house.mapper.stop()
})

test('what is granted while it stops is given back and told to nobody', async () => {
  const house = houseWith({ pcp: () => ok(grant(5_000)) })
  house.mapper.start()
  await house.mapper.stop()
  expect(house.told).toEqual([])
  expect(house.log).toEqual(['pcp 4000 -', 'pcp back 4000 5000'])
})

const lineWith = (over: Partial<RouterLine>): RouterLine => ({
  client: '192.168.1.2',
  question: async () => refuse('nobody answered'),
  tell: async () => {},
  search: async () => [],
  page: async () => undefined,
  order: async () => undefined,
  ...over,
})
const signal = new AbortController().signal

test('a lost mapping is given back by the same nonce with no lifetime', async () => {
  const told: Uint8Array[] = []
  const line = lineWith({ tell: async bytes => void told.push(bytes) })
  await pcpWay(line, new Uint8Array(12).fill(7)).giveBack(4_000, grant(5_000))
  await natPmpWay(line).giveBack(4_000, grant(5_000))
  expect(Buffer.from(told[0]!).readUInt32BE(4)).toBe(0)
  expect(Buffer.from(told[0]!.subarray(24, 36)).toString('hex')).toBe('07'.repeat(12))
  expect(Buffer.from(told[1]!).toString('hex')).toBe('000100000fa0000000000000')
})

const GATEWAY =
  '<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service>'
const FAULTS = { taken: '<errorCode>718</errorCode>', forever: '<errorCode>725</errorCode>' }

test('a gateway whose port is taken gives another; one without leases gives one without end', async () => {
  const orders: string[] = []
  const answers = [FAULTS.taken, FAULTS.forever, '<u:AddPortMappingResponse/>']
  const line = lineWith({
    search: async () => ['http://192.168.1.1/root.xml'],
    page: async () => GATEWAY,
    order: async (_control, action, body) => {
      orders.push(
        `${action} ${/<NewExternalPort>(\d+)/.exec(body)?.[1]} ${/<NewLease\w+>(\d+)/.exec(body)?.[1]}`,
      )
      if (action === 'AddPortMapping') return answers.shift()
      return '<NewExternalIPAddress>203.0.113.7</NewExternalIPAddress>'
    },
  })
  const way = upnpWay(line, () => 6_000)
  expect(await way.ask(4_000, undefined, signal)).toEqual(ok(grant(6_000)))
  await way.giveBack(4_000, grant(6_000))
  expect(orders).toEqual([
    'AddPortMapping 4000 3600',
    'AddPortMapping 6000 3600',
    'AddPortMapping 6000 0',
    'GetExternalIPAddress undefined undefined',
    'DeletePortMapping 6000 undefined',
  ])
})

test('a gateway that never stops refusing is not asked for ever', async () => {
  let orders = 0
  const line = lineWith({
    search: async () => Array.from({ length: 100 }, () => 'http://192.168.1.1/root.xml'),
    page: async () => GATEWAY,
    order: async () => {
      orders += 1
      return orders % 2 === 0 ? FAULTS.forever : FAULTS.taken
    },
  })
  expect(await upnpWay(line, () => 6_000).ask(4_000, undefined, signal)).toEqual(refuse('it refused'))
  expect(orders).toBeLessThan(10)
})
