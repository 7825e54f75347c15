/**
 * What the laboratory asks of the program beyond what this build can do. A cell or scenario names its needs; those
 * whose needs are awaited are left out, and one line says so. Whoever brings a part takes it off the list below.
 * `NTM_LAB_ALL=1` runs everything, whatever is awaited.
 */
export type Need =
  /** Meeting somebody through NATs on both sides, and moving. */
  | 'paths'
  /** Meeting somebody whose router gives each destination another port, from behind a router of one's own. */
  | 'hard NATs'
  /** `dc serve --with relay`. */
  | 'relay'
  /** `relay serve` on hosts of their own. */
  | 'relay hosts'
  /** Relaying where no UDP passes. */
  | 'relay without UDP'
  /** One coordinator, and its relay, for IPv4 and IPv6. */
  | 'both families'

const AWAITED: readonly Need[] = []

const runsAll = process.env.NTM_LAB_ALL === '1'

export const awaitedOf = (needs: readonly Need[]): readonly Need[] =>
  runsAll ? [] : needs.filter(need => AWAITED.includes(need))

/** Those that this build can be asked for; tells on one line how many wait for what. */
export function runnable<T extends { readonly needs: readonly Need[] }>(
  what: string,
  all: readonly T[],
): T[] {
  const waiting = all.filter(({ needs }) => awaitedOf(needs).length > 0)
  const reasons = [...new Set(waiting.flatMap(({ needs }) => awaitedOf(needs)))]
  if (waiting.length > 0)
    console.log(
      `${what}: ${waiting.length} of ${all.length} wait for ${reasons.join(', ')} (test/lab/needs.ts)`,
    )
  return all.filter(one => !waiting.includes(one))
}
