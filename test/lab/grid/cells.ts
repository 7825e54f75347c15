/**
 * The grid: who is behind what on either side, and how they can meet at best. The first of a pair calls.
 */
import { PROFILES, type Profile, type ProfileName, profile } from '../nat/profiles.ts'
import type { CellOptions } from '../people/cell.ts'
import type { Together } from '../topology/together.ts'

/**
 * D by meeting in the middle, D′ if the answer goes to the source that was seen, B by many sockets and many tries,
 * P by guessing the next port, R by a relay alone, and R? where a direct path would be luck and is as welcome.
 */
export type How = 'D' | 'D′' | 'B' | 'P' | 'R' | 'R?'

export interface GridCell {
  readonly name: string
  readonly row: string
  readonly column: string
  readonly spec: CellOptions
  readonly how: How
}

type Openness = 'open' | 'restricted' | 'cone' | 'guessable' | 'hard' | 'blocked'

const OPENNESS: Readonly<Record<ProfileName, Openness>> = {
  public: 'open',
  'full cone': 'open',
  'address-restricted': 'restricted',
  home: 'cone',
  poisonable: 'cone',
  nopreserve: 'cone',
  'CGNAT(home+home)': 'cone',
  'IPv6 firewall': 'cone',
  'block 512': 'guessable',
  sequential: 'guessable',
  'symmetric random': 'hard',
  'address-dependent': 'hard',
  'CGNAT(home+symmetric)': 'hard',
  'UDP blocked': 'blocked',
}

const ORDER: readonly Openness[] = ['open', 'restricted', 'cone', 'guessable', 'hard', 'blocked']

export function howOf(a: Profile, b: Profile): How {
  if (a.family !== b.family) return 'R'
  const pair = [OPENNESS[a.name], OPENNESS[b.name]].sort((x, y) => ORDER.indexOf(x) - ORDER.indexOf(y))
  const [easier, harder] = pair as [Openness, Openness]
  if (harder === 'blocked') return 'R'
  if (harder === 'cone' || harder === 'restricted' || harder === 'open') return 'D'
  if (easier === 'open' || easier === 'restricted') return 'D′'
  if (easier === 'cone') return harder === 'hard' ? 'B' : 'P'
  return easier === 'hard' ? 'R' : 'R?'
}

const isGuessed = (how: How): boolean => how === 'B' || how === 'P' || how === 'R?'

const pairCell = (a: Profile, b: Profile): GridCell => {
  const how = howOf(a, b)
  // From one server nobody can tell how their ports are chosen: that takes a second one.
  const relays = isGuessed(how) ? (['rs1'] as const) : []
  return { name: `${a.name} × ${b.name}`, row: a.name, column: b.name, spec: { a, b, relays }, how }
}

const togetherCell = (how: How, together: Together): GridCell => ({
  ...{ name: together, row: together, column: '', how },
  spec: { a: profile('home'), b: profile('home'), together },
})

const IPV4 = PROFILES.filter(({ family }) => family === 'ipv4')

/** Each pair once, the easier side calling; with `both`, each side calls once. */
export function gridCells({ both = false } = {}): readonly GridCell[] {
  const pairs = IPV4.flatMap((a, n) => (both ? IPV4 : IPV4.slice(n)).map(b => pairCell(a, b)))
  const firewalled = profile('IPv6 firewall')
  return [
    ...pairs,
    pairCell(firewalled, firewalled),
    pairCell(profile('home'), firewalled),
    ...(['same LAN', 'same CGN', 'hairpin'] as const).map(how => togetherCell('D', how)),
    togetherCell('R', 'no hairpin'),
  ]
}
