/** What the doctor says of each condition: one row a branch, and nothing beside it. */
import { describe, expect, test } from 'vitest'
import {
  type Condition,
  type Finding,
  findingsOf,
} from '../../../../src/plugins/transport-ntm/doctor/findings.ts'

const DC = '203.0.113.1:4500'
const RELAY = {
  ...{ relay: 'ab', endpoint: '203.0.113.10:4500', rttMs: 12.34, observed: '198.51.100.2:40000' },
  isRefusing: false,
}
const OTHER = { ...RELAY, relay: 'cd', endpoint: '203.0.113.11:4500', rttMs: 30 }
const HOST = { kind: 'host', endpoint: '192.168.1.2:51820' } as const
const HOST6 = { kind: 'host', endpoint: '[2001:db8::2]:51820' } as const
const VIEW = { server: DC, observed: '198.51.100.2:40000' }
const up = { state: 'up', address: DC, rttMs: 20, refusal: null } as const
const down = { ...up, state: 'registering', rttMs: null } as const
const OFF = { state: 'off', endpoint: null, reason: null } as const
const settings = { relays: true, relayOnly: false, punch: true }

/** A home behind an ordinary router, with everything that one could wish. */
const WELL: Condition = {
  dc: up,
  nat: { kind: 'easy', views: [VIEW, { ...VIEW, server: RELAY.endpoint }] },
  candidates: [{ kind: 'reflexive', endpoint: VIEW.observed }, HOST, HOST6],
  portMapping: OFF,
  relays: [RELAY],
  isOverTcp: false,
  isUdpBlocked: false,
  mtu: 1_152,
  peers: { direct: 2, relay: 0, down: 1 },
  settings,
}
const ALL_WELL = [
  `ok: The DC at ${DC} answers.`,
  'ok: The NAT keeps one port for this node: direct paths should open.',
  'ok: The nearest relay is 12.3 ms away.',
  'ok: This machine has a public IPv6 address.',
]
const isAbout = (words: string) => (line: string) => line.includes(words)
const without = (...words: readonly string[]) =>
  ALL_WELL.filter(line => !words.some(each => isAbout(each)(line)))
const said = ({ level, what, do: advice }: Finding) => `${level}: ${what}${advice === '' ? '' : ` ${advice}`}`

const hard = { ...WELL.nat, kind: 'hard' } as const
const unknown = { kind: 'unknown', views: [VIEW] } as const
const noIpv6 = WELL.candidates.filter(each => each !== HOST6)
const relayOnly = { ...settings, relayOnly: true }
const hardSays = (why: string) =>
  `warn: The NAT gives every flow another port, and the router maps none${why}. Switch on PCP, NAT-PMP or UPnP in the router, or forward UDP port 51820 to this machine.`
const noIpv6Says =
  'warn: This machine has no public IPv6 address, which would need no luck with NATs. Ask your provider for IPv6, or switch it on in the router.'
const DOWN = { dc: down, relays: [], nat: { kind: 'unknown', views: [] } } as const
const SILENT = { ...RELAY, rttMs: null, observed: null }

