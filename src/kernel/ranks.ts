/**
 * The order in which plugins are set up and started: needs first, and side by side where nothing stands between.
 * A plugin stands behind what it only wants as well, unless that would close a circle.
 */
export interface Ranked {
  readonly id: string
  /** Token ids. */
  readonly needs: readonly string[]
  readonly wants: readonly string[]
  readonly provides: readonly string[]
}

export interface Ranking<T extends Ranked> {
  readonly ranks: readonly (readonly T[])[]
  /** Plugins that need each other in a circle, each with the circle as `a needs b needs a`. */
  readonly circles: ReadonlyMap<string, string>
}

/** A need that nobody provides does not hold a plugin back here; it is refused when its turn comes. */
export const rank = <T extends Ranked>(plugins: readonly T[]): Ranking<T> => {
  const providers = new Map(plugins.flatMap(plugin => plugin.provides.map(token => [token, plugin] as const)))
  const ranks: T[][] = []
  const circles = new Map<string, string>()
  let rest = [...plugins]
  const waits = (tokens: readonly string[]): boolean =>
    tokens.some(token => rest.includes(providers.get(token) as T))

  while (rest.length > 0) {
    const willing = rest.filter(({ needs, wants }) => !waits(needs) && !waits(wants))
    const able = willing.length > 0 ? willing : rest.filter(({ needs }) => !waits(needs)).slice(0, 1)
    if (able.length > 0) {
      ranks.push(able)
      rest = rest.filter(plugin => !able.includes(plugin))
      continue
    }
    const circle = findCircle(rest, providers)
    const said = [...circle, circle[0]].map(plugin => plugin?.id).join(' needs ')
    for (const { id } of circle) circles.set(id, said)
    rest = rest.filter(plugin => !circle.includes(plugin))
  }
  return { ranks, circles }
}

/** Each of `rest` needs another of `rest`, so that following the needs must come back to where it was. */
const findCircle = <T extends Ranked>(
  rest: readonly T[],
  providers: ReadonlyMap<string, T>,
): readonly T[] => {
  const walked: T[] = []
  let next = rest[0]
  while (next && !walked.includes(next)) {
    walked.push(next)
    next = next.needs.map(token => providers.get(token)).find(provider => provider && rest.includes(provider))
  }
  return next ? walked.slice(walked.indexOf(next)) : walked
}
