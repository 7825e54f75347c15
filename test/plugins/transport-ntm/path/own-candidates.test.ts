/** Where this node may be reached, and what its NAT is taken for by what servers see. */
import { describe, expect, test } from 'vitest'
import type { UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import type { Carrier } from '../../../../src/plugins/transport-ntm/carrier.ts'
import type { NatKind } from '../../../../src/plugins/transport-ntm/path/control.ts'
import { OwnCandidates } from '../../../../src/plugins/transport-ntm/path/own-candidates.ts'

const at = (place: string): UdpEndpoint => {
  const cut = place.lastIndexOf(':')
  return { address: place.slice(0, cut), port: Number(place.slice(cut + 1)) }
}
const HOSTS = ['192.168.1.2', '2001:db8::2']
const LOCALS = [
  { address: '0.0.0.0', port: 51_820 },
  { address: '::', port: 51_820 },
]
const ownOf = (hosts: readonly string[] = HOSTS, views: readonly (readonly [string, string])[] = []) => {
  const own = new OwnCandidates({ locals: LOCALS } as unknown as Carrier, { localAddresses: () => hosts })
  for (const [server, observed] of views) own.seen('relay', server, at(observed))
  return own
}

describe('the kind of NAT', () => {
  const rows: readonly (readonly [
    NatKind,
    string,
    views: readonly (readonly [string, string])[],
    hosts?: string[],
  ])[] = [
    ['unknown', 'nobody has looked', []],
    ['unknown', 'one server', [['dc', '198.51.100.1:40000']]],
    [
      'unknown',
      'one server, twice',
      [
        ['dc', '198.51.100.1:40000'],
        ['dc', '198.51.100.1:40001'],
      ],
    ],
    [
      'unknown',
      'one of two over IPv6',
      [
        ['dc', '198.51.100.1:40000'],
        ['rs', '2001:db8::2:51820'],
      ],
    ],
    [
      'easy',
      'two servers see one port',
      [
        ['dc', '198.51.100.1:40000'],
        ['rs', '198.51.100.1:40000'],
      ],
    ],
    [
      'hard',
      'two servers see two',
      [
        ['dc', '198.51.100.1:40000'],
        ['rs', '198.51.100.1:40001'],
      ],
    ],
    ['open', 'one server sees the host itself', [['dc', '198.51.100.1:51820']], ['198.51.100.1']],
    [
      'easy',
      'one of two servers is on the same network',
      [
        ['dc', '192.168.1.2:51820'],
        ['rs', '198.51.100.1:51820'],
      ],
    ],
    [
      'hard',
      'a third sees another port',
      [
        ['a', '198.51.100.1:7'],
        ['b', '198.51.100.1:7'],
        ['c', '198.51.100.1:8'],
      ],
    ],
    [
      'unknown',
      'IPv6 only',
      [
        ['dc', '2001:db8::2:51820'],
        ['rs', '2001:db8::2:51820'],
      ],
    ],
  ]
  const whole = rows.map(([kind, what, views, hosts = HOSTS]) => [kind, what, views, hosts] as const)
  test.each(whole)('%s: %s', (kind, _, views, hosts) => {
    expect(ownOf(hosts, views).nat).toBe(kind)
  })

  test('is not known any more after a move', () => {
    const own = ownOf(HOSTS, [
      ['dc', '198.51.100.1:7'],
      ['rs', '198.51.100.1:8'],
    ])
    own.forgetViews()
    expect([own.nat, own.publicAddresses, own.views]).toEqual(['unknown', [], []])
  })
})

describe('candidates', () => {
  const places = (own: OwnCandidates) =>
    own.list().map(({ kind, endpoint }) => `${kind} ${endpoint.address}:${endpoint.port}`)

  test('are the mapped ones, those seen, the newest first, and the host’s own, none twice', () => {
    const own = ownOf(HOSTS, [
      ['dc', '198.51.100.1:40000'],
      ['rs', '198.51.100.1:40001'],
      ['rs 2', '198.51.100.1:40000'],
      ['dc 6', '2001:db8::2:51820'],
    ])
    own.map([at('198.51.100.1:4500'), at('198.51.100.1:40001')])
    expect(places(own)).toEqual([
      'mapped 198.51.100.1:4500',
      'mapped 198.51.100.1:40001',
      'reflexive 2001:db8::2:51820',
      'reflexive 198.51.100.1:40000',
      'host 192.168.1.2:51820',
    ])
  })

  test('are sixteen at most, and of views 32 are kept', () => {
    const own = ownOf(
      HOSTS,
      Array.from({ length: 50 }, (_, n) => [`${n}`, `198.51.100.1:${1_000 + n}`]),
    )
    expect(own.list()).toHaveLength(16)
    expect(places(own)[0]).toBe('reflexive 198.51.100.1:1049')
    expect(own.views).toHaveLength(32)
    expect(own.views[0]).toEqual({ server: '18', observed: at('198.51.100.1:1018') })
  })

  test('a view is news when it is the first of a server, or another than before', () => {
    const own = ownOf()
    const news = ['198.51.100.1:7', '198.51.100.1:7', '198.51.100.1:8', '198.51.100.2:8'].map(place =>
      own.seen('coordinator', 'dc', at(place)),
    )
    expect(news).toEqual([true, false, true, true])
    expect(own.publicAddresses).toEqual(['198.51.100.2'])
  })
})

test('a coordinator and a relay at one place are one view', () => {
  const own = ownOf(HOSTS, [['one:4500', '198.51.100.1:40000']])
  own.seen('coordinator', 'one:4500', at('198.51.100.1:40000'))
  expect(own.views).toEqual([{ server: 'one:4500', observed: at('198.51.100.1:40000') }])
})