const rows: readonly (readonly [string, Partial<Condition>, readonly string[]])[] = [
  ['all is well', {}, ALL_WELL],
  [
    'no DC is set',
    { dc: { state: 'none', address: null, rttMs: null, refusal: null }, relays: [] },
    [
      'warn: No DC is set for this home: only people reached before are found. Put its join string under `dc` of ntm.transport in config.json.',
      ...without('DC at', 'relay'),
    ],
  ],
  [
    'the DC refuses',
    { ...DOWN, dc: { ...down, refusal: { message: 'the DC does not let a in', hint: 'ask the operator' } } },
    ['bad: The DC does not let a in. Ask the operator.', ...without('DC', 'NAT', 'relay')],
  ],
  [
    'no network',
    { ...DOWN, candidates: [] },
    ['bad: This machine has no network address. Connect it to a network.'],
  ],
  [
    'the DC is down and relays are not',
    { dc: down },
    [
      `bad: The DC at ${DC} does not answer, though relays do. Ask its operator whether it runs; who was reached before is found without it.`,
      ...without('DC at'),
    ],
  ],
  [
    'the DC has fallen silent since it registered us',
    { dc: { ...up, rttMs: null } },
    [
      `bad: The DC at ${DC} does not answer, though relays do. Ask its operator whether it runs; who was reached before is found without it.`,
      ...without('DC at'),
    ],
  ],
  [
    'nothing answers',
    { ...DOWN, relays: [SILENT] },
    [
      `bad: Neither the DC at ${DC} nor any relay answers. See whether this network leads to the Internet and lets UDP out, or TCP to port 443.`,
      ...without('DC', 'NAT', 'relay'),
    ],
  ],
  [
    'a server is spoken to through TCP, and UDP is being asked',
    { isOverTcp: true },
    [
      'warn: A server that did not answer by UDP is spoken to through TCP. Look again in a few seconds: UDP is being asked.',
      ...ALL_WELL,
    ],
  ],
  [
    'UDP was asked in vain',
    { isOverTcp: true, isUdpBlocked: true },
    [
      'warn: No answer comes by UDP: servers are spoken to through TCP, and peers are met by a relay only. Let this network’s firewall pass UDP, or try another network.',
      ...ALL_WELL,
    ],
  ],
  [
    'the DC is down and no relay is known',
    DOWN,
    [
      `bad: The DC at ${DC} does not answer. Check its address, whether it runs, and whether this network lets UDP out.`,
      ...without('DC', 'NAT', 'relay'),
    ],
  ],
  [
    'no NAT',
    { nat: { ...WELL.nat, kind: 'open' } },
    [ALL_WELL[0]!, 'ok: No NAT is in front of this node.', ...ALL_WELL.slice(2)],
  ],
  [
    'no second view',
    { nat: unknown },
    [
      'warn: Only one server sees this node over IPv4: the kind of its NAT is not known. Ask the operator of the DC for a relay at another address, which is a second view.',
      ...without('NAT'),
    ],
  ],
  [
    'seen over IPv6 only',
    { nat: { kind: 'unknown', views: [{ ...VIEW, observed: '[2001:db8::2]:1' }] } },
    without('NAT'),
  ],
  ['a hard NAT', { nat: hard }, [hardSays(''), ...without('NAT')]],
  [
    'a hard NAT, and the router says why it maps nothing',
    { nat: hard, portMapping: { ...OFF, state: 'failed', reason: 'no router answers' } },
    [hardSays(' (no router answers)'), ...without('NAT')],
  ],
  [
    'a hard NAT and a port that is mapped',
    { nat: hard, portMapping: { state: 'mapped', endpoint: '198.51.100.2:7', reason: null } },
    [
      ALL_WELL[0]!,
      'ok: The router maps 198.51.100.2:7 to this node: peers reach it there.',
      ...ALL_WELL.slice(2),
    ],
  ],
  [
    'a hard NAT and no IPv6',
    { nat: hard, candidates: noIpv6 },
    [hardSays(''), noIpv6Says, ...without('NAT', 'IPv6')],
  ],
  [
    'a hard NAT and punching switched off',
    { nat: hard, settings: { ...settings, punch: false } },
    [
      hardSays(''),
      'warn: Punching is switched off: behind this NAT most peers are met by a relay only. Take `"punch": false` out of ntm.transport in config.json.',
      ...without('NAT'),
    ],
  ],
  ['punching switched off where it is not needed', { settings: { ...settings, punch: false } }, ALL_WELL],
  [
    'no IPv6',
    { candidates: noIpv6 },
    [...without('IPv6'), 'ok: This machine has no public IPv6 address; IPv4 does without.'],
  ],
  [
    'private IPv6',
    { candidates: [...noIpv6, { kind: 'host', endpoint: '[fd00::2]:51820' }] },
    [...without('IPv6'), 'ok: This machine has no public IPv6 address; IPv4 does without.'],
  ],
  [
    'no relay plugin',
    { relays: [], settings: { ...settings, relays: false } },
    [
      'warn: The plugin ntm.relay is left out: who cannot be met directly is not met. Switch it on again in config.json.',
      ...without('relay'),
    ],
  ],
  [
    'no relay known',
    { relays: [] },
    [
      'warn: The DC names no relay: who cannot be met directly is not met. Ask its operator for one; `ntm dc serve --with relay` is enough.',
      ...without('relay'),
    ],
  ],
  [
    'one of two relays lost',
    { relays: [{ ...OTHER, rttMs: null }, RELAY] },
    [
      'warn: The relay at 203.0.113.11:4500 does not answer. Others are used; tell its operator.',
      ...ALL_WELL,
    ],
  ],
  [
    'all relays lost',
    { relays: [SILENT, SILENT] },
    ['warn: No relay answers. Ask their operator; who can be met directly still is.', ...without('relay')],
  ],
  [
    'the nearer of two relays has no room',
    { relays: [{ ...RELAY, isRefusing: true }, OTHER] },
    [
      'warn: The relay at 203.0.113.10:4500 has no slot for this node. Others are used; tell its operator.',
      ...ALL_WELL.map(line => line.replace('12.3', '30.0')),
    ],
  ],
  [
    'no relay has room, at whatever address it answers',
    {
      relays: [
        { ...RELAY, isRefusing: true },
        { ...SILENT, endpoint: '[2001:db8::10]:4500' },
      ],
    },
    [
      'warn: No relay has a slot for this node. Ask their operator; who can be met directly still is.',
      ...without('relay'),
    ],
  ],
  [
    'relay-only and no relay',
    { relays: [], settings: relayOnly },
    [
      'bad: The DC names no relay: who cannot be met directly is not met. Ask its operator for one; `ntm dc serve --with relay` is enough.',
      ...without('relay', 'IPv6'),
    ],
  ],
  [
    'relay-only, and peers by a relay',
    { settings: relayOnly, peers: { direct: 0, relay: 3, down: 0 } },
    [...without('IPv6'), 'ok: 3 of 3 peers met by a relay, as relay-only asks.'],
  ],
  [
    'peers by a relay',
    { peers: { direct: 2, relay: 1, down: 0 } },
    [...ALL_WELL, 'ok: 1 of 3 peers met by a relay; `ntm peers` tells why.'],
  ],
]

describe('the doctor', () => {
  test.each(rows)('%s', (_, condition, lines) => {
    expect(findingsOf({ ...WELL, ...condition }).map(said)).toEqual(lines)
  })

  test('gives advice with everything that is not well, in whole sentences', () => {
    for (const [, condition] of rows)
      for (const { level, what, do: advice } of findingsOf({ ...WELL, ...condition })) {
        expect(advice === '').toBe(level === 'ok')
        for (const words of [what, ...(advice === '' ? [] : [advice])])
          expect(words).toMatch(/^[A-Z0-9].*\.$/)
      }
  })
})
