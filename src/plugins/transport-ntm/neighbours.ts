/**
 * The other ends of all tunnels, by key for what comes out of a tunnel and by virtual address for what goes into one.
 * Packets come in runs for one of them, so the one found last is looked at first.
 */
import { type Observable, Subject } from 'rxjs'
import type { TunnelKey } from '../../events/ids.ts'
import { Neighbour } from './neighbour.ts'
import { sameAddress, type VirtualAddress } from './net/address.ts'
import type { TunnelPeer } from './tunnel/peer.ts'

const keyOf = (address: VirtualAddress): string => Buffer.from(address).toString('latin1')

export class Neighbours {
  readonly #byKey = new Map<TunnelKey, Neighbour>()
  readonly #byAddress = new Map<string, Neighbour>()
  #last: Neighbour | undefined
  readonly #mtuChanges = new Subject<Neighbour>()
  /** Says whose `mtuBytes` is another one now. */
  readonly mtuChanged$: Observable<Neighbour> = this.#mtuChanges.asObservable()

  get size(): number {
    return this.#byKey.size
  }

  /** Of those that are here for a while only. */
  get oldestGuest(): Neighbour | undefined {
    for (const neighbour of this.#byKey.values()) if (neighbour.peer.transient) return neighbour
    return undefined
  }

  /** The one at the other end of this tunnel, from now on that of its key. */
  of(peer: TunnelPeer): Neighbour {
    const known = this.#byKey.get(peer.id)
    if (known?.peer === peer) return known
    const made = new Neighbour(peer)
    this.#byKey.set(peer.id, made)
    this.#byAddress.set(keyOf(made.address), made)
    this.#last = undefined
    return made
  }

  at(address: VirtualAddress): Neighbour | undefined {
    const last = this.#last
    if (last !== undefined && sameAddress(last.address, address)) return last
    const found = this.#byAddress.get(keyOf(address))
    if (found !== undefined) this.#last = found
    return found
  }

  /** False: it was so already. */
  setMtu(neighbour: Neighbour, bytes: number): boolean {
    if (neighbour.mtuBytes === bytes) return false
    neighbour.mtuBytes = bytes
    this.#mtuChanges.next(neighbour)
    return true
  }

  /** Undefined: there is another tunnel to this one's key, or none. */
  remove(peer: TunnelPeer): Neighbour | undefined {
    const neighbour = this.#byKey.get(peer.id)
    if (neighbour?.peer !== peer) return undefined
    this.#byKey.delete(peer.id)
    this.#byAddress.delete(keyOf(neighbour.address))
    this.#last = undefined
    return neighbour
  }
}
