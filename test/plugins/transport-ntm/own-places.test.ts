/** Where a process is reached: what was said, else what its sockets and its host have. */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { type Advertised, OwnPlaces } from '../../../src/plugins/transport-ntm/own-places.ts'

const house = (locals: readonly UdpEndpoint[], advertise: readonly Advertised[] = []) => {
  const clock = new VirtualClock()
  const hosts = { own: ['192.0.2.5', '2001:db8::5'], named: new Map<string, readonly string[]>() }
  const told: (readonly UdpEndpoint[])[] = []
  const network = {
    localAddresses: () => hosts.own,
    addresses: async (host: string) => hosts.named.get(host) ?? (/[:\d]$/.test(host) ? [host] : []),
  }
  const places = new OwnPlaces({
    ...{ clock, network, advertise, locals: () => locals },
    onChanged: endpoints => told.push(endpoints),
  })
  const later = async (): Promise<void> => {
    const untilMs = clock.monotonicMs() + 60_000
    while (clock.step(untilMs)) for (let tick = 0; tick < 20; tick += 1) await Promise.resolve()
  }
  return { places, hosts, told, later }
}
const textOf = (endpoints: readonly UdpEndpoint[]) =>
  endpoints.map(({ address, port }) => `${address}|${port}`)

describe('the places of a process', () => {
  const cases: readonly [what: string, locals: readonly UdpEndpoint[], Advertised[], string[]][] = [
    ['are where it listens', [{ address: '10.0.0.1', port: 5 }], [], ['10.0.0.1|5']],
    [
      'are the host’s addresses of the family that it listens on',
      [{ address: '0.0.0.0', port: 5 }],
      [],
      ['192.0.2.5|5'],
    ],
    [
      'are those of both, for two sockets',
      [
        { address: '0.0.0.0', port: 5 },
        { address: '::', port: 6 },
      ],
      [],
      ['192.0.2.5|5', '2001:db8::5|6'],
    ],
    [
      'are what its operator says and nothing else',
      [{ address: '0.0.0.0', port: 5 }],
      [
        { host: '198.51.100.1', port: 7 },
        { host: '2001:db8::1', port: 8 },
      ],
      ['198.51.100.1|7', '2001:db8::1|8'],
    ],
    [
      'are written in one way, and once',
      [{ address: '0.0.0.0', port: 5 }],
      [
        { host: '::ffff:198.51.100.1', port: 7 },
        { host: '198.51.100.1', port: 7 },
      ],
      ['198.51.100.1|7'],
    ],
    [
      'are four at most',
      [],
      Array.from({ length: 6 }, (_, n) => ({ host: `198.51.100.${n + 1}`, port: 7 })),
      [1, 2, 3, 4].map(n => `198.51.100.${n}|7`),
    ],
    ['are none where nobody knows any', [], [{ host: 'nowhere.example.', port: 7 }], []],
  ]
  test.each(cases)('%s', async (_, locals, advertise, expected) => {
    const { places } = house(locals, advertise)
    await places.start()
    expect(textOf(places.endpoints)).toEqual(expected)
    places.stop()
  })

  test('follow the host when its addresses change, and say so only then', async () => {
    const { places, hosts, told, later } = house([{ address: '0.0.0.0', port: 5 }])
    await places.start()
    const first = places.endpoints
    await later()
    expect(places.endpoints).toBe(first)
    expect(told).toHaveLength(1)
    hosts.own = ['192.0.2.6']
    await later()
    expect(told.map(textOf)).toEqual([['192.0.2.5|5'], ['192.0.2.6|5']])
    places.stop()
    hosts.own = ['192.0.2.7']
    await later()
    expect(told).toHaveLength(2)
  })

  test.each([
    ['is no place beside a public one', ['172.17.0.1', '192.0.2.5', 'fd00::5'], ['192.0.2.5|5', 'fd00::5|6']],
    ['is one where there is no other', ['192.168.1.5', '2001:db8::5'], ['192.168.1.5|5', '2001:db8::5|6']],
  ])('a private address %s of its family', async (_, own, expected) => {
    const { places, hosts } = house([
      { address: '0.0.0.0', port: 5 },
      { address: '::', port: 6 },
    ])
    hosts.own = own
    await places.start()
    expect(textOf(places.endpoints)).toEqual(expected)
    places.stop()
  })

  test('are private where somebody says so', async () => {
    const bound = house([{ address: '10.0.0.1', port: 5 }], [])
    await bound.places.start()
    const said = house([{ address: '0.0.0.0', port: 5 }], [{ host: '10.0.0.2', port: 7 }])
    await said.places.start()
    expect([bound, said].map(({ places }) => textOf(places.endpoints))).toEqual([
      ['10.0.0.1|5'],
      ['10.0.0.2|7'],
    ])
    for (const { places } of [bound, said]) places.stop()
  })

  test('stay what they were while the name server is silent', async () => {
    const { places, hosts, later } = house([], [{ host: 'rs.example.', port: 7 }])
    hosts.named.set('rs.example.', ['198.51.100.1'])
    await places.start()
    hosts.named.set('rs.example.', [])
    await later()
    expect(textOf(places.endpoints)).toEqual(['198.51.100.1|7'])
    hosts.named.set('rs.example.', ['198.51.100.2'])
    await later()
    expect(textOf(places.endpoints)).toEqual(['198.51.100.2|7'])
    places.stop()
  })
})
