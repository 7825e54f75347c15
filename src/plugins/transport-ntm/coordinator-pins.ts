/**
 * What this node holds on to about coordinators: where the one of a name or domain is and which tunnel key it has,
 * and which identity was shown behind that key. Kept for good: whoever could make a pin fall out could put another
 * coordinator in its place (SPEC.md §5).
 */
import { type DeviceId, ID_BYTES, idFromBytes, idToBytes, type TunnelKey } from '../../events/ids.ts'
import type { Keyspace } from '../../kernel/api/index.ts'
import { packData, readData } from '../../wire/msgpack.ts'
import { formatJoin, type Join, parseJoin } from './signalling/join.ts'

const PLACE = 'dc-pin/'
const IDENTITY = 'dc-identity/'

export class CoordinatorPins {
  readonly #keyspace: Keyspace

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  /** The coordinator pinned for a name or a domain. */
  async placeOf(nameOrDomain: string): Promise<Join | undefined> {
    const bytes = await this.#keyspace.get(PLACE + nameOrDomain)
    const data = bytes === undefined ? undefined : readData(bytes)
    const join = data?.ok && typeof data.value === 'string' ? parseJoin(data.value) : undefined
    return join?.ok ? join.value : undefined
  }

  async pinPlace(nameOrDomain: string, join: Join): Promise<void> {
    await this.#keyspace.write([[PLACE + nameOrDomain, packData(formatJoin(join))]])
  }

  async identityOf(key: TunnelKey): Promise<DeviceId | undefined> {
    const bytes = await this.#keyspace.get(IDENTITY + key)
    return bytes?.length === ID_BYTES ? idFromBytes<DeviceId>(bytes) : undefined
  }

  async pinIdentity(key: TunnelKey, identity: DeviceId): Promise<void> {
    await this.#keyspace.write([[IDENTITY + key, idToBytes(identity)]])
  }
}
