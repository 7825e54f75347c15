/**
 * Who was blocked could open no tunnel and tries ever more rarely, up to a minute apart. When the block is lifted
 * the first step is ours: the tunnel is opened from here, and what waits at its other end comes at once.
 */
import type { Contact, Peers, People } from '../../kernel/api/index.ts'

interface Parts {
  readonly people: Pick<People, 'cards' | 'contacts'>
  readonly peers: Pick<Peers, 'reach'>
}

export class BlockedPeople {
  readonly #parts: Parts
  readonly #blocked: Set<Contact['person']>

  /** Who is blocked by now. */
  constructor(parts: Parts) {
    this.#parts = parts
    const blocked = parts.people.contacts().filter(({ state }) => state === 'blocked')
    this.#blocked = new Set(blocked.map(({ person }) => person))
  }

  /** Takes in a decision; reaches for who is accepted after a block. */
  async decided({ person, state }: Contact): Promise<void> {
    const { people, peers } = this.#parts
    if (state === 'blocked') this.#blocked.add(person)
    if (state !== 'accepted' || !this.#blocked.delete(person)) return
    await Promise.all(people.cards(person).map(({ device }) => peers.reach(device)))
  }
}
