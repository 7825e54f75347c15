/**
 * How often those who are not registered may make the coordinator check a signature, which is by far the dearest
 * thing that they can ask for (about 0.35 ms): a little for each tunnel key, more for each network that they come
 * from, since thousands may live behind one address. Words that were verified before cost nothing here.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { sourceNetwork } from '../tunnel/endpoint.ts'
import { SourceLimiter } from '../tunnel/load.ts'
import { CHECKS_PER_KEY, CHECKS_PER_SOURCE } from './limits.ts'

export class Door {
  readonly #keys = new SourceLimiter(CHECKS_PER_KEY)
  readonly #sources = new SourceLimiter(CHECKS_PER_SOURCE)

  /** Whether one more signature may be checked for this key from there. */
  opensTo(key: TunnelKey, from: UdpEndpoint, nowMs: number): boolean {
    return this.#keys.allows(key, nowMs) && this.#sources.allows(sourceNetwork(from.address), nowMs)
  }
}
