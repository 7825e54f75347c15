/**
 * Virtual IPv4 addresses of one domain. A device keeps its address for good: it is written down before it is
 * told. Where to look for a free one follows from the device itself, so even a coordinator that lost its disk
 * mostly gives the same addresses again.
 */
import type { DeviceId, PersonId } from '../../../events/ids.ts'
import { labelledHash } from '../../../wire/hash.ts'
import { formatAddress, parseAddress } from '../../../wire/ip-address.ts'

const ADDRESS_LABEL = 'ntm.dc.ip4.1'

/** A block of addresses: base as 32 bits, and how many of them are network. */
export interface AddressBlock {
  readonly base: number
  readonly prefix: number
}

/** 198.18.0.0/15, set aside for networks that are not on the Internet (RFC 2544). */
export const DEFAULT_BLOCK: AddressBlock = { base: 0xc612_0000, prefix: 15 }

const BLOCK = /^([0-9.]+)\/(\d{1,2})$/

/**
 * A block such as `198.18.0.0/15`, or undefined: at least two addresses to give, no bits beyond the prefix.
 */
export function parseBlock(text: string): AddressBlock | undefined {
  const [, addressText, prefixText] = BLOCK.exec(text) ?? []
  const address = parseAddress(addressText ?? '')
  const prefix = Number(prefixText)
  if (!address.ok || address.value.length !== 4 || prefix < 8 || prefix > 30) return undefined
  const base = new DataView(address.value.buffer).getUint32(0)
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : undefined
}

/** Person and device, as a key. */
export const ownerKey = (person: PersonId, device: DeviceId): string => `${person}/${device}`

const textOf = (address: number): string =>
  formatAddress(
    Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff),
  )

export class Addresses {
  readonly #block: AddressBlock
  readonly #byOwner = new Map<string, number>()
  readonly #taken = new Set<number>()

  constructor(block: AddressBlock = DEFAULT_BLOCK) {
    this.#block = block
  }

  /** Addresses that can be given: neither the block's first (network) nor its last (broadcast). */
  get capacity(): number {
    return 2 ** (32 - this.#block.prefix) - 2
  }

  get size(): number {
    return this.#byOwner.size
  }

  /** Takes in an allocation that was kept; false if it is not of this block, or already another's. */
  load(owner: string, kept: Uint8Array): boolean {
    if (kept.length !== 4) return false
    const address = Buffer.from(kept.buffer, kept.byteOffset, 4).readUInt32BE()
    const offset = address - this.#block.base
    if (offset < 1 || offset > this.capacity || this.#taken.has(address)) return false
    this.#assign(owner, address)
    return true
  }

  /** The owner's address, dotted; `kept` if it is new and must be written down. Undefined: all are taken. */
  allocate(owner: string): { readonly address: string; readonly kept: Uint8Array | undefined } | undefined {
    const known = this.#byOwner.get(owner)
    if (known !== undefined) return { address: textOf(known), kept: undefined }
    if (this.#byOwner.size >= this.capacity) return undefined
    const hash = Buffer.from(labelledHash(ADDRESS_LABEL, Buffer.from(owner, 'latin1')))
    let offset = hash.readUInt32BE() % this.capacity
    while (this.#taken.has(this.#block.base + 1 + offset)) offset = (offset + 1) % this.capacity
    const address = this.#block.base + 1 + offset
    this.#assign(owner, address)
    const kept = new Uint8Array(4)
    new DataView(kept.buffer).setUint32(0, address)
    return { address: textOf(address), kept }
  }

  release(owner: string): void {
    const address = this.#byOwner.get(owner)
    if (address === undefined) return
    this.#byOwner.delete(owner)
    this.#taken.delete(address)
  }

  /** Owners that are devices of this person. */
  ownersOf(person: PersonId): readonly string[] {
    return [...this.#byOwner.keys()].filter(owner => owner.startsWith(`${person}/`))
  }

  #assign(owner: string, address: number): void {
    this.#byOwner.set(owner, address)
    this.#taken.add(address)
  }
}
