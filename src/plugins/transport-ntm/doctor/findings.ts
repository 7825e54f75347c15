/**
 * What is wrong with this node's network and what to do about it, from what the node knows of it. Each finding says
 * both in a sentence; what works is said as well, so that nobody looks for the fault there. Bad is what keeps this
 * node from meeting anybody new; a warning costs a direct path to some, or the relay as the last way to all.
 */
import type { NatKind } from '../path/control.ts'
import { NAT_DOES } from '../path/nat-words.ts'
import { isPublicAddress } from '../path/plausible.ts'
import type { Candidate } from '../signalling/candidates.ts'
import type { DcState } from '../signalling/outputs.ts'

export interface Finding {
  readonly level: 'ok' | 'warn' | 'bad'
  readonly what: string
  /** Empty where nothing needs to be done. */
  readonly do: string
}

/** Places as text, `HOST:PORT`. */
export interface Condition {
  readonly dc: {
    /** `none`: this home has no coordinator. */
    readonly state: DcState | 'none'
    readonly address: string | null
    readonly rttMs: number | null
    /** Its no, and what to do about it. */
    readonly refusal: { readonly message: string; readonly hint: string } | null
  }
  readonly nat: {
    readonly kind: NatKind
    readonly views: readonly { readonly server: string; readonly observed: string }[]
  }
  readonly candidates: readonly { readonly kind: Candidate['kind']; readonly endpoint: string }[]
  readonly portMapping: {
    readonly state: 'off' | 'seeking' | 'mapped' | 'failed'
    readonly endpoint: string | null
    readonly reason: string | null
  }
  readonly relays: readonly {
    readonly relay: string
    readonly endpoint: string
    readonly rttMs: number | null
    readonly observed: string | null
  }[]
  /** Whether the DC or a relay is spoken to through TCP. */
  readonly isOverTcp: boolean
  /** Whether UDP was asked meanwhile, and waited for, in vain. */
  readonly isUdpBlocked: boolean
  /** The largest IP packet that a path from here has been shown to carry. */
  readonly mtu: number
  readonly peers: { readonly direct: number; readonly relay: number; readonly down: number }
  readonly settings: {
    /** Whether the plugin for relays is loaded. */
    readonly relays: boolean
    readonly relayOnly: boolean
    readonly punch: boolean
  }
}

const good = (what: string): Finding => ({ level: 'ok', what, do: '' })
const warning = (what: string, what2do: string): Finding => ({ level: 'warn', what, do: what2do })
const bad = (what: string, what2do: string): Finding => ({ level: 'bad', what, do: what2do })

/** `203.0.113.7` of `203.0.113.7:4500`, `2001:db8::1` of `[2001:db8::1]:4500`. */
const hostOf = (place: string): string => place.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
const isIpv6 = (place: string): boolean => hostOf(place).includes(':')

/** It counts as registered until a keepalive, which may be minutes off, is not answered: only an answer now says that it is there. */
const answers = ({ state, rttMs }: Condition['dc']): boolean => state === 'up' && rttMs !== null

const judgeDc = ({ dc, relays, candidates }: Condition): Finding => {
  const { state, address, refusal } = dc
  if (state === 'none')
    return warning(
      'No DC is set for this home: only people reached before are found.',
      'Put its join string under `dc` of ntm.transport in config.json.',
    )
  if (refusal !== null) return bad(asSentence(refusal.message), asSentence(refusal.hint))
  if (answers(dc)) return good(`The DC at ${address} answers.`)
  if (!candidates.some(({ kind }) => kind === 'host'))
    return bad('This machine has no network address.', 'Connect it to a network.')
  if (relays.some(({ rttMs }) => rttMs !== null))
    return bad(
      `The DC at ${address} does not answer, though relays do.`,
      'Ask its operator whether it runs; who was reached before is found without it.',
    )
  if (relays.length > 0)
    return bad(
      `Neither the DC at ${address} nor any relay answers.`,
      'See whether this network leads to the Internet and lets UDP out, or TCP to port 443.',
    )
  return bad(
    `The DC at ${address} does not answer.`,
    'Check its address, whether it runs, and whether this network lets UDP out.',
  )
}

const judgeUdp = ({ isOverTcp, isUdpBlocked }: Condition): readonly Finding[] => {
  if (!isOverTcp) return []
  if (!isUdpBlocked)
    return [
      warning(
        'A server that did not answer by UDP is spoken to through TCP.',
        'Look again in a few seconds: UDP is being asked.',
      ),
    ]
  return [
    warning(
      'No answer comes by UDP: servers are spoken to through TCP, and peers are met by a relay only.',
      'Let this network’s firewall pass UDP, or try another network.',
    ),
  ]
}

