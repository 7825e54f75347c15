/**
 * Why packets to a peer go the way they do, in one short sentence for a person. The machine of the paths says what
 * happened; which NATs are in front of the two, and what the settings forbid, says why it could not be otherwise.
 */
import type { NatKind } from './control.ts'
import { BOTH_HARD, NAT_DOES, NO_NAT } from './nat-words.ts'
import type { Path } from './path.ts'

/** What led to the path in use, or to there being none. */
export type PathCause =
  /** A tunnel is being opened. */
  | { readonly kind: 'sought' }
  /** Nobody answered for as long as it takes to give up. */
  | { readonly kind: 'given-up' }
  /** This direct path was the first to be proved. */
  | { readonly kind: 'answered' }
  /** It took the place of another direct one, which was worse, or was not known to lead there any more. */
  | { readonly kind: 'faster' | 'replaced' }
  /** Only a relay has been proved so far. */
  | { readonly kind: 'relayed' }
  /** A relay took over; the direct path has been silent since then, monotonic ms. */
  | { readonly kind: 'silent'; readonly sinceMs: number }

export const SOUGHT: PathCause = { kind: 'sought' }

/**
 * The cause from now on, when another path is taken. `isTrusted`: the one before leads there, too; `silentSinceMs`: since
 * when it has not answered, if that is why.
 */
export const causeOfSwitch = (
  was: PathCause,
  before: Pick<Path, 'isRelay'> | undefined,
  to: Pick<Path, 'isRelay'>,
  isTrusted: boolean,
  silentSinceMs: number | undefined,
): PathCause => {
  if (!to.isRelay) {
    if (before === undefined || before.isRelay) return { kind: 'answered' }
    return { kind: isTrusted ? 'faster' : 'replaced' }
  }
  if (before?.isRelay === false && silentSinceMs !== undefined)
    return { kind: 'silent', sinceMs: silentSinceMs }
  return was.kind === 'silent' ? was : { kind: 'relayed' }
}

export interface Circumstances {
  readonly nowMs: number
  /** What NAT is in front of this node: asked only where it matters. */
  readonly ownNat: () => NatKind
  readonly peerNat: NatKind
  /** This node, or the peer, tells nobody where it is. */
  readonly relayOnly: boolean
  readonly isPeerHidden: boolean
  readonly mayPunch: boolean
  /** What goes to the relay in use goes through TCP. */
  readonly isOverTcp: boolean
  /** The path in use has missed an answer. */
  readonly isSuspect: boolean
}

const NATS: Readonly<Record<NatKind, string | undefined>> = {
  unknown: undefined,
  open: NO_NAT,
  easy: `a NAT that ${NAT_DOES.easy}`,
  hard: `a NAT that ${NAT_DOES.hard}`,
}

/** `here no NAT, there a NAT that keeps one port`, as far as it is known. */
const natsOf = (own: NatKind, peer: NatKind): string | undefined => {
  const known = [
    ['here', NATS[own]],
    ['there', NATS[peer]],
  ].filter(([, words]) => words !== undefined)
  return known.length === 0 ? undefined : known.map(words => words.join(' ')).join(', ')
}

const OVER_TCP = 'over TCP: the relay has not answered by UDP'

const whyRelayed = (around: Circumstances): string => {
  const { ownNat, peerNat, relayOnly, isPeerHidden, isOverTcp, mayPunch } = around
  if (relayOnly) return 'relay-only is set here'
  if (isPeerHidden) return 'relay-only is set at the other side'
  if (isOverTcp) return OVER_TCP
  const own = ownNat()
  if (own === 'hard' && peerNat === 'hard') return BOTH_HARD
  const nats = natsOf(own, peerNat)
  const isHard = own === 'hard' || peerNat === 'hard'
  if (isHard && !mayPunch) return `punching is switched off: ${nats}`
  return `no direct path has answered yet${nats === undefined ? '' : `: ${nats}`}`
}

/** `800 ms`, `12 s`, `5 min`, `3 h`. */
const spanText = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

export const reasonOf = (cause: PathCause, around: Circumstances): string => {
  switch (cause.kind) {
    case 'sought':
      return 'it is being looked for'
    case 'given-up':
      return 'nobody answers'
    case 'relayed':
      return whyRelayed(around)
    case 'silent':
      return around.isOverTcp
        ? OVER_TCP
        : `the direct path fell silent ${spanText(around.nowMs - cause.sinceMs)} ago`
  }
  if (around.isSuspect) return 'it has fallen silent and is being asked'
  if (cause.kind === 'faster') return 'it is clearly faster than the one before'
  return cause.kind === 'replaced' ? 'it answered when the one before did not' : 'it answered first'
}
