/**
 * Which of the proved paths carries. Direct beats a relay at once; among equals a path is left only for one that is
 * clearly better several times in a row, so that two good paths do not take turns.
 */
import { BETTER_BY_MS, BETTER_BY_SHARE, BETTER_TIMES, IPV6_BONUS_MS } from './limits.ts'
import type { Path } from './path.ts'

const isIpv6 = ({ endpoint }: Path): boolean => endpoint.address.includes(':')

/** Milliseconds, less what its kind is given in advance. */
const cost = (path: Path): number =>
  (path.srttMs ?? Number.MAX_SAFE_INTEGER) - (isIpv6(path) ? IPV6_BONUS_MS : 0)

const isPreferred = (one: Path, other: Path): boolean =>
  one.isRelay === other.isRelay ? cost(one) < cost(other) : other.isRelay

const isClearlyBetter = (path: Path, inUse: Path): boolean => {
  const gainMs = cost(inUse) - cost(path)
  return gainMs >= BETTER_BY_MS && gainMs >= BETTER_BY_SHARE * (inUse.srttMs ?? 0)
}

/** A path was measured once more: how often in a row has it been clearly better than the one in use? */
export const compareWith = (inUse: Path, path: Path): void => {
  path.betterTimes = isClearlyBetter(path, inUse) ? path.betterTimes + 1 : 0
}

/** The path to use from now on; undefined when none is proved. `inUse` counts only while it is trusted. */
export const choosePath = (
  paths: readonly Path[],
  inUse: Path | undefined,
  nowMs: number,
): Path | undefined => {
  let best: Path | undefined
  for (const path of paths) {
    if (path === inUse || !path.isValid(nowMs) || path.isMissed(nowMs)) continue
    if (best === undefined || isPreferred(path, best)) best = path
  }
  if (inUse === undefined || best === undefined) return inUse ?? best
  if (inUse.isRelay !== best.isRelay) return inUse.isRelay ? best : inUse
  if (best.betterTimes < BETTER_TIMES) return inUse
  best.betterTimes = 0
  return best
}