const judgeNat = ({ nat, portMapping, candidates }: Condition): readonly Finding[] => {
  const views = nat.views.filter(({ observed }) => !isIpv6(observed))
  const mapped = portMapping.endpoint
  if (portMapping.state === 'mapped' && mapped !== null)
    return [good(`The router maps ${mapped} to this node: peers reach it there.`)]
  if (nat.kind === 'open') return [good('No NAT is in front of this node.')]
  if (nat.kind === 'easy') return [good(`The NAT ${NAT_DOES.easy} for this node: direct paths should open.`)]
  if (nat.kind === 'hard') {
    const why = portMapping.reason === null ? '' : ` (${portMapping.reason})`
    return [
      warning(
        `The NAT ${NAT_DOES.hard}, and the router maps none${why}.`,
        `Switch on PCP, NAT-PMP or UPnP in the router, or forward UDP port ${portIn(candidates)} to this machine.`,
      ),
    ]
  }
  if (views.length !== 1) return []
  return [
    warning(
      'Only one server sees this node over IPv4: the kind of its NAT is not known.',
      'Ask the operator of the DC for a relay at another address, which is a second view.',
    ),
  ]
}

/** Where this node listens. */
const portIn = (candidates: Condition['candidates']): string =>
  candidates.find(({ kind }) => kind === 'host')?.endpoint.match(/\d+$/)?.[0] ?? 'of this node'

const judgePunching = ({ nat, settings }: Condition): readonly Finding[] =>
  nat.kind !== 'hard' || settings.punch || settings.relayOnly
    ? []
    : [
        warning(
          'Punching is switched off: behind this NAT most peers are met by a relay only.',
          'Take `"punch": false` out of ntm.transport in config.json.',
        ),
      ]

const judgeRelays = ({ dc, relays, settings }: Condition): readonly Finding[] => {
  const needed = settings.relayOnly ? bad : warning
  if (!settings.relays)
    return [
      needed(
        'The plugin ntm.relay is left out: who cannot be met directly is not met.',
        'Switch it on again in config.json.',
      ),
    ]
  if (relays.length === 0)
    return !answers(dc)
      ? []
      : [
          needed(
            'The DC names no relay: who cannot be met directly is not met.',
            'Ask its operator for one; `ntm dc serve --with relay` is enough.',
          ),
        ]
  // A relay answers if it does at one of its addresses: not everybody has both families.
  const answering = new Set(relays.flatMap(({ relay, rttMs }) => (rttMs === null ? [] : [relay])))
  const silent = relays.filter(
    ({ relay }, at) => !answering.has(relay) && relays.findIndex(each => each.relay === relay) === at,
  )
  const least = Math.min(...relays.flatMap(({ rttMs }) => rttMs ?? []))
  if (answering.size === 0)
    return !answers(dc)
      ? []
      : [needed('No relay answers.', 'Ask their operator; who can be met directly still is.')]
  return [
    good(`The nearest relay is ${least.toFixed(1)} ms away.`),
    ...silent.map(({ endpoint }) =>
      warning(`The relay at ${endpoint} does not answer.`, 'Others are used; tell its operator.'),
    ),
  ]
}

const judgeIpv6 = ({ candidates, nat, settings }: Condition): readonly Finding[] => {
  if (settings.relayOnly) return []
  const has = candidates.some(({ endpoint }) => isIpv6(endpoint) && isPublicAddress(hostOf(endpoint)))
  if (has) return [good('This machine has a public IPv6 address.')]
  if (nat.kind === 'unknown') return []
  if (nat.kind !== 'hard') return [good('This machine has no public IPv6 address; IPv4 does without.')]
  return [
    warning(
      'This machine has no public IPv6 address, which would need no luck with NATs.',
      'Ask your provider for IPv6, or switch it on in the router.',
    ),
  ]
}

const judgePeers = ({ peers, settings }: Condition): readonly Finding[] => {
  const { direct, relay } = peers
  if (relay === 0) return []
  const ofAll = `${relay} of ${direct + relay} peers`
  return settings.relayOnly
    ? [good(`${ofAll} met by a relay, as relay-only asks.`)]
    : [good(`${ofAll} met by a relay; \`ntm peers\` tells why.`)]
}

/** A message begins small and ends without a stop. */
const asSentence = (words: string): string =>
  words === '' ? '' : `${words.charAt(0).toUpperCase()}${words.slice(1)}.`

/** The worst first. */
export const findingsOf = (condition: Condition): readonly Finding[] => {
  const found = [
    judgeDc(condition),
    ...judgeUdp(condition),
    ...judgeNat(condition),
    ...judgePunching(condition),
    ...judgeRelays(condition),
    ...judgeIpv6(condition),
    ...judgePeers(condition),
  ]
  return (['bad', 'warn', 'ok'] as const).flatMap(level => found.filter(each => each.level === level))
}
