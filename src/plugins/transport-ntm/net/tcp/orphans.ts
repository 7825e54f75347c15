/**
 * Connections that nobody holds any more: what was written still arrives, and the peer has time to finish. A peer that
 * does neither would gather them, so there are only so many, and the oldest is reset for one more: an honest peer is done
 * in a few round trips, and does not have the oldest.
 */
import type { VirtualAddress } from '../address.ts'
import { sameAddress } from '../address.ts'
import type { Connection } from './connection.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { ORPHAN_BYTES_MAX, ORPHANS_MAX, ORPHANS_PER_PEER } from './limits.ts'

export class Orphans {
  /** In the order in which they were forsaken. */
  readonly #orphans = new Set<Connection>()
  readonly #counts = new ConnectionCounts()

  get size(): number {
    return this.#orphans.size
  }

  add(connection: Connection): void {
    this.#orphans.add(connection)
    this.#counts.came(connection.remote)
    if (this.#counts.countOf(connection.remote) > ORPHANS_PER_PEER) this.#oldestOf(connection.remote)?.abort()
    let heldBytes = 0
    for (const { outgoing } of this.#orphans) heldBytes += outgoing.queue.heldBytes
    for (const oldest of this.#orphans) {
      if (this.#orphans.size <= ORPHANS_MAX && heldBytes <= ORPHAN_BYTES_MAX) return
      heldBytes -= oldest.outgoing.queue.heldBytes
      oldest.abort()
    }
  }

  /** It has ended, or was none. */
  remove(connection: Connection): void {
    if (this.#orphans.delete(connection)) this.#counts.left(connection.remote)
  }

  #oldestOf(remote: VirtualAddress): Connection | undefined {
    for (const orphan of this.#orphans) if (sameAddress(orphan.remote, remote)) return orphan
    return undefined
  }
}
