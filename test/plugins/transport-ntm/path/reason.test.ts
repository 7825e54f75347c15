/** What a person is told about the way packets go: short, and true of the two NATs and of the settings. */
import { describe, expect, test } from 'vitest'
import {
  type Circumstances,
  causeOfSwitch,
  type PathCause,
  reasonOf,
  SOUGHT,
} from '../../../../src/plugins/transport-ntm/path/reason.ts'

const AROUND: Circumstances = {
  nowMs: 100_000,
  ownNat: () => 'unknown',
  peerNat: 'unknown',
  relayOnly: false,
  isPeerHidden: false,
  mayPunch: true,
  isSuspect: false,
  isOverTcp: false,
}
const RELAYED: PathCause = { kind: 'relayed' }
const ANSWERED: PathCause = { kind: 'answered' }
const easy = () => 'easy' as const
const hard = () => 'hard' as const

describe('the reason', () => {
  const told: readonly (readonly [PathCause, Partial<Circumstances>, string])[] = [
    [SOUGHT, {}, 'it is being looked for'],
    [{ kind: 'given-up' }, {}, 'nobody answers'],
    [ANSWERED, {}, 'it answered first'],
    [ANSWERED, { ownNat: hard, mayPunch: false }, 'it answered first'],
    [{ kind: 'faster' }, {}, 'it is clearly faster than the one before'],
    [{ kind: 'replaced' }, {}, 'it answered when the one before did not'],
    [ANSWERED, { isSuspect: true }, 'it has fallen silent and is being asked'],
    [{ kind: 'silent', sinceMs: 99_300 }, {}, 'the direct path fell silent 700 ms ago'],
    [{ kind: 'silent', sinceMs: 88_000 }, {}, 'the direct path fell silent 12 s ago'],
    [{ kind: 'silent', sinceMs: -500_000 }, {}, 'the direct path fell silent 10 min ago'],
    [{ kind: 'silent', sinceMs: -9_000_000 }, {}, 'the direct path fell silent 3 h ago'],
    [RELAYED, {}, 'no direct path has answered yet'],
    [RELAYED, { relayOnly: true, ownNat: hard, peerNat: 'hard' }, 'relay-only is set here'],
    [RELAYED, { isPeerHidden: true }, 'relay-only is set at the other side'],
    [RELAYED, { isOverTcp: true }, 'over TCP: the relay has not answered by UDP'],
    [{ kind: 'silent', sinceMs: 0 }, { isOverTcp: true }, 'over TCP: the relay has not answered by UDP'],
    [RELAYED, { isOverTcp: true, relayOnly: true }, 'relay-only is set here'],
    [RELAYED, { isOverTcp: true, isPeerHidden: true }, 'relay-only is set at the other side'],
    [RELAYED, { ownNat: hard, peerNat: 'hard' }, 'both NATs give every flow another port'],
    [
      RELAYED,
      { ownNat: hard, peerNat: 'easy' },
      'no direct path has answered yet: here a NAT that gives every flow another port, there a NAT that keeps one port',
    ],
    [
      RELAYED,
      { ownNat: easy, peerNat: 'hard', mayPunch: false },
      'punching is switched off: here a NAT that keeps one port, there a NAT that gives every flow another port',
    ],
    [RELAYED, { peerNat: 'open' }, 'no direct path has answered yet: there no NAT'],
    [
      RELAYED,
      { ownNat: easy, mayPunch: false },
      'no direct path has answered yet: here a NAT that keeps one port',
    ],
  ]
  test.each(told)('%j, %j: %s', (cause, around, words) => {
    expect(reasonOf(cause, { ...AROUND, ...around })).toBe(words)
  })
})

describe('what led to a switch', () => {
  const [relay, direct] = [{ isRelay: true }, { isRelay: false }]
  const silent: PathCause = { kind: 'silent', sinceMs: 7 }
  const switched: readonly (readonly [string, ...Parameters<typeof causeOfSwitch>, PathCause])[] = [
    ['the first path', SOUGHT, undefined, direct, false, undefined, ANSWERED],
    ['a relay first', SOUGHT, undefined, relay, false, undefined, RELAYED],
    ['up from a relay', silent, relay, direct, true, undefined, ANSWERED],
    ['a better one', ANSWERED, direct, direct, true, undefined, { kind: 'faster' }],
    ['another, in doubt', ANSWERED, direct, direct, false, undefined, { kind: 'replaced' }],
    ['down to a relay', ANSWERED, direct, relay, false, 7, silent],
    ['a silent relay', RELAYED, relay, relay, false, 7, RELAYED],
    ['another relay, later', silent, relay, relay, false, 90, silent],
  ]
  test.each(switched)('%s', (_, was, before, to, isTrusted, sinceMs, cause) => {
    expect(causeOfSwitch(was, before, to, isTrusted, sinceMs)).toEqual(cause)
  })
})
