/**
 * By which name record each device was reached: said in the hello, so that whoever signed it can tell when others
 * were told something else (SPEC.md §3). Only the newest are remembered; nothing depends on the rest.
 */
import type { TunnelKey } from '../../events/ids.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'

const RECORDS_MAX = 1_024

export class RecordsUsed {
  /** Record hashes, oldest first. */
  readonly #hashes = new Map<TunnelKey, Uint8Array>()

  note({
    devices,
    hash,
  }: Pick<SignedNameRecord, 'hash'> & { devices: readonly { tunnelKey: TunnelKey }[] }): void {
    for (const { tunnelKey } of devices) {
      this.#hashes.delete(tunnelKey)
      this.#hashes.set(tunnelKey, hash)
    }
    for (const oldest of this.#hashes.keys()) {
      if (this.#hashes.size <= RECORDS_MAX) break
      this.#hashes.delete(oldest)
    }
  }

  hashFor(device: TunnelKey): Uint8Array | undefined {
    return this.#hashes.get(device)
  }
}
