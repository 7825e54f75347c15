/** The last things that happened on one connection, put into words only when somebody asks. */
import { has } from './end.ts'
import { ACK, FIN, RST, type Seen, SYN } from './wire.ts'

const KEPT = 60

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [SYN, 'S'],
  [FIN, 'F'],
  [RST, 'R'],
  [ACK, '.'],
]

export type Doing = 'sends' | 'hears' | 'is tricked by'

interface Moment {
  readonly atMs: number
  readonly side: 0 | 1
  readonly does: Doing
  readonly seen: Seen
}

const told = ({ atMs, side, does, seen }: Moment): string => {
  const flags = FLAG_NAMES.map(([flag, name]) => (has(seen, flag) ? name : '')).join('')
  const sacks = seen.sacks.map(([from, to]) => ` sack ${from}-${to}`).join('')
  const stamps = seen.stamp === undefined ? '' : ` ts ${seen.stamp.value} ${seen.stamp.echo}`
  const stands = `${flags} ${seen.seq}+${seen.payload.length} ack ${seen.ack} win ${seen.window}`
  const options = has(seen, SYN) ? ` mss ${seen.mss} scale ${seen.scale} sackok ${seen.sackPermitted}` : ''
  const ports = `${seen.fromPort}>${seen.toPort}`
  return `${atMs.toFixed(3)} ${side === 0 ? 'A' : 'B'} ${does} ${ports} ${stands}${options}${stamps}${sacks}`
}

export class Tail {
  readonly #moments: (Moment | string)[] = []

  add(moment: Moment | string): void {
    this.#moments.push(moment)
    if (this.#moments.length > 2 * KEPT) this.#moments.splice(0, KEPT)
  }

  toString(): string {
    return this.#moments.map(moment => (typeof moment === 'string' ? moment : told(moment))).join('\n')
  }
}
