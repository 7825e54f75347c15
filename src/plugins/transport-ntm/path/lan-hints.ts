/**
 * What lets people who know each other's keys recognise an announcement on their LAN, and tells everybody else
 * nothing: of each pair a few bytes that only the two can compute, for one instance alone, among as many bytes of
 * chance as it takes to hide their number. So a stranger's announcement makes nobody call anybody, and a call does
 * not betray who is in whose contact book.
 */
import { idToBytes, type TunnelKey } from '../../../events/ids.ts'
import type { Keys, Random } from '../../../kernel/api/index.ts'
import { labelledHash } from '../../../wire/hash.ts'

const PAIR_LABEL = 'ntm.lan.pair.1'
const HINT_LABEL = 'ntm.lan.hint.1'
const HINT_BYTES = 4
export const HINTS_MAX = 60
export const HINTS_BYTES = HINTS_MAX * HINT_BYTES
/** Secrets that are kept, each of which costs an exchange of keys. */
const PAIRS_MAX = 1_024

export class LanHints {
  readonly #keys: Pick<Keys, 'agree'>
  /** In order of last use. */
  readonly #pairs = new Map<TunnelKey, Uint8Array>()

  constructor(keys: Pick<Keys, 'agree'>) {
    this.#keys = keys
  }

  /** The hints of an own announcement, for at most 60 devices. */
  write(instance: string, devices: readonly TunnelKey[], random: Random): Uint8Array {
    const hints = new Uint8Array(random.bytes(HINTS_BYTES))
    for (const [at, device] of devices.slice(0, HINTS_MAX).entries())
      hints.set(this.#hintFor(device, instance), at * HINT_BYTES)
    return hints
  }

  /** Those of `devices` who may be behind an announcement; by chance also another, once in seventy million. */
  read(instance: string, hints: Uint8Array, devices: readonly TunnelKey[]): readonly TunnelKey[] {
    const view = new DataView(hints.buffer, hints.byteOffset, hints.length)
    const heard = new Set<number>()
    for (let at = 0; at + HINT_BYTES <= hints.length; at += HINT_BYTES) heard.add(view.getUint32(at))
    return devices.filter(device => {
      const hint = this.#hintFor(device, instance)
      return heard.has(new DataView(hint.buffer, hint.byteOffset, HINT_BYTES).getUint32(0))
    })
  }

  #hintFor(device: TunnelKey, instance: string): Uint8Array {
    return labelledHash(HINT_LABEL, this.#pairWith(device), Buffer.from(instance, 'hex')).subarray(
      0,
      HINT_BYTES,
    )
  }

  #pairWith(device: TunnelKey): Uint8Array {
    const pair = this.#pairs.get(device) ?? this.#keys.agree(PAIR_LABEL, idToBytes(device))
    this.#pairs.delete(device)
    this.#pairs.set(device, pair)
    const [oldest] = this.#pairs.keys()
    if (this.#pairs.size > PAIRS_MAX) this.#pairs.delete(oldest!)
    return pair
  }
}
