/**
 * What this device remembers of the files that it offers, beside the events that say so. An offer has no id before it is
 * said, and must not be said before all is kept that it takes to give the file away: so that is kept first, and gets its id
 * afterwards. If the power goes in between, the two find each other again by their hash.
 */
import { z } from 'zod'
import type { EventId, StreamId } from '../../events/ids.ts'
import type { Keyspace } from '../../kernel/api/index.ts'
import { rootHash } from './block-tree.ts'
import type { Offer } from './offers-view.ts'
import type { TreeShelf } from './tree-shelf.ts'

const KEPT = z.object({
  path: z.string(),
  kind: z.enum(['file', 'folder']),
  tree: z.string(),
  /** Of a file, before its hash was made. */
  stamp: z.string().optional(),
})
export type Kept = z.infer<typeof KEPT>

const BEGUN_PREFIX = 'begun/'
const BEGUN = z.object({ stream: z.string(), kept: KEPT })
const OFFERED_PREFIX = 'offered/'
const keptKey = (offer: EventId): string => OFFERED_PREFIX + offer

const toBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const fromBytes = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString())

export class OwnOffers {
  readonly #keyspace: Keyspace
  readonly #shelf: TreeShelf

  constructor(keyspace: Keyspace, shelf: TreeShelf) {
    this.#keyspace = keyspace
    this.#shelf = shelf
  }

  /** Before anything of its tree is kept. */
  begin(stream: StreamId, kept: Kept): Promise<void> {
    return this.#keyspace.write([[BEGUN_PREFIX + kept.tree, toBytes({ stream, kept })]])
  }

  /** It was said. */
  said(offer: EventId, kept: Kept): Promise<void> {
    return this.#keyspace.write([
      [keptKey(offer), toBytes(kept)],
      [BEGUN_PREFIX + kept.tree, undefined],
    ])
  }

  /** Nothing came of it. */
  async drop(tree: string): Promise<void> {
    await this.#shelf.forget(tree)
    await this.#keyspace.write([[BEGUN_PREFIX + tree, undefined]])
  }

  async kept(offer: EventId): Promise<Kept | undefined> {
    const bytes = await this.#keyspace.get(keptKey(offer))
    return bytes && KEPT.parse(fromBytes(bytes))
  }

  async forget(offer: EventId): Promise<void> {
    const kept = await this.kept(offer)
    if (kept === undefined) return
    await this.#shelf.forget(kept.tree)
    await this.#keyspace.write([[keptKey(offer), undefined]])
  }

  /** After a start. What was begun and said gets its id, and nothing is left of what was not, or has arrived. */
  async recover(own: readonly Offer[]): Promise<void> {
    const done = new Set(own.filter(({ state }) => state === 'done').map(({ id }) => OFFERED_PREFIX + id))
    const over: EventId[] = []
    for await (const [key] of this.#keyspace.list(OFFERED_PREFIX))
      if (done.has(key)) over.push(key.slice(OFFERED_PREFIX.length) as EventId)
    for (const offer of over) await this.forget(offer)
    const begun: z.infer<typeof BEGUN>[] = []
    for await (const [, bytes] of this.#keyspace.list(BEGUN_PREFIX)) begun.push(BEGUN.parse(fromBytes(bytes)))
    for (const { stream, kept } of begun) {
      const offer = await this.#saidAs(own, stream, kept.tree)
      await (offer === undefined ? this.drop(kept.tree) : this.said(offer.id, kept))
    }
  }

  async #saidAs(own: readonly Offer[], stream: string, tree: string): Promise<Offer | undefined> {
    const nodes = await this.#shelf.nodes(tree)
    if (nodes === undefined) return undefined
    for (const offer of own) {
      const isOpen = offer.stream === stream && offer.state !== 'done'
      if (!isOpen || offer.hash !== Buffer.from(rootHash(offer.bytes, nodes)).toString('hex')) continue
      if ((await this.kept(offer.id)) === undefined) return offer
    }
    return undefined
  }
}
