/**
 * The ways to one peer that are known, so many and no more. Where there are too many, the oldest that was never proved
 * makes room, whoever named it, and never a relay: it is often the only way that always works; of places that only packets have shown there are so few that they push out nothing.
 */
import { type Endpoint, sameEndpoint } from '../tunnel/endpoint.ts'
import { OBSERVED_MAX, PATHS_MAX } from './limits.ts'
import { isShownBy, Path, type PathOrigin } from './path.ts'

const NEVER = Number.NEGATIVE_INFINITY

export class PathTable {
  readonly #paths: Path[] = []

  get all(): readonly Path[] {
    return this.#paths
  }

  find(endpoint: Endpoint): Path | undefined {
    return this.#paths.find(path => sameEndpoint(path.endpoint, endpoint))
  }

  /** `inUse` stays, whatever makes room. */
  learn(endpoints: readonly Endpoint[], origin: PathOrigin, inUse: Path | undefined): void {
    for (const endpoint of endpoints) this.#findOrAdd(endpoint, origin, inUse)
  }

  /**
   * As `learn`; these are all there are: what was learnt in the same way before is forgotten, unless it has answered of
   * late. All that a peer says of its places goes for those, too, that only its packets have shown.
   */
  replace(endpoints: readonly Endpoint[], origin: PathOrigin, inUse: Path | undefined, nowMs: number): void {
    const isNamed = ({ endpoint }: Path): boolean => endpoints.some(each => sameEndpoint(each, endpoint))
    const isMeant = (path: Path): boolean =>
      path.origin === origin ||
      (origin === 'announced' && path.origin === 'observed' && path.provenMs !== NEVER)
    for (const path of [...this.#paths])
      if (isMeant(path) && path !== inUse && !path.isValid(nowMs) && !isNamed(path)) this.remove(path)
    this.learn(endpoints, origin, inUse)
  }

  /** What nothing has proved, as far as it is not in use. */
  unproved(inUse: Path | undefined): readonly Path[] {
    return this.#paths.filter(path => path.provenMs === NEVER && path !== inUse)
  }

  /** The path by which a handshake came. A channel or socket that is not known any more is closed: undefined. */
  proven(endpoint: Endpoint, inUse: Path | undefined): Path | undefined {
    return endpoint.via === undefined ? this.#findOrAdd(endpoint, 'observed', inUse) : this.find(endpoint)
  }

  /** The path that a packet came by; of those that nobody announced the one heard longest ago makes room. */
  observed(endpoint: Endpoint, inUse: Path | undefined): Path {
    const known = this.find(endpoint)
    if (known !== undefined) return known
    const others = this.unproved(inUse).filter(({ origin }) => origin === 'observed')
    if (others.length >= OBSERVED_MAX) this.remove(others.reduce((a, b) => (b.heardMs < a.heardMs ? b : a)))
    return this.#add(new Path(endpoint, 'observed'), inUse)
  }

  remove(path: Path): void {
    this.#paths.splice(this.#paths.indexOf(path), 1)
  }

  /** Besides the path in use the relay that was proved last. */
  standby(inUse: Path | undefined): Path | undefined {
    let best: Path | undefined
    for (const path of this.#paths)
      if (path.isRelay && path !== inUse && (best === undefined || path.provenMs > best.provenMs)) best = path
    return best
  }

  #findOrAdd(endpoint: Endpoint, origin: PathOrigin, inUse: Path | undefined): Path {
    const known = this.find(endpoint)
    if (known === undefined) return this.#add(new Path(endpoint, origin), inUse)
    if (isShownBy(origin)) known.isShown = true
    return known
  }

  #add(path: Path, inUse: Path | undefined): Path {
    if (this.#paths.length >= PATHS_MAX) this.#makeRoom(inUse)
    this.#paths.push(path)
    return path
  }

  #makeRoom(inUse: Path | undefined): void {
    const others = this.#paths.filter(old => old !== inUse && !old.isRelay)
    const longestAgo = (a: Path, b: Path): Path => (b.provenMs < a.provenMs ? b : a)
    if (others.length > 0) this.remove(others.reduce(longestAgo))
  }
}
